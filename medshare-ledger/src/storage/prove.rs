//! Proofs for clients, made from the tables.

use std::collections::BTreeSet;

use medshare_types::{Digest, Height, TransactionId};
use redb::ReadTransaction;

use super::LedgerStore;
use super::error::StoreError;
use super::nodes::Nodes;
use super::tables::{
    HEADERS, NAMED, NODES, RECEIPTS, TRANSACTIONS, VALUES, corrupt, failed, last, load, locate,
    open,
};
use crate::block::CertifiedHeader;
use crate::light::{BlockReceipts, ReceiptProof, StateProof};
use crate::list::ReceiptTree;

impl LedgerStore {
    /// Proves the value of a key, or its absence, at the height whose roots the newest header names:
    /// on an idle chain, one before the newest.
    ///
    /// # Errors
    /// [`StoreError::NotYetCertified`] before the first block.
    pub fn prove_state(&self, key: &Digest) -> Result<StateProof, StoreError> {
        let read = self.read()?;
        let tip: Option<CertifiedHeader> = last(&open(&read, HEADERS)?)?;
        let height = Height(0);
        let certified = tip.ok_or(StoreError::NotYetCertified { height })?;
        let version = certified.header.executed.height.0;
        let nodes = open(&read, NODES)?;
        let values = open(&read, VALUES)?;
        let (value, path) = Nodes::new(&nodes, &values).prove(key, version)?;
        Ok(StateProof {
            certified,
            value,
            path,
        })
    }

    /// Proves the receipt of a transaction, by the first header that names the roots of its height.
    /// For a transaction that was ordered twice it is the first receipt. Cost: hashes the receipts of
    /// its block.
    ///
    /// # Errors
    /// [`StoreError::UnknownTransaction`], or [`StoreError::NotYetCertified`] until such a header
    /// is committed.
    pub fn prove_receipt(&self, transaction: &TransactionId) -> Result<ReceiptProof, StoreError> {
        let read = self.read()?;
        let (height, index) = locate(&open(&read, TRANSACTIONS)?, transaction)?
            .ok_or(StoreError::UnknownTransaction)?;
        let block = named(&read, height)?;
        let tree = ReceiptTree::new(&block.receipts);
        proof(&block, &tree, index)
            .ok_or_else(|| corrupt(format!("no receipt {index} at height {height}")))
    }

    /// Proves the receipts of those `wanted` transactions that are in the block at a height, from 1:
    /// each as [`Self::prove_receipt`] would, in the order of the block. Cost: that of one.
    ///
    /// # Errors
    /// [`StoreError::NotYetCertified`] until a header names the height's roots.
    pub fn prove_receipts_of(
        &self,
        height: Height,
        wanted: &BTreeSet<TransactionId>,
    ) -> Result<Vec<ReceiptProof>, StoreError> {
        let read = self.read()?;
        let block = named(&read, height)?;
        let tree = ReceiptTree::new(&block.receipts);
        let indices = open(&read, TRANSACTIONS)?;
        let mut proofs = Vec::new();
        for (index, receipt) in block.receipts.iter().enumerate() {
            let transaction = &receipt.transaction;
            if wanted.contains(transaction)
                && locate(&indices, transaction)? == Some((height, index))
            {
                proofs.extend(proof(&block, &tree, index));
            }
        }
        Ok(proofs)
    }

    /// Every receipt of the block at a height, from 1, and the first header that names their root.
    ///
    /// # Errors
    /// [`StoreError::NotYetCertified`] until such a header is committed.
    pub fn prove_receipts(&self, height: Height) -> Result<BlockReceipts, StoreError> {
        named(&self.read()?, height)
    }

    /// True when a header names the roots of a height, from 1, so that its receipts are provable.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn is_certified(&self, height: Height) -> Result<bool, StoreError> {
        let naming = open(&self.read()?, NAMED)?.get(height.0).map_err(failed)?;
        Ok(naming.is_some())
    }
}

/// The receipts of a height, and the first header that names its roots.
fn named(read: &ReadTransaction, height: Height) -> Result<BlockReceipts, StoreError> {
    let naming = open(read, NAMED)?
        .get(height.0)
        .map_err(failed)?
        .ok_or(StoreError::NotYetCertified { height })?;
    let certified = load(&open(read, HEADERS)?, naming.value())?
        .ok_or_else(|| corrupt(format!("no header at height {}", naming.value())))?;
    let receipts = load(&open(read, RECEIPTS)?, height.0)?
        .ok_or_else(|| corrupt(format!("no receipts at height {height}")))?;
    Ok(BlockReceipts {
        certified,
        receipts,
    })
}

fn proof(block: &BlockReceipts, tree: &ReceiptTree, index: usize) -> Option<ReceiptProof> {
    Some(ReceiptProof {
        certified: block.certified.clone(),
        receipt: block.receipts.get(index)?.clone(),
        inclusion: tree.prove(index)?,
    })
}
