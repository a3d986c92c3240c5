//! What can go wrong in a ceremony, in a release and in opening; and who is to blame.

use medshare_curve::EncodingError;
use medshare_types::{Height, OrganisationId, Timestamp};

/// Why a set of deals makes no gate key. Every variant that a dealer can cause names the dealer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DealError {
    /// The threshold or the number of holders is outside 1 ≤ t ≤ n ≤ 1024, or a holder repeats.
    #[error("{holders} holders with threshold {threshold} make no set of holders")]
    InvalidHolders {
        /// Holders given.
        holders: usize,
        /// Threshold given.
        threshold: u16,
    },
    /// The deal has not exactly t commitments.
    #[error("{dealer} committed to {found} coefficients where {expected} are needed")]
    CommitmentCount {
        /// Whose deal.
        dealer: OrganisationId,
        /// Commitments needed.
        expected: usize,
        /// Commitments given.
        found: usize,
    },
    /// The deal has not exactly one share for each holder.
    #[error("{dealer} dealt {found} shares to {expected} holders")]
    ShareCount {
        /// Whose deal.
        dealer: OrganisationId,
        /// Holders.
        expected: usize,
        /// Shares given.
        found: usize,
    },
    /// A commitment is no point of G2, or is the identity.
    #[error("commitment {index} of {dealer} is invalid")]
    InvalidCommitment {
        /// Whose deal.
        dealer: OrganisationId,
        /// Which commitment, from 0.
        index: usize,
        /// What is wrong with it.
        source: EncodingError,
    },
    /// An ephemeral key is no point of G1, or is the identity.
    #[error("the ephemeral key of {dealer} for holder {index} is invalid")]
    InvalidEphemeral {
        /// Whose deal.
        dealer: OrganisationId,
        /// Whose share, from 0.
        index: usize,
        /// What is wrong with it.
        source: EncodingError,
    },
    /// A dealer is not a holder, deals twice, or stands out of the holders' order.
    #[error("{dealer} is no holder, repeated or out of order")]
    UnexpectedDealer {
        /// Who.
        dealer: OrganisationId,
    },
    /// So few deals that their makers together might all be corrupt.
    #[error("{found} deals where at least {needed} are needed")]
    TooFewDeals {
        /// Deals needed.
        needed: usize,
        /// Deals given.
        found: usize,
    },
    /// The deals cancel each other: Y is the identity.
    #[error("the deals add up to an identity")]
    DegenerateKey,
    /// The deals cancel each other at one holder: Y_j is the identity. Only that holder, as the
    /// last dealer, sees the others' f_i(j) and can bring it about.
    #[error("the deals add up to an identity for {holder}")]
    DegenerateShare {
        /// Whose place.
        holder: OrganisationId,
    },
}

/// Why a ceremony cannot be taken part in or finished here; no dealer is to blame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CeremonyError {
    /// The holders or the threshold make no ceremony.
    #[error("the holders make no ceremony")]
    InvalidHolders(#[from] DealError),
    /// A holder's encryption key is no point of G1, or is the identity.
    #[error("the encryption key of {holder} is invalid")]
    InvalidHolderKey {
        /// Whose key.
        holder: OrganisationId,
        /// What is wrong with it.
        source: EncodingError,
    },
    /// The organisation is not among the holders.
    #[error("{organisation} is no holder")]
    NotAHolder {
        /// Who.
        organisation: OrganisationId,
    },
    /// The key pair is not the one the ceremony knows for this holder.
    #[error("the key pair is not the one that {holder} registered")]
    WrongKeyPair {
        /// Whose.
        holder: OrganisationId,
    },
    /// The contributions do not add up to this holder's part of the key.
    #[error("the contributions do not make the share that the key names for {holder}")]
    InconsistentShare {
        /// Whose share.
        holder: OrganisationId,
    },
}

/// A deal that its dealer must answer for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadDeal {
    /// Anyone can see what is wrong.
    #[error("the deal of {dealer} is malformed")]
    Malformed {
        /// Whose deal.
        dealer: OrganisationId,
        /// What is wrong with it.
        source: DealError,
    },
    /// This holder's ciphertext does not open.
    #[error("the share dealt by {dealer} does not decrypt")]
    Undecryptable {
        /// Whose deal.
        dealer: OrganisationId,
    },
    /// This holder's share is not on the committed polynomial.
    #[error("the share dealt by {dealer} contradicts its commitments")]
    WrongShare {
        /// Whose deal.
        dealer: OrganisationId,
    },
}

impl BadDeal {
    /// Who made it: the one to complain about.
    #[must_use]
    pub const fn dealer(&self) -> OrganisationId {
        match self {
            Self::Malformed { dealer, .. }
            | Self::Undecryptable { dealer }
            | Self::WrongShare { dealer } => *dealer,
        }
    }
}

/// Stored bytes that are no key pair or share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are no stored secret of this kind")]
pub struct InvalidSecret;

