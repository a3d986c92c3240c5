//! Types of consent: windows, purposes, requests, tickets and reasoned denials.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::hash::{self, Digest};
use crate::id::{
    ChainId, GateKeyId, GrantId, Height, Nonce, OrganisationId, PersonId, RecordId, RecordVersion,
    TicketId,
};
use crate::label::AccessClass;
use crate::point::{G1Bytes, ScalarBytes};
use crate::sign::VerifyingKey;
use crate::time::{TimeError, Timestamp};
use crate::wire::{DecodeError, to_borsh};

/// A half-open interval of time, `[not_before, not_after)`, never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize)]
pub struct Window {
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Window {
    /// From `not_before`, included, to `not_after`, excluded.
    ///
    /// # Errors
    /// [`TimeError::EmptyWindow`] unless `not_before < not_after`.
    pub const fn new(not_before: Timestamp, not_after: Timestamp) -> Result<Self, TimeError> {
        if not_before.as_millis() < not_after.as_millis() {
            Ok(Self {
                not_before,
                not_after,
            })
        } else {
            Err(TimeError::EmptyWindow {
                not_before,
                not_after,
            })
        }
    }

    /// Start of the window, included.
    #[must_use]
    pub const fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// End of the window, excluded.
    #[must_use]
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// True for `not_before <= time < not_after`.
    #[must_use]
    pub fn contains(&self, time: Timestamp) -> bool {
        self.not_before <= time && time < self.not_after
    }
}

impl core::fmt::Display for Window {
    /// Start and end, as an interval of ISO 8601: `2026-01-31T12:00:00.000Z/open-ended`.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}/{}", self.not_before, self.not_after)
    }
}

impl core::str::FromStr for Window {
    type Err = TimeError;

    /// Parses two times with a slash between them, each as [`Timestamp`] does.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let (not_before, not_after) = text.split_once('/').ok_or_else(|| TimeError::NoSlash {
            text: text.to_owned(),
        })?;
        Self::new(not_before.parse()?, not_after.parse()?)
    }
}

impl BorshDeserialize for Window {
    fn deserialize_reader<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Self> {
        let (not_before, not_after) = BorshDeserialize::deserialize_reader(reader)?;
        Self::new(not_before, not_after)
            .map_err(|error| borsh::io::Error::new(borsh::io::ErrorKind::InvalidData, error))
    }
}

/// Purposes of reading: codes of HL7 v3 PurposeOfUse.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
#[non_exhaustive]
pub enum Purpose {
    /// HL7 code `TREAT`: care of the data subject.
    Treatment,
    /// HL7 code `HPAYMT`: billing and reimbursement of care.
    Payment,
    /// HL7 code `HOPERAT`: administration and quality of care.
    Operations,
    /// HL7 code `HRESCH`: health research.
    Research,
    /// HL7 code `PUBHLTH`: surveillance and control of disease.
    PublicHealth,
    /// HL7 code `PATRQT`: at the patient's own request.
    PatientRequest,
}

impl Purpose {
    /// Every purpose, in the order of its bit in a [`PurposeSet`].
    pub const ALL: [Self; 6] = [
        Self::Treatment,
        Self::Payment,
        Self::Operations,
        Self::Research,
        Self::PublicHealth,
        Self::PatientRequest,
    ];

    /// Its code in HL7 v3 PurposeOfUse.
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

impl core::str::FromStr for Purpose {
    type Err = DecodeError;

    /// Parses a [code](Self::code), in capitals.
    fn from_str(text: &str) -> Result<Self, DecodeError> {
        let mut all = Self::ALL.into_iter();
        all.find(|purpose| purpose.code() == text)
            .ok_or_else(|| DecodeError::Malformed {
                reason: format!("{text:?} is not a purpose; expected one of {}", codes()),
            })
    }
}

fn codes() -> String {
    Purpose::ALL.map(Purpose::code).join(", ")
}

/// A set of purposes, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PurposeSet(u16);

impl PurposeSet {
    /// The set with `purpose` added.
    #[must_use]
    pub const fn with(self, purpose: Purpose) -> Self {
        Self(self.0 | 1 << purpose as u16)
    }

    /// True when the set holds `purpose`.
    #[must_use]
    pub const fn contains(self, purpose: Purpose) -> bool {
        self.0 & (1 << purpose as u16) != 0
    }

    /// The purposes in the set, in the order of [`Purpose::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Purpose> {
        let all = Purpose::ALL.into_iter();
        all.filter(move |purpose| self.contains(*purpose))
    }

    /// True for the set without purposes, which no grant may have.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl core::fmt::Display for PurposeSet {
    /// The codes, in the order of [`Purpose::ALL`]: `TREAT, HRESCH`.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let held = Purpose::ALL
            .into_iter()
            .filter(|purpose| self.contains(*purpose));
        for (index, purpose) in held.enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{purpose}")?;
        }
        Ok(())
    }
}

impl From<Purpose> for PurposeSet {
    fn from(purpose: Purpose) -> Self {
        Self::default().with(purpose)
    }
}

/// A request for access; the proof of knowledge of its session secret binds every field.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AccessRequest {
    /// Chain of the consortium asked.
    pub chain: ChainId,
    /// Grant that the request relies on.
    pub grant: GrantId,
    /// H(L) of the label to be released.
    pub label: Digest,
    /// Key of the grantee, which signs the request.
    pub grantee_key: VerifyingKey,
    /// R = z·g1, fresh for this request.
    pub session: G1Bytes,
    /// Must be a purpose of the grant.
    pub purpose: Purpose,
    /// Makes two otherwise equal requests differ.
    pub nonce: Nonce,
}

impl AccessRequest {
    /// The context of the proof of knowledge of z.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest("medshare/types/access-request/v1", &[&to_borsh(self)])
    }
}

