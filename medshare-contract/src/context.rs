//! The block and the transaction that a rule is applied in.

use medshare_types::genesis::ChainParameters;
use medshare_types::{
    ChainId, Denial, Height, Nonce, OrganisationId, PersonId, Principal, Timestamp, TransactionId,
    VerifyingKey,
};

/// The block a transaction stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockContext {
    /// The chain.
    pub chain: ChainId,
    /// The block's place.
    pub height: Height,
    /// The block's time, the only clock there is.
    pub time: Timestamp,
    /// The chain's numbers.
    pub parameters: ChainParameters,
}

/// A transaction whose signature was verified under `key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallContext<'a> {
    /// The chain it was signed for.
    pub chain: ChainId,
    /// Its identifier.
    pub transaction: TransactionId,
    /// Who claims to send it.
    pub sender: Principal,
    /// The key that signed it.
    pub key: VerifyingKey,
    /// What makes it differ from the sender's others.
    pub nonce: Nonce,
    /// The encoded [`Call`].
    pub call: &'a [u8],
}

/// Who calls, in which block.
pub(crate) struct Case<'a> {
    pub(crate) block: &'a BlockContext,
    pub(crate) call: &'a CallContext<'a>,
}

impl Case<'_> {
    pub(crate) const fn height(&self) -> Height {
        self.block.height
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
