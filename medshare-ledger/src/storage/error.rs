//! The error of the durable ledger.

use medshare_types::{ChainId, Height};

use crate::block::BlockError;
use crate::light::VerifyError;

/// The error of a layer below.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A store that could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the fields are the values that the messages print"
)]
pub enum StoreError {
    #[error("the ledger file cannot be opened")]
    Io { source: std::io::Error },
    /// Another process or handle has the file open.
    #[error("the ledger file is in use")]
    InUse,
    /// The file has another format, or is empty. It is left as it is.
    #[error("not a ledger file: {reason}")]
    NotALedger {
        reason: String,
        /// What the database says of the file, if it was asked.
        source: Option<Cause>,
    },
    /// The file was changed outside the store, or the medium lost data. It is left as it is.
    #[error("the ledger file is corrupt: {reason}")]
    Corrupt {
        reason: String,
        /// The error that showed it, if one did.
        source: Option<Cause>,
    },
    /// The file was written by another release.
    #[error("ledger file of schema {found}, this release reads {expected}")]
    UnknownSchema { expected: u32, found: u32 },
    #[error("ledger file of chain {found}, expected {expected}")]
    ForeignChain { expected: ChainId, found: ChainId },
    #[error("the genesis state differs from the one the ledger file began with")]
    GenesisStateMismatch,
    /// A certificate, receipt list or proof that does not verify.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// A block that does not follow the tip.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// `height` is the executed height whose roots the header names.
    #[error("the roots of height {height} differ from the ones computed here")]
    RootsMismatch { height: Height },
    /// The receipts are not one for each transaction, in order.
    #[error("the receipts do not match the transactions of height {height}")]
    ReceiptsMismatch { height: Height },
    #[error("no such transaction")]
    UnknownTransaction,
    #[error("no block at height {height}")]
    UnknownHeight { height: Height },
    /// A later header will certify the roots: ask again after the next block.
    #[error("the roots of height {height} are not yet certified")]
    NotYetCertified { height: Height },
    /// The database failed, as reported by the source.
    #[error("the ledger file cannot be read or written")]
    Backend { source: Cause },
}
