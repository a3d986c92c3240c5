//! Writes of one block: header, body, receipts, state and roots.

use std::collections::BTreeMap;

use medshare_types::wire::to_borsh;
use medshare_types::{BlockHeader, CommitCertificate, Digest, ExecutedRoots, TransactionReceipt};
use redb::{Durability, ReadableTable, WriteTransaction};

use super::LedgerStore;
use super::error::StoreError;
use super::nodes::write_state;
use super::tables::{
    ATTESTATIONS, BODIES, HEADERS, NAMED, RECEIPTS, ROOTS, TRANSACTIONS, failed, last, load,
    write_roots,
};
use crate::block::{Block, CertifiedHeader};
use crate::list::receipts_root;
use crate::transaction::Transaction;

impl LedgerStore {
    /// Applies the next block with the `receipts` and `changes` of its execution, and returns the
    /// roots for a later header to name. A change without a value removes its key.
    ///
    /// Atomic; durable after the next [`Self::sync`]. The transactions' own signatures were checked
    /// before the vote on the block and are not checked again. Cost: one batch of signatures, and
    /// about one tree path per change.
    ///
    /// # Errors
    /// [`StoreError::Verify`] when the certificate does not hold, [`StoreError::Block`] when the
    /// block does not follow the tip, [`StoreError::RootsMismatch`] when its header names other
    /// roots than are stored, [`StoreError::ReceiptsMismatch`].
    pub fn apply(
        &self,
        block: &Block,
        certificate: &CommitCertificate,
        receipts: &[TransactionReceipt],
        changes: &BTreeMap<Digest, Option<Vec<u8>>>,
    ) -> Result<ExecutedRoots, StoreError> {
        let certified = CertifiedHeader {
            header: block.header.clone(),
            certificate: certificate.clone(),
        };
        self.client.verify_header(&certified)?;
        check_receipts(block, receipts)?;

        let write = self.begin(Durability::None)?;
        self.check_next(&write, block)?;
        let height = block.header.height;
        let changes = changes.iter().map(|(key, value)| (key, value.clone()));
        let roots = ExecutedRoots {
            height,
            state: write_state(&write, height, changes)?,
            receipts: receipts_root(receipts),
        };
        write_block(&write, &certified, block, receipts)?;
        write_roots(&write, &roots)?;
        write.commit().map_err(failed)?;
        Ok(roots)
    }

    fn check_next(&self, write: &WriteTransaction, block: &Block) -> Result<(), StoreError> {
        let headers = write.open_table(HEADERS).map_err(failed)?;
        let tip: Option<CertifiedHeader> = last(&headers)?;
        block.check_follows(self.chain(), tip.as_ref().map(|tip| &tip.header))?;
        let named = &block.header.executed;
        let height = named.height;
        let roots = write.open_table(ROOTS).map_err(failed)?;
        if load(&roots, height.0)?.as_ref() != Some(named) {
            return Err(StoreError::RootsMismatch { height });
        }
        Ok(())
    }
}

/// Checks that there is one receipt for each transaction, in order.
pub(super) fn check_receipts(
    block: &Block,
    receipts: &[TransactionReceipt],
) -> Result<(), StoreError> {
    let height = block.header.height;
    let named = receipts.iter().map(|receipt| receipt.transaction);
    if block.transactions.iter().map(Transaction::id).eq(named) {
        Ok(())
    } else {
        Err(StoreError::ReceiptsMismatch { height })
    }
}

fn write_block(
    write: &WriteTransaction,
    certified: &CertifiedHeader,
    block: &Block,
    receipts: &[TransactionReceipt],
) -> Result<(), StoreError> {
    let BlockHeader {
        height, executed, ..
    } = &certified.header;
    for (table, bytes) in [
        (HEADERS, to_borsh(certified)),
        (BODIES, to_borsh(&block.transactions)),
        (ATTESTATIONS, to_borsh(&block.attestations)),
        (RECEIPTS, to_borsh(receipts)),
    ] {
        let mut table = write.open_table(table).map_err(failed)?;
        table.insert(height.0, &*bytes).map_err(failed)?;
    }
    let mut named = write.open_table(NAMED).map_err(failed)?;
    if named.get(executed.height.0).map_err(failed)?.is_none() {
        named.insert(executed.height.0, height.0).map_err(failed)?;
    }
    let mut indices = write.open_table(TRANSACTIONS).map_err(failed)?;
    for (index, transaction) in (0u64..).zip(&block.transactions) {
        let id = transaction.id();
        let key = id.digest().as_bytes();
        // A repeated transaction keeps its first index: that receipt took effect.
        if indices.get(key).map_err(failed)?.is_none() {
            indices.insert(key, (height.0, index)).map_err(failed)?;
        }
    }
    Ok(())
}
