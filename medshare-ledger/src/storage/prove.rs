//! Proofs for clients, from what is stored.

use medshare_types::{Digest, Height, TransactionId, TransactionReceipt};
use redb::ReadableTable;

use super::LedgerStore;
use super::nodes::Nodes;
use super::tables::{
    HEADERS, NAMED, NODES, PLACES, RECEIPTS, VALUES, corrupt, failed, last, load, open,
};
use crate::block::CertifiedHeader;
use crate::error::StoreError;
use crate::light::{BlockReceipts, ReceiptProof, StateProof};
use crate::list::ListProof;

impl LedgerStore {
    /// Proves what a key holds, or that it holds nothing, at the height whose roots the newest
    /// header names: on an idle chain, one before the newest.
    ///
    /// # Errors
    /// [`StoreError::NotYetCertified`] before the first block.
    pub fn prove_state(&self, key: &Digest) -> Result<StateProof, StoreError> {
        let read = self.read()?;
        let tip: Option<CertifiedHeader> = last(&open(&read, HEADERS)?)?;
        let height = Height(0);
        let certified = tip.ok_or(StoreError::NotYetCertified { height })?;
        let version = certified.header.executed.height.0;
        let (nodes, values) = (open(&read, NODES)?, open(&read, VALUES)?);
        let (value, path) = Nodes::new(&nodes, &values).prove(key, version)?;
        Ok(StateProof {
            certified,
            value,
            path,
        })
    }

    /// Proves how a transaction ended, by the first header that names the roots of its height.
    /// A transaction that was ordered twice is proven at its first place. Cost: hashes the
    /// receipts of its block.
    ///
    /// # Errors
    /// [`StoreError::UnknownTransaction`], or [`StoreError::NotYetCertified`] until such a header
    /// is committed.
    pub fn prove_receipt(&self, transaction: &TransactionId) -> Result<ReceiptProof, StoreError> {
        let read = self.read()?;
        let (height, index) =
            place(&open(&read, PLACES)?, transaction)?.ok_or(StoreError::UnknownTransaction)?;
        let naming = open(&read, NAMED)?.get(height.0).map_err(failed)?;
        let naming = naming.ok_or(StoreError::NotYetCertified { height })?;
        let certified = load(&open(&read, HEADERS)?, naming.value())?
            .ok_or_else(|| corrupt(format!("no header at height {}", naming.value())))?;
        let receipts: Vec<TransactionReceipt> = load(&open(&read, RECEIPTS)?, height.0)?
            .ok_or_else(|| corrupt(format!("no receipts at height {height}")))?;
        let proven = receipts.get(index).cloned();
        let place = ListProof::of_receipt(&receipts, index);
        let (Some(receipt), Some(place)) = (proven, place) else {
            return Err(corrupt(format!("no receipt {index} at height {height}")));
        };
        Ok(ReceiptProof {
            certified,
            receipt,
            place,
        })
    }

    /// Every receipt of the block at a height, from 1, with the first header that names their root.
    ///
    /// # Errors
    /// [`StoreError::NotYetCertified`] until such a header is committed.
    pub fn prove_receipts(&self, height: Height) -> Result<BlockReceipts, StoreError> {
        let naming = open(&self.read()?, NAMED)?.get(height.0).map_err(failed)?;
        let naming = naming.ok_or(StoreError::NotYetCertified { height })?;
        let certified = self.certified_header(Height(naming.value()))?;
        let receipts = self.receipts(height)?;
        Ok(BlockReceipts {
            certified,
            receipts,
        })
    }
}

/// The block a transaction first stands in, and its place there.
pub(super) fn place(
    places: &impl ReadableTable<&'static [u8; 32], (u64, u64)>,
    transaction: &TransactionId,
) -> Result<Option<(Height, usize)>, StoreError> {
    let found = places
        .get(transaction.digest().as_bytes())
        .map_err(failed)?;
    let Some((height, index)) = found.map(|guard| guard.value()) else {
        return Ok(None);
    };
    let index = usize::try_from(index).map_err(|_| corrupt("a place beyond memory"))?;
    Ok(Some((Height(height), index)))
}
