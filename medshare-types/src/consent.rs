//! The nouns of consent: windows, purposes, requests, tickets and reasoned denials.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::hash::{self, Digest};
use crate::id::{ChainId, GrantId, Height, Nonce, PersonId, RecordId, RecordVersion, TicketId};
use crate::label::AccessClass;
use crate::point::{G1Bytes, ScalarBytes};
use crate::sign::VerifyingKey;
use crate::time::{DAY_MS, Timestamp};
use crate::wire::to_borsh;

/// A half-open stretch of time, `[not_before, not_after)`, never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize)]
pub struct Window {
    not_before: Timestamp,
    not_after: Timestamp,
}

/// A window that would contain no moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a window ends after it begins")]
pub struct EmptyWindow;

impl Window {
    /// From `not_before` up to, and without, `not_after`.
    ///
    /// # Errors
    /// [`EmptyWindow`] unless `not_before < not_after`.
    pub const fn new(not_before: Timestamp, not_after: Timestamp) -> Result<Self, EmptyWindow> {
        if not_before.as_millis() < not_after.as_millis() {
            Ok(Self {
                not_before,
                not_after,
            })
        } else {
            Err(EmptyWindow)
        }
    }

    /// `days` days (at least one) from `start` on.
    #[must_use]
    pub const fn days_from(start: Timestamp, days: u32) -> Self {
        let days = if days == 0 { 1 } else { days as u64 };
        let not_after = start.plus_millis(days * DAY_MS);
        // Only where `start` is the largest moment there is.
        let not_before = if start.as_millis() < not_after.as_millis() {
            start
        } else {
            start.minus_millis(1)
        };
        Self {
            not_before,
            not_after,
        }
    }

    /// The first moment in it.
    #[must_use]
    pub const fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The first moment after it.
    #[must_use]
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Whether `time` is in it.
    #[must_use]
    pub fn contains(&self, time: Timestamp) -> bool {
        self.not_before <= time && time < self.not_after
    }
}

impl BorshDeserialize for Window {
    fn deserialize_reader<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Self> {
        let (not_before, not_after) = BorshDeserialize::deserialize_reader(reader)?;
        Self::new(not_before, not_after)
            .map_err(|error| borsh::io::Error::new(borsh::io::ErrorKind::InvalidData, error))
    }
}

/// Why somebody reads: codes of HL7 v3 PurposeOfUse.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
#[non_exhaustive]
pub enum Purpose {
    /// TREAT.
    Treatment,
    /// HPAYMT.
    Payment,
    /// HOPERAT.
    Operations,
    /// HRESCH.
    Research,
    /// PUBHLTH.
    PublicHealth,
    /// PATRQT: at the patient's own request.
    PatientRequest,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 6] = [
        Self::Treatment,
        Self::Payment,
        Self::Operations,
        Self::Research,
        Self::PublicHealth,
        Self::PatientRequest,
    ];

    /// The HL7 v3 code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Treatment => "TREAT",
            Self::Payment => "HPAYMT",
            Self::Operations => "HOPERAT",
            Self::Research => "HRESCH",
            Self::PublicHealth => "PUBHLTH",
            Self::PatientRequest => "PATRQT",
        }
    }
}

impl core::fmt::Display for Purpose {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.code())
    }
}

/// A set of purposes, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PurposeSet(u16);

impl PurposeSet {
    /// The set with one more.
    #[must_use]
    pub const fn with(self, purpose: Purpose) -> Self {
        Self(self.0 | 1 << purpose as u16)
    }

    /// Whether a purpose is in it.
    #[must_use]
    pub const fn contains(self, purpose: Purpose) -> bool {
        self.0 & (1 << purpose as u16) != 0
    }

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl From<Purpose> for PurposeSet {
    fn from(purpose: Purpose) -> Self {
        Self::default().with(purpose)
    }
}

/// A request for access, as the proof of knowledge of its session secret binds it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AccessRequest {
    /// The consortium's chain.
    pub chain: ChainId,
    /// The grant asked under.
    pub grant: GrantId,
    /// H(L) of the label to be released.
    pub label: Digest,
    /// The key that signs the request.
    pub grantee_key: VerifyingKey,
    /// R = z·g1, fresh for this request.
    pub session: G1Bytes,
    /// Why.
    pub purpose: Purpose,
    /// Makes two requests differ.
    pub nonce: Nonce,
}

impl AccessRequest {
    /// What the proof of knowledge of z is bound to.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest("medshare/types/access-request/v1", &[&to_borsh(self)])
    }
}

/// A Schnorr proof of knowledge of a discrete logarithm in G1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ProofOfKnowledge {
    /// T = τ·g1.
    pub commitment: G1Bytes,
    /// y = τ + c·z.
    pub response: ScalarBytes,
}

