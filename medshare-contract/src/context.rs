//! The block and the transaction that a rule decides on.

use medshare_types::genesis::ChainParameters;
use medshare_types::{
    ChainId, Denial, Epoch, Height, Nonce, OrganisationId, PersonId, Principal, Timestamp,
    TransactionId, VerifyingKey,
};

/// The block that holds the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockContext {
    /// Chain of the block.
    pub chain: ChainId,
    /// Height of the block.
    pub height: Height,
    /// Epoch of the block.
    pub epoch: Epoch,
    /// Block time: the only clock of the rules.
    pub time: Timestamp,
    /// Numbers of the rules, from the genesis.
    pub parameters: ChainParameters,
}

/// A transaction whose signature was verified under `key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallContext<'a> {
    /// Chain that the transaction was signed for.
    pub chain: ChainId,
    /// Identifier of the transaction.
    pub transaction: TransactionId,
    /// Claimed sender; [`apply()`](crate::apply()) checks that `key` is the sender's.
    pub sender: Principal,
    /// Key under which the signature was verified.
    pub key: VerifyingKey,
    /// Distinguishes the sender's transactions; each nonce is accepted once.
    pub nonce: Nonce,
    /// Encoded [`Call`](crate::Call), not yet decoded.
    pub call: &'a [u8],
    /// What the evidence of a `ReportMisbehaviour` proves, as the caller judged it; `None` for
    /// evidence that proves nothing, and for other calls.
    pub proven: Option<ProvenMisbehaviour>,
    /// True where a `RegisterVotingKey` names a header of the running epoch at most
    /// [`MAX_HEADER_AGE`] heights below the block, as the caller judged it; false for other calls.
    pub follows: bool,
}

/// Most heights between the header that a `RegisterVotingKey` names and its block, for
/// [`CallContext::follows`].
pub const MAX_HEADER_AGE: u64 = 64;

/// The culprit of two signed statements that contradict each other.
///
/// # Security
/// A function of the evidence and the chain alone: every member must judge the same evidence in the
/// same block alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProvenMisbehaviour {
    /// The organisation that signed both statements.
    pub organisation: OrganisationId,
    /// Epoch of both statements.
    pub epoch: Epoch,
    /// Height of both statements.
    pub height: Height,
}

/// A call in its block.
pub(crate) struct Case<'a> {
    pub(crate) block: &'a BlockContext,
    pub(crate) call: &'a CallContext<'a>,
}

impl Case<'_> {
    pub(crate) const fn height(&self) -> Height {
        self.block.height
    }

    pub(crate) const fn epoch(&self) -> Epoch {
        self.block.epoch
    }

    pub(crate) const fn time(&self) -> Timestamp {
        self.block.time
    }

    pub(crate) fn organisation(&self) -> Result<OrganisationId, Denial> {
        match self.call.sender {
            Principal::Organisation(id) => Ok(id),
            Principal::Person(_) => Err(Denial::NotAuthorised),
        }
    }

    pub(crate) fn person(&self) -> Result<PersonId, Denial> {
        match self.call.sender {
            Principal::Person(id) => Ok(id),
            Principal::Organisation(_) => Err(Denial::NotAuthorised),
        }
    }
}
