//! The payload that is ordered: a batch of transactions.

use std::sync::Arc;

use borsh::io::{Read, Result, Write};
use borsh::{BorshDeserialize, BorshSerialize};
use medshare_consensus::Payload;
use medshare_ledger::{Transaction, transactions_root};
use medshare_types::Digest;

/// The transactions that one block may have: their receipts fit into an answer to a client.
pub(crate) const MAX_TRANSACTIONS: usize = 4096;
/// The bytes that one block's transactions may have, encoded.
pub(crate) const MAX_BYTES: usize = 4 << 20;

/// The transactions of one block; shared, since a proposal is cloned on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Batch(Arc<[Transaction]>);

impl Batch {
    pub(crate) fn new(transactions: Vec<Transaction>) -> Self {
        Self(transactions.into())
    }

    pub(crate) fn transactions(&self) -> &[Transaction] {
        &self.0
    }

    /// Whether it is as short as a block has to be.
    pub(crate) fn is_within_limits(&self) -> bool {
        self.0.len() <= MAX_TRANSACTIONS
            && borsh::object_length(self).is_ok_and(|length| length <= MAX_BYTES)
    }
}

impl BorshSerialize for Batch {
    fn serialize<W: Write>(&self, writer: &mut W) -> Result<()> {
        self.0.as_ref().serialize(writer)
    }
}

impl BorshDeserialize for Batch {
    fn deserialize_reader<R: Read>(reader: &mut R) -> Result<Self> {
        Vec::deserialize_reader(reader).map(Self::new)
    }
}

impl Payload for Batch {
    fn root(&self) -> Digest {
        transactions_root(&self.0)
    }
}
