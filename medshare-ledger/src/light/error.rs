//! The error of verifying headers, proofs and receipts.

use medshare_types::{CertificateError, ChainId, DecodeError, Digest, Height, TransactionId};

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
