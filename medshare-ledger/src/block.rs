//! Blocks, and headers with the certificate that a quorum committed them.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::attestation::attestations_root;
use medshare_types::{Attestation, BlockHeader, ChainId, CommitCertificate, Digest, Height, Wire};

use crate::list::transactions_root;
use crate::transaction::Transaction;

/// A header, and the transactions and attestations it commits to.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Block {
    /// Members vote on its digest.
    pub header: BlockHeader,
    /// In order of execution.
    pub transactions: Vec<Transaction>,
    /// Votes for earlier heights that the block records.
    pub attestations: Vec<Attestation>,
}

impl Wire for Block {
    const KIND: [u8; 4] = *b"mBLK";
    const MAX_LEN: usize = 8 << 20;
}

impl Block {
    /// Checks the block against its parent, without the state. Cost: one Merkle tree over the
    /// transactions.
    ///
    /// `parent` is `None` at height 1. Signatures of transactions, the proposer's turn and the values
    /// of the roots are not checked here, nor the signatures of attestations: a quorum of members that
    /// checked them committed the block.
    ///
    /// # Errors
    /// [`BlockError`] for the first check that fails.
    pub fn check_follows(
        &self,
        chain: &ChainId,
        parent: Option<&BlockHeader>,
    ) -> Result<(), BlockError> {
        let header = &self.header;
        let height = header.height;
        if header.chain != *chain {
            return Err(BlockError::WrongChain {
                expected: *chain,
                found: header.chain,
            });
        }
        let expected = parent.map_or(Height(0), |parent| parent.height).next();
        if height != expected {
            return Err(BlockError::NotNext {
                expected,
                found: height,
            });
        }
        if header.previous != parent.map_or(Digest::ZERO, BlockHeader::digest) {
            return Err(BlockError::WrongParent { height });
        }
        if parent.is_some_and(|parent| header.time <= parent.time) {
            return Err(BlockError::TimeNotIncreasing { height });
        }
        let executed = header.executed.height;
        if executed >= height || parent.is_some_and(|parent| executed < parent.executed.height) {
            return Err(BlockError::ExecutedOutOfRange { height, executed });
        }
        if header.transactions != transactions_root(&self.transactions) {
            return Err(BlockError::TransactionsMismatch { height });
        }
        if header.attestations != attestations_root(&self.attestations) {
            return Err(BlockError::AttestationsMismatch { height });
        }
        Ok(())
    }
}

/// A block that cannot follow its parent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the fields are the values that the messages print"
)]
pub enum BlockError {
    #[error("block of chain {found}, expected {expected}")]
    WrongChain { expected: ChainId, found: ChainId },
    #[error("block at height {found}, expected {expected}")]
    NotNext { expected: Height, found: Height },
    #[error("block at height {height} names another parent")]
    WrongParent { height: Height },
    #[error("block at height {height} is not later than its parent")]
    TimeNotIncreasing { height: Height },
    /// Unless the parent's `executed.height` ≤ `executed` < `height`.
    #[error("block at height {height} names the roots of height {executed}")]
    ExecutedOutOfRange { height: Height, executed: Height },
    #[error("block at height {height} holds other transactions than its header names")]
    TransactionsMismatch { height: Height },
    #[error("block at height {height} holds other attestations than its header names")]
    AttestationsMismatch { height: Height },
}

/// A header and the certificate that a quorum committed it: the start of every proof.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CertifiedHeader {
    /// Header that the certificate is for.
    pub header: BlockHeader,
    /// A quorum's commits for the header.
    pub certificate: CommitCertificate,
}

impl Wire for CertifiedHeader {
    const KIND: [u8; 4] = *b"mCHD";
    const MAX_LEN: usize = 128 * 1024;
}
