//! The block and the transaction that a rule decides on.

use medshare_types::genesis::ChainParameters;
use medshare_types::{
    ChainId, Denial, Height, Nonce, OrganisationId, PersonId, Principal, Timestamp, TransactionId,
    VerifyingKey,
};

/// The block that holds the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockContext {
    /// Chain of the block.
    pub chain: ChainId,
    /// Height of the block.
    pub height: Height,
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
