//! What can go wrong, each with a stable code.

use std::path::PathBuf;

use medshare_abe::{Date, Validity};
use medshare_ledger::VerifyError;
use medshare_types::{DecodeError, Denial, keystore::KeyStoreError};

/// The result of an SDK call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed. [`Error::code`] is stable, the text is not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The contract refused, with its reason.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// The reader's attributes do not satisfy the record's policy. Told from public data.
    #[error("the policy {policy} is not satisfied; missing: {}", missing.join(", "))]
    PolicyUnsatisfied {
        /// The record's policy.
        policy: String,
        /// Attributes that would help.
        missing: Vec<String>,
    },
    /// The record was sealed on a day that the reader's attribute key is not for, and a new key is
    /// not for it either.
    #[error("sealed on {sealed_on}, and the attribute key is for {validity}")]
    KeyLapsed {
        /// The record's sealing date.
        sealed_on: Date,
        /// The days that the key is for.
        validity: Validity,
    },
    /// The attribute authority issues no more keys to this person.
    #[error("the attribute authority issues no keys to this person")]
    IssuanceRefused,
    /// What the attribute authority answered is no key of the person's.
    #[error("the attribute authority's answer is no key of this person's: {reason}")]
    BadAttributeKey {
        /// What is wrong with it.
        reason: String,
    },
    /// The attribute authority's clock is wrong: the chain has a block of a later day. It issues
    /// nothing before that is put right.
    #[error("the attribute authority's clock shows {clock}, and the chain has a block of {block}")]
    ClockBehind {
        /// What the clock shows.
        clock: Date,
        /// The block's day.
        block: Date,
    },
    /// An attribute's text is not an attribute.
    #[error("invalid attribute {attribute:?}: {reason}")]
    InvalidAttribute {
        /// The text.
        attribute: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A stored segment is not the one on chain, in no store that should hold it.
    #[error("segment {index} is not the one that was registered, in any store")]
    SegmentMismatch {
        /// Which, from 0.
        index: u64,
    },
    /// The stored object is shorter than what was registered, in every store.
    #[error("the stored object holds {found} bytes where at least {expected} were registered")]
    ObjectTruncated {
        /// Bytes that must be there at the least.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The stored object is longer than what was registered, in every store.
    #[error("the stored object holds {found} bytes where at most {expected} were registered")]
    ObjectExtended {
        /// Bytes that may be there at the most.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// An object that the chain names is in no store as it was registered.
    #[error("the record's {object} is missing or altered in every store")]
    ObjectUnavailable {
        /// Which of the record's objects.
        object: &'static str,
    },
    /// Fewer good shares than the threshold.
    #[error(
        "{good} good shares where {needed} are needed; bad: [{}]; refused or silent: [{}]",
        culprits.join(", "), silent.join(", ")
    )]
    InsufficientShares {
        /// Good shares received.
        good: usize,
        /// The threshold t.
        needed: usize,
        /// Organisations whose share was wrong.
        culprits: Vec<String>,
        /// Organisations that gave none, with the reason where they told one.
        silent: Vec<String>,
    },
    /// The key does not open the record. Deliberately says no more.
    #[error("the record cannot be decrypted with this key")]
    Undecipherable,
    /// No member could be reached.
    #[error("no member of the consortium could be reached")]
    Unreachable,
    /// The members that were asked cannot do it now.
    #[error("the consortium is busy or behind: {reason}")]
    Busy {
        /// What the last of them said.
        reason: String,
    },
    /// The consortium did not answer in time.
    #[error("the consortium did not {what} within {timeout_ms} ms")]
    TimedOut {
        /// What it should have done.
        what: &'static str,
        /// How long was waited, milliseconds.
        timeout_ms: u64,
    },
    /// A member's answer does not verify against the trust anchor.
    #[error("a member's answer does not verify: {source}")]
    InvalidProof {
        /// What was wrong.
        #[from]
        source: VerifyError,
    },
    /// A member answered something else than was asked.
    #[error("a member's answer makes no sense: {reason}")]
    InvalidAnswer {
        /// What was wrong.
        reason: String,
    },
    /// The consortium has no organisation of that name.
    #[error("no organisation is called {name:?}")]
    UnknownOrganisation {
        /// The name.
        name: String,
    },
    /// Nobody of that name was enrolled here.
    #[error("nobody called {name:?} was enrolled here")]
    UnknownPerson {
        /// The name.
        name: String,
    },
    /// Somebody of that name was enrolled here before.
    #[error("somebody called {name:?} was enrolled here before")]
    AlreadyEnrolled {
        /// The name.
        name: String,
    },
    /// Title and media type do not fit into a descriptor.
    #[error("title and media type are too long for a descriptor")]
    DescriptorTooLong,
    /// The content is longer than what can be sealed and read back. Of a record, that it says of
    /// itself that it is.
    #[error("content of more than {limit} bytes is neither sealed nor opened")]
    ContentTooLong {
        /// Bytes of the longest content.
        limit: u64,
    },
    /// A record needs a data subject.
    #[error("a record needs a data subject")]
    MissingSubject,
    /// The key store failed.
    #[error(transparent)]
    KeyStore(#[from] KeyStoreError),
    /// Stored bytes of this library's own are damaged.
    #[error("stored data is damaged: {source}")]
    Damaged {
        /// What was wrong.
        #[from]
        source: DecodeError,
    },
    /// The object store failed.
    #[error("the object store failed: {source}")]
    ObjectStore {
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Reading the input or writing the output failed.
    #[error("{source}")]
    Io {
        /// What the system said.
        #[from]
        source: std::io::Error,
    },
    /// Another process has the consortium's folder open.
    #[error("{} is in use by another process", folder.display())]
    FolderInUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder holds a consortium, but not its trust anchor.
    #[error("{} holds ledgers but no trust anchor; put it back, nothing was changed", folder.display())]
    MissingTrustAnchor {
        /// The folder.
        folder: PathBuf,
    },
    /// A consortium that is kept in a folder needs a passphrase.
    #[error("a consortium that is kept in a folder needs a passphrase")]
    MissingPassphrase,
    /// The consortium does not run in this process.
    #[error("the consortium does not run in this process")]
    NotInProcess,
    /// A member of the consortium in this process failed.
    #[error("the member {organisation} failed: {source}")]
    Member {
        /// Whose.
        organisation: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// A stable code for programs; a refusal by the contract has the denial's.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Denied(denial) => denial.code(),
            Self::PolicyUnsatisfied { .. } => "policy_unsatisfied",
            Self::KeyLapsed { .. } => "key_lapsed",
            Self::IssuanceRefused => "issuance_refused",
            Self::BadAttributeKey { .. } => "bad_attribute_key",
            Self::ClockBehind { .. } => "clock_behind",
            Self::InvalidAttribute { .. } => "invalid_attribute",
            Self::SegmentMismatch { .. } => "segment_mismatch",
            Self::ObjectTruncated { .. } => "object_truncated",
            Self::ObjectExtended { .. } => "object_extended",
            Self::ObjectUnavailable { .. } => "object_unavailable",
            Self::InsufficientShares { .. } => "insufficient_shares",
            Self::Undecipherable => "undecipherable",
            Self::Unreachable => "unreachable",
            Self::Busy { .. } => "busy",
            Self::TimedOut { .. } => "timed_out",
            Self::InvalidProof { .. } => "invalid_proof",
            Self::InvalidAnswer { .. } => "invalid_answer",
            Self::UnknownOrganisation { .. } => "unknown_organisation",
            Self::UnknownPerson { .. } => "unknown_person",
            Self::AlreadyEnrolled { .. } => "already_enrolled",
            Self::MissingSubject => "missing_subject",
            Self::DescriptorTooLong => "descriptor_too_long",
            Self::ContentTooLong { .. } => "content_too_long",
            Self::KeyStore(_) => "key_store",
            Self::Damaged { .. } => "damaged",
            Self::ObjectStore { .. } => "object_store",
            Self::Io { .. } => "io",
            Self::FolderInUse { .. } => "folder_in_use",
            Self::MissingTrustAnchor { .. } => "missing_trust_anchor",
            Self::MissingPassphrase => "missing_passphrase",
            Self::NotInProcess => "not_in_process",
            Self::Member { .. } => "member",
        }
    }

    /// Whether the same call may succeed later without anybody changing anything.
    ///
    /// After [`Self::TimedOut`] the first call may take effect all the same: sealing again is
    /// harmless under an idempotency key, granting again makes a second grant, and opening again
    /// takes another use of the grant.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable
                | Self::Busy { .. }
                | Self::FolderInUse { .. }
                | Self::TimedOut { .. }
                | Self::InsufficientShares { .. }
                | Self::ObjectStore { .. }
                | Self::Denied(Denial::NotYet { .. } | Denial::GateKeyNotReady)
        )
    }
}

impl From<medshare_host::TaskError> for Error {
    fn from(error: medshare_host::TaskError) -> Self {
        Self::Io {
            source: std::io::Error::other(error),
        }
    }
}
