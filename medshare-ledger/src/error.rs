//! Everything that can go wrong, by operation.

use medshare_types::{CertificateError, ChainId, DecodeError, Digest, Height, TransactionId};

/// Why a transaction is not one of its sender on this chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionError {
    /// It was made for another chain.
    #[error("transaction of chain {found}, expected {expected}")]
    WrongChain {
        /// The chain it was checked for.
        expected: ChainId,
        /// The chain it names.
        found: ChainId,
    },
    /// Its call is longer than a block takes.
    #[error("a call of {length} bytes where at most {limit} are allowed")]
    CallTooLong {
        /// Bytes in the call.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Its key did not sign it.
    #[error("the transaction's signature does not verify")]
    BadSignature,
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

/// Why an answer proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The trust anchor itself is unusable.
    #[error("the genesis makes no committee")]
    InvalidGenesis {
        /// What is wrong with it.
        #[source]
        source: DecodeError,
    },
    /// The header is of another chain.
    #[error("header of chain {found}, expected {expected}")]
    WrongChain {
        /// The chain that is trusted.
        expected: ChainId,
        /// The chain of the header.
        found: ChainId,
    },
    /// The certificate is for another header than the one it comes with.
    #[error("the certificate is not for the header at height {height}")]
    OtherHeader {
        /// The height of the header.
        height: Height,
    },
    /// The certificate is not a quorum's.
    #[error("the certificate of height {height} does not verify")]
    Certificate {
        /// The height of the header.
        height: Height,
        /// What is wrong with it.
        #[source]
        source: CertificateError,
    },
    /// The header claims the roots of a height that is not earlier than its own.
    #[error("header at height {height} names the roots of height {executed}")]
    ExecutedOutOfRange {
        /// The height of the header.
        height: Height,
        /// The height it names the roots of.
        executed: Height,
    },
    /// The state does not hold that value (or that absence) under the key.
    #[error("the proof does not lead from key {key} to the state root")]
    NotInState {
        /// The key.
        key: Digest,
    },
    /// The receipt is of another transaction than the one asked for.
    #[error("receipt of transaction {found}, expected {expected}")]
    OtherTransaction {
        /// The one asked for.
        expected: TransactionId,
        /// The one answered for.
        found: TransactionId,
    },
    /// The receipt is not at that place under the receipts root.
    #[error("the proof does not lead from receipt {index} to the receipts root")]
    NotInReceipts {
        /// The place claimed.
        index: u64,
    },
    /// The receipts are not all those of the block asked for.
    #[error("the receipts are not those of block {height}")]
    OtherReceipts {
        /// The block asked for.
        height: Height,
    },
    /// The receipt issued no ticket.
    #[error("the receipt issued no ticket")]
    NoTicket,
    /// The ticket is not the one its receipt's transaction and height make.
    #[error("the ticket does not belong to its receipt")]
    TicketMismatch,
    /// The list of release shares is not strictly ascending.
    #[error("the release shares are repeated or out of order")]
    SharesOutOfOrder,
    /// The share is not one that the receipt names.
    #[error("the release share is not one of this access")]
    ForeignShare,
    /// The share was not signed by its holder.
    #[error("the release share's signature does not verify")]
    BadShareSignature,
}

/// Why a store could not be opened, read or written.
#[cfg(feature = "storage")]
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