/// Why a label cannot be sealed to a gate key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The label names another key, another class, or another U.
    #[error("the label's {field} is not the one sealed to")]
    LabelMismatch {
        /// Which field.
        field: &'static str,
    },
    /// Y is no point of G2, or is the identity.
    #[error("the gate key is invalid")]
    InvalidKey {
        /// What is wrong with it.
        source: EncodingError,
    },
}

/// Why a holder gives no share. Each says what to do about it, none tells a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The ticket is for another label.
    #[error("the ticket is for another label")]
    LabelMismatch,
    /// The label belongs to another record or version than the ticket.
    #[error("the ticket is for another record")]
    RecordMismatch,
    /// Ticket, label and key are not all of one class.
    #[error("the ticket, the label and the key are of different classes")]
    ClassMismatch,
    /// The label was sealed to another key.
    #[error("the label was sealed to another gate key")]
    KeyMismatch,
    /// The grant was revoked.
    #[error("access was revoked at height {height}")]
    Revoked {
        /// The block that revoked it.
        height: Height,
    },
    /// The holder has not reached the block of the ticket.
    #[error("this holder is behind: its tip is of {tip_time}, the ticket of {issued_at}")]
    Behind {
        /// Time of the holder's tip.
        tip_time: Timestamp,
        /// Time of the ticket's block.
        issued_at: Timestamp,
    },
    /// The label's floor is not reached.
    #[error("access opens at {opens_at}")]
    NotYet {
        /// When it opens.
        opens_at: Timestamp,
    },
    /// The ticket's life, the grant's window or the label's ceiling is over.
    #[error("access ended at {ended_at}")]
    Expired {
        /// The earliest of the ends.
        ended_at: Timestamp,
    },
    /// The tip is too far from the holder's own clock.
    #[error("the chain's tip of {tip_time} is not fresh at {local_time}")]
    StaleTip {
        /// Time of the holder's tip.
        tip_time: Timestamp,
        /// The holder's clock.
        local_time: Timestamp,
    },
}

impl Refusal {
    /// A stable code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LabelMismatch => "label_mismatch",
            Self::RecordMismatch => "record_mismatch",
            Self::ClassMismatch => "class_mismatch",
            Self::KeyMismatch => "key_mismatch",
            Self::Revoked { .. } => "revoked",
            Self::Behind { .. } => "behind",
            Self::NotYet { .. } => "not_yet",
            Self::Expired { .. } => "expired",
            Self::StaleTip { .. } => "stale_tip",
        }
    }
}

/// Why a permitted share cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// This share is of another key or generation than the permit.
    #[error("this holder's share is of another key or generation")]
    WrongKey,
    /// The ticket's R is no point of G1, or is the identity.
    #[error("the ticket's session key is invalid")]
    InvalidSession {
        /// What is wrong with it.
        source: EncodingError,
    },
}

/// Why shares give no factor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecoverError {
    /// Key, label, ticket and session secret do not belong together.
    #[error("the {field} does not belong to this ticket")]
    Mismatch {
        /// Which of them.
        field: &'static str,
    },
    /// A point of the key or the label is invalid.
    #[error("the {field} is no valid point")]
    InvalidPoint {
        /// Which point.
        field: &'static str,
        /// What is wrong with it.
        source: EncodingError,
    },
    /// Too few of the shares are good.
    #[error("{good} good shares where {needed} are needed")]
    InsufficientShares {
        /// Good shares of different holders.
        good: usize,
        /// The threshold.
        needed: usize,
        /// Holders that sent bad ones, in order.
        culprits: Vec<OrganisationId>,
    },
    /// Shares that each fit the key's Y_i do not fit its Y: the key is none.
    #[error("the gate key contradicts its own holders' shares")]
    InconsistentKey,
}

/// What is wrong with a share, as anyone can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShareFault {
    /// It is in the name of no holder of the key.
    #[error("the share is of no holder of this key")]
    NotAHolder,
    /// Share, ticket, label and key do not belong together.
    #[error("the share is not for this ticket")]
    Unrelated,
    /// Its holder did not sign it.
    #[error("the share is not signed by its holder")]
    BadSignature,
    /// A, K or S is no point of its group, or is the identity.
    #[error("a point of the share is invalid")]
    InvalidPoint {
        /// What is wrong with it.
        source: EncodingError,
    },
    /// It is not the holder's share under the ticket's session key.
    #[error("the share contradicts the holder's public share")]
    Contradiction,
    /// The ticket or the key itself holds an invalid point; the share was not judged.
    #[error("a point of the ticket or of the key is invalid")]
    InvalidState {
        /// What is wrong with it.
        source: EncodingError,
    },
}

impl ShareFault {
    /// Whether the holder has signed something wrong, so that the share is evidence against it.
    #[must_use]
    pub const fn is_evidence(self) -> bool {
        matches!(self, Self::InvalidPoint { .. } | Self::Contradiction)
    }
}
