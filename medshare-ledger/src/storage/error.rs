//! The error of the durable ledger.

use medshare_types::{ChainId, Height};

use crate::block::BlockError;
use crate::light::VerifyError;

/// Why a store could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file cannot be created or opened.
    #[error("the ledger file cannot be opened")]
    Io {
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Another process or handle has the file open.
    #[error("the ledger file is in use")]
    InUse,
    /// The file is no ledger: another format, or empty. It is left as it is.
    #[error("not a ledger file: {reason}")]
    NotALedger {
        /// What was found instead.
        reason: String,
    },
    /// The file was changed outside the store, or the medium lost data. It is left as it is.
    #[error("the ledger file is corrupt: {reason}")]
    Corrupt {
        /// What does not fit.
        reason: String,
    },
    /// The file was written by another release.
    #[error("ledger file of schema {found}, this release reads {expected}")]
    UnknownSchema {
        /// The schema this release reads.
        expected: u32,
        /// The schema of the file.
        found: u32,
    },
    /// The file holds another chain.
    #[error("ledger file of chain {found}, expected {expected}")]
    ForeignChain {
        /// The chain of the genesis that was given.
        expected: ChainId,
        /// The chain of the file.
        found: ChainId,
    },
    /// The genesis state that was given is not the one the file began with.
    #[error("the genesis state differs from the one the ledger file began with")]
    GenesisStateMismatch,
    /// A block, certificate, receipt list or proof that does not hold.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// A block that does not follow the tip.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// The header names other roots than execution gave here.
    #[error("the roots of height {height} differ from the ones computed here")]
    RootsMismatch {
        /// The executed height.
        height: Height,
    },
    /// The receipts are not one for each transaction, in order.
    #[error("the receipts do not match the transactions of height {height}")]
    ReceiptsMismatch {
        /// The block's height.
        height: Height,
    },
    /// No such transaction is on the chain.
    #[error("no such transaction")]
    UnknownTransaction,
    /// No such height is stored.
    #[error("no block at height {height}")]
    UnknownHeight {
        /// The height asked for.
        height: Height,
    },
    /// The roots of that height are not yet under a certificate; ask again after the next block.
    #[error("the roots of height {height} are not yet certified")]
    NotYetCertified {
        /// The height.
        height: Height,
    },
    /// The database refused an operation.
    #[error("the ledger file cannot be read or written")]
    Backend {
        /// What the database said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
