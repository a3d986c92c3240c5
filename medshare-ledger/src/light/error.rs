//! The error of verifying headers, proofs and receipts.

use medshare_types::{
    CertificateError, ChainId, DecodeError, Digest, Epoch, Height, Timestamp, TransactionId,
};

/// An answer that does not prove its claim.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the fields are the values that the messages print"
)]
pub enum VerifyError {
    /// The trust anchor itself is unusable.
    #[error("the members of the genesis do not form a committee")]
    InvalidGenesis { source: DecodeError },
    #[error("header of chain {found}, expected {expected}")]
    WrongChain { expected: ChainId, found: ChainId },
    /// The certificate is for another header than the one beside it.
    #[error("the certificate is not for the header at height {height}")]
    OtherHeader { height: Height },
    #[error("the certificate of height {height} does not verify")]
    Certificate {
        height: Height,
        source: CertificateError,
    },
    /// The header names the roots of a height that is not before its own.
    #[error("header at height {height} names the roots of height {executed}")]
    ExecutedOutOfRange { height: Height, executed: Height },
    /// The state does not hold the claimed value, or absence, under the key.
    #[error("the proof does not lead from key {key} to the state root")]
    NotInState { key: Digest },
    #[error("receipt of transaction {found}, expected {expected}")]
    OtherTransaction {
        expected: TransactionId,
        found: TransactionId,
    },
    /// The receipt is not at the claimed index under the receipts root.
    #[error("the proof does not lead from receipt {index} to the receipts root")]
    NotInReceipts { index: u64 },
    /// The receipts are not all receipts of the block at this height.
    #[error("the receipts are not those of block {height}")]
    OtherReceipts { height: Height },
    #[error("the receipt issued no ticket")]
    NoTicket,
    /// The ticket's id or height is not that of its receipt.
    #[error("the ticket does not belong to its receipt")]
    TicketMismatch,
    /// The digests of the release shares do not strictly ascend.
    #[error("the release shares are repeated or out of order")]
    SharesOutOfOrder,
    #[error("the release share does not belong to this access")]
    ForeignShare,
    #[error("the release share's signature does not verify")]
    BadShareSignature,
    /// The committee of the header's epoch is not known: boundaries from `followed` on lead to it.
    #[error("header of epoch {epoch}, and the committees are known up to epoch {followed}")]
    UnknownEpoch { epoch: Epoch, followed: Epoch },
    /// The committee of this epoch orders other heights.
    #[error("height {height} is not one of epoch {epoch}")]
    OutsideEpoch { height: Height, epoch: Epoch },
    #[error("the header at height {height} names another committee than the one beside it")]
    OtherCommittee { height: Height },
    /// The committee is not that of the epoch after the header's: the header may be no boundary.
    #[error("committee of epoch {found}, expected {expected}")]
    NotNextEpoch { expected: Epoch, found: Epoch },
    /// Two certified ends of one epoch: more than f of its members signed both, or lost their keys.
    #[error("epoch {epoch} ends otherwise than it was followed before")]
    OtherHistory { epoch: Epoch },
    /// Followed too long ago: start from a fresh [`Anchor`](super::Anchor), from a trusted source.
    #[error(
        "the committees were followed up to {since}, too long before {now}: get a newer anchor"
    )]
    Stale { since: Timestamp, now: Timestamp },
}