/// Permission to one reader for one label and one session key, for minutes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Ticket {
    /// Its name.
    pub id: TicketId,
    /// The grant it was issued under.
    pub grant: GrantId,
    /// Who may read.
    pub grantee: PersonId,
    /// The key that signed the request.
    pub grantee_key: VerifyingKey,
    /// What may be read.
    pub record: RecordId,
    /// Which version of it.
    pub version: RecordVersion,
    /// The kind of access.
    pub class: AccessClass,
    /// H(L) of the label to be released.
    pub label: Digest,
    /// R, the session key that shares are made for.
    pub session: G1Bytes,
    /// Why.
    pub purpose: Purpose,
    /// The block that issued it.
    pub height: Height,
    /// That block's time.
    pub issued_at: Timestamp,
    /// From when on no holder releases under it.
    pub expires: Timestamp,
}

/// A reasoned refusal by the contract. Each tells what to do, none tells a secret.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, thiserror::Error)]
#[non_exhaustive]
pub enum Denial {
    /// The grant's window has not begun.
    #[error("access opens at {opens_at}")]
    NotYet {
        /// When it begins.
        opens_at: Timestamp,
    },
    /// The grant's window is over.
    #[error("access ended at {ended_at}")]
    Expired {
        /// When it ended.
        ended_at: Timestamp,
    },
    /// The grant was revoked.
    #[error("access was revoked at height {height}")]
    Revoked {
        /// The block that revoked it.
        height: Height,
    },
    /// Every use of the grant was taken.
    #[error("the grant allowed {allowed} uses, all taken")]
    UsesExhausted {
        /// How many it had.
        allowed: u32,
    },
    /// The grant is for other purposes.
    #[error("the grant does not cover purpose {requested}")]
    PurposeMismatch {
        /// The purpose asked for.
        requested: Purpose,
    },
    /// No such grant.
    #[error("no such grant")]
    UnknownGrant,
    /// The sender is not the one the grant is for.
    #[error("the grant is for somebody else")]
    NotGrantee,
    /// No such record, or no such version of it.
    #[error("no such record")]
    UnknownRecord,
    /// The request names a label that the record does not have.
    #[error("the request names another label than the record's")]
    LabelMismatch,
    /// R is no valid point, or its proof of knowledge does not verify.
    #[error("the session key or its proof is invalid")]
    InvalidSessionKey,
    /// The sender may not do this.
    #[error("the sender may not do this")]
    NotAuthorised,
    /// The chain does not know the sender, or the sender's key is another one.
    #[error("unknown sender or key")]
    UnknownSender,
    /// The sender used this nonce before.
    #[error("the nonce was used before")]
    DuplicateNonce,
    /// The identifier is taken.
    #[error("already registered")]
    AlreadyExists,
    /// A field of the transaction is not as the rules want it.
    #[error("invalid {field}")]
    Invalid {
        /// Which one.
        field: String,
    },
    /// The gate has no key yet, or its ceremony stopped.
    #[error("no gate key of this name is ready")]
    GateKeyNotReady,
    /// A ceremony was stopped by a complaint.
    #[error("the key ceremony was stopped: {accuser} complained about {dealer}")]
    CeremonyStopped {
        /// Who complained.
        accuser: crate::id::OrganisationId,
        /// About whom.
        dealer: crate::id::OrganisationId,
    },
    /// The bytes are no call that this rule version knows.
    #[error("the call cannot be decoded")]
    Undecodable,
    /// The transaction, or the request in it, was made for another chain.
    #[error("made for another chain")]
    WrongChain,
    /// The ceremony still waits for somebody's deal.
    #[error("the key ceremony still waits for the deal of {awaiting}")]
    CeremonyIncomplete {
        /// The first dealer in the order of the holders whose deal is missing.
        awaiting: crate::id::OrganisationId,
    },
    /// The ceremony is over: its key stands.
    #[error("the key ceremony is over, its key is {key}")]
    CeremonyOver {
        /// The key that it made.
        key: crate::id::GateKeyId,
    },
}

impl Denial {
    /// A stable code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotYet { .. } => "not_yet",
            Self::Expired { .. } => "expired",
            Self::Revoked { .. } => "revoked",
            Self::UsesExhausted { .. } => "uses_exhausted",
            Self::PurposeMismatch { .. } => "purpose_mismatch",
            Self::UnknownGrant => "unknown_grant",
            Self::NotGrantee => "not_grantee",
            Self::UnknownRecord => "unknown_record",
            Self::LabelMismatch => "label_mismatch",
            Self::InvalidSessionKey => "invalid_session_key",
            Self::NotAuthorised => "not_authorised",
            Self::UnknownSender => "unknown_sender",
            Self::DuplicateNonce => "duplicate_nonce",
            Self::AlreadyExists => "already_exists",
            Self::Invalid { .. } => "invalid",
            Self::GateKeyNotReady => "gate_key_not_ready",
            Self::CeremonyStopped { .. } => "ceremony_stopped",
            Self::Undecodable => "undecodable",
            Self::WrongChain => "wrong_chain",
            Self::CeremonyIncomplete { .. } => "ceremony_incomplete",
            Self::CeremonyOver { .. } => "ceremony_over",
        }
    }
}
