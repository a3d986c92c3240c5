//! Blocks, and headers together with the proof that a quorum committed them.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{BlockHeader, ChainId, CommitCertificate, Digest, Height, Wire};

use crate::list::transactions_root;
use crate::transaction::Transaction;

/// A header and the transactions it commits to.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Block {
    /// What members vote on.
    pub header: BlockHeader,
    /// The transactions, in order of execution.
    pub transactions: Vec<Transaction>,
}

impl Wire for Block {
    const KIND: [u8; 4] = *b"mBLK";
    const MAX_LEN: usize = 8 << 20;
}

impl Block {
    /// Checks everything about the block that it and its parent show by themselves. Cost: one
    /// Merkle tree over the transactions.
    ///
    /// `parent` is none at height 1. Signatures of transactions, the proposer's turn and the
    /// values of the roots are not judged here.
    ///
    /// # Errors
    /// [`BlockError`] names the first thing that is wrong.
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
        Ok(())
    }
}

/// Why a block cannot follow its parent. Judged from the two alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlockError {
    /// It belongs to another chain.
    #[error("block of chain {found}, expected {expected}")]
    WrongChain {
        /// The chain of the parent.
        expected: ChainId,
        /// The chain it names.
        found: ChainId,
    },
    /// It is not the next height.
    #[error("block at height {found}, expected {expected}")]
    NotNext {
        /// The height after the parent's.
        expected: Height,
        /// The height it names.
        found: Height,
    },
    /// It names another parent.
    #[error("block at height {height} names another parent")]
    WrongParent {
        /// Its height.
        height: Height,
    },
    /// Its time is not after its parent's.
    #[error("block at height {height} is not later than its parent")]
    TimeNotIncreasing {
        /// Its height.
        height: Height,
    },
    /// The height whose roots it names is not earlier than itself, or earlier than its parent's.
    #[error("block at height {height} names the roots of height {executed}")]
    ExecutedOutOfRange {
        /// Its height.
        height: Height,
        /// The height it names the roots of.
        executed: Height,
    },
    /// Its transactions are not the ones its header commits to.
    #[error("block at height {height} holds other transactions than its header names")]
    TransactionsMismatch {
        /// Its height.
        height: Height,
    },
}

/// A header and the certificate that a quorum committed it: where every proof starts.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CertifiedHeader {
    /// The header.
    pub header: BlockHeader,
    /// The quorum's commits for it.
    pub certificate: CommitCertificate,
}

impl Wire for CertifiedHeader {
    const KIND: [u8; 4] = *b"mCHD";
    const MAX_LEN: usize = 128 * 1024;
}