/// A Schnorr proof of knowledge of a discrete logarithm in G1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ProofOfKnowledge {
    /// T = τ·g1, for a fresh τ.
    pub commitment: G1Bytes,
    /// y = τ + c·z, for the challenge c.
    pub response: ScalarBytes,
}

/// Permission for one reader, one label and one session key, valid for minutes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Ticket {
    /// Derived from the requesting transaction.
    pub id: TicketId,
    /// Grant that the ticket was issued under.
    pub grant: GrantId,
    /// The person that may read.
    pub grantee: PersonId,
    /// Key of the grantee, which signed the request.
    pub grantee_key: VerifyingKey,
    /// The record that may be read.
    pub record: RecordId,
    /// The one version of the record that may be read.
    pub version: RecordVersion,
    /// Class of access, that of the label and the gate key.
    pub class: AccessClass,
    /// H(L) of the label to be released.
    pub label: Digest,
    /// R, the session key that shares are blinded for.
    pub session: G1Bytes,
    /// Purpose named in the request.
    pub purpose: Purpose,
    /// Height of the issuing block.
    pub height: Height,
    /// Time of the issuing block.
    pub issued_at: Timestamp,
    /// From this time on no holder releases under the ticket.
    pub expires: Timestamp,
}

/// A reasoned denial by the contract. Each tells the sender how to proceed; none tells a secret.
///
/// A variant's position is its tag in receipts, so variants are only added at the end.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, thiserror::Error)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the fields are the values that the messages print"
)]
pub enum Denial {
    /// The grant's window, or the label's, has not begun.
    #[error("access opens at {opens_at}")]
    NotYet { opens_at: Timestamp },
    /// The grant's window, or the label's, is over.
    #[error("access ended at {ended_at}")]
    Expired { ended_at: Timestamp },
    /// `height` is that of the revoking block.
    #[error("access was revoked at height {height}")]
    Revoked { height: Height },
    /// The grant issued its last ticket.
    #[error("the grant allowed {allowed} uses, all taken")]
    UsesExhausted { allowed: u32 },
    /// The grant is for other purposes.
    #[error("the grant does not cover the purpose {}, only {}", named(*requested), all_named(*granted))]
    PurposeMismatch {
        requested: Purpose,
        granted: PurposeSet,
    },
    #[error(
        "the chain has no grant of this identifier; check it, and that it is this consortium's"
    )]
    UnknownGrant,
    /// The sender is not the person that the grant names.
    #[error("the grant is for another person")]
    NotGrantee,
    /// No such record, or no such version of it.
    #[error("the chain has no record of this identifier and version; check both")]
    UnknownRecord,
    /// The record has no label with the requested digest.
    #[error("the request names another label than the record's")]
    LabelMismatch,
    /// R is not a valid point, was used before, or its proof of knowledge does not verify.
    #[error("the session key or its proof is invalid")]
    InvalidSessionKey,
    /// The sender lacks the role that the call needs.
    #[error(
        "the sender may not do this: a record's subject grants access, the giver of a grant revokes \
         it, and a record's owner adds versions"
    )]
    NotAuthorised,
    /// The sender is not registered, or is registered with another key.
    #[error(
        "the chain does not know the sender, or knows it by another key; enrol the person first, or \
         sign by the key that the chain has"
    )]
    UnknownSender,
    #[error("the nonce was used before")]
    DuplicateNonce,
    /// The identifier is taken.
    #[error("already registered")]
    AlreadyExists,
    /// `field` is part of the interface: programs match on it.
    #[error("invalid {field}{}", advice(field))]
    Invalid { field: String },
    /// The gate has no key yet, or its ceremony stopped.
    #[error("no gate key of this name is ready")]
    GateKeyNotReady,
    #[error("the key ceremony was stopped: {accuser} complained about {dealer}")]
    CeremonyStopped {
        accuser: OrganisationId,
        dealer: OrganisationId,
    },
    /// The bytes are not a call of this version of the rules.
    #[error("the call cannot be decoded")]
    Undecodable,
    /// The transaction, or the request in it, names another chain.
    #[error("made for another chain")]
    WrongChain,
    /// `awaiting` is the first holder, in order, whose deal is missing.
    #[error("the key ceremony still waits for the deal of {awaiting}")]
    CeremonyIncomplete { awaiting: OrganisationId },
    /// The ceremony ended with a key.
    #[error("the key ceremony is over, its key is {key}")]
    CeremonyOver { key: GateKeyId },
    /// The organisation registered as many keys for the next epoch as the rules allow.
    #[error(
        "an organisation registers at most {allowed} voting keys an epoch; the last one counts"
    )]
    VotingKeysExhausted { allowed: u32 },
}

/// As the interface and as HL7 call it.
fn named(purpose: Purpose) -> String {
    format!("{purpose:?} ({purpose})")
}

fn all_named(purposes: PurposeSet) -> String {
    let named: Vec<_> = purposes.iter().map(named).collect();
    named.join(", ")
}

fn advice(field: &str) -> &'static str {
    match field {
        "uses" => ": a grant allows one use at least",
        "purposes" => ": a grant names at least one purpose, and known ones alone",
        "grantee" => ": the chain knows no such person; enrol the grantee first",
        "subject" => {
            ": the chain knows no such person, or the record is about another; enrol the subject first"
        }
        "epoch" => ": a voting key is registered for the epoch after the running one",
        "possession" => {
            ": the key itself signs the chain, its organisation and the epoch that it is for"
        }
        "evidence" => ": it proves no misbehaviour of an organisation to this chain",
        _ => "",
    }
}

impl Denial {
    /// Stable code for programs.
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
            Self::VotingKeysExhausted { .. } => "voting_keys_exhausted",
        }
    }
}
