//! The payload of consensus: a batch of transactions.

use std::sync::Arc;

use borsh::io::{Read, Result, Write};
use borsh::{BorshDeserialize, BorshSerialize};
use medshare_consensus::Payload;
use medshare_ledger::{Transaction, transactions_root};
use medshare_types::Digest;

/// Upper bound of a block's transactions. Their receipts fit into one answer to a client.
pub(crate) const MAX_TRANSACTIONS: usize = 4096;
/// Upper bound of a block's encoded transactions, bytes.
pub(crate) const MAX_BYTES: usize = 4 << 20;

/// The transactions of one block; shared, because a proposal is cloned on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Batch(Arc<[Transaction]>);

impl Batch {
    pub(crate) fn new(transactions: Vec<Transaction>) -> Self {
        Self(transactions.into())
    }

    pub(crate) fn transactions(&self) -> &[Transaction] {
        &self.0
    }

    /// Whether it respects [`MAX_TRANSACTIONS`] and [`MAX_BYTES`].
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

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
