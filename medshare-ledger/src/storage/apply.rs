//! Writes of one block: header, body, receipts, state and roots.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use medshare_types::wire::to_borsh;
use medshare_types::{
    BlockHeader, CommitCertificate, Committee, Digest, ExecutedRoots, TransactionReceipt,
};
use redb::{Durability, ReadableTable, WriteTransaction};

use super::error::StoreError;
use super::nodes::write_state;
use super::tables::{
    ATTESTATIONS, BODIES, BOUNDARIES, HEADERS, META, NAMED, RECEIPTS, RECORD, ROOTS, TRANSACTIONS,
    failed, last, load, write_roots,
};
use super::{LedgerStore, guarded};
use crate::block::{Block, CertifiedHeader};
use crate::light::{Boundary, Term, VerifyError};
use crate::list::receipts_root;
use crate::transaction::Transaction;

/// What executing a block made, stored with it.
#[derive(Clone, Copy, Debug)]
pub struct Execution<'a> {
    /// One for each transaction, in order.
    pub receipts: &'a [TransactionReceipt],
    /// New values of state keys; a change without a value removes its key.
    pub changes: &'a BTreeMap<Digest, Option<Vec<u8>>>,
    /// The committee that the header names: that of the next epoch where the block is the last of
    /// its own.
    pub next_committee: &'a Committee,
    /// What [`LedgerStore::record`] returns until the next block.
    pub record: &'a [u8],
}

impl LedgerStore {
    /// Applies the next block with what its `execution` made, and returns the roots for a later
    /// header to name.
    ///
    /// Atomic; durable after the next [`Self::sync`]. The transactions' own signatures were checked
    /// before the vote on the block and are not checked again. Cost: one batch of signatures, and
    /// about one tree path per change.
    ///
    /// # Errors
    /// [`StoreError::Verify`] when the certificate does not hold under the committee of the block's
    /// epoch, or the header names another next committee; [`StoreError::Block`] when the block does
    /// not follow the tip, [`StoreError::RootsMismatch`] when its header names other roots than are
    /// stored, [`StoreError::ReceiptsMismatch`].
    pub fn apply(
        &self,
        block: &Block,
        certificate: &CommitCertificate,
        execution: &Execution<'_>,
    ) -> Result<ExecutedRoots, StoreError> {
        let Execution {
            receipts,
            changes,
            next_committee,
            record,
        } = *execution;
        let certified = CertifiedHeader {
            header: block.header.clone(),
            certificate: certificate.clone(),
        };
        // Held to the end, so that a block and the committee that follows it change together.
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.verify(self.chain(), &certified)?;
        let next = next_term(&current, &certified.header, next_committee)?;
        check_receipts(block, receipts)?;

        let roots = guarded(|| {
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
            write_record(&write, record)?;
            if next.is_some() {
                write_boundary(&write, certified.clone(), next_committee)?;
            }
            write.commit().map_err(failed)?;
            Ok(roots)
        })?;
        if let Some(next) = next {
            *current = next;
        }
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

/// The term after the header, where its own ends with it; the header must name `committee`.
pub(super) fn next_term(
    current: &Term,
    header: &BlockHeader,
    committee: &Committee,
) -> Result<Option<Term>, VerifyError> {
    if header.next_committee != current.committee().digest() {
        return Term::after(header, committee).map(Some);
    }
    let height = header.height;
    if committee.digest() != header.next_committee {
        return Err(VerifyError::OtherCommittee { height });
    }
    Ok(None)
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

fn write_record(write: &WriteTransaction, record: &[u8]) -> Result<(), StoreError> {
    let mut meta = write.open_table(META).map_err(failed)?;
    meta.insert(RECORD, record).map_err(failed)?;
    Ok(())
}

fn write_boundary(
    write: &WriteTransaction,
    certified: CertifiedHeader,
    committee: &Committee,
) -> Result<(), StoreError> {
    let boundary = Boundary {
        certified,
        committee: committee.clone(),
    };
    let mut boundaries = write.open_table(BOUNDARIES).map_err(failed)?;
    let bytes = to_borsh(&boundary);
    boundaries
        .insert(boundary.epoch().0, &*bytes)
        .map_err(failed)?;
    Ok(())
}
