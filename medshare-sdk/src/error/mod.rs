//! The errors of SDK calls, each with a stable code.

mod code;
mod convert;

use std::path::{Path, PathBuf};

use medshare_abe::{Date, Validity};
use medshare_store::placement::MAX_COPIES;
use medshare_types::text::excerpt;
use medshare_types::{Denial, GrantId, Height, Timestamp, TransactionId};

pub use medshare_ledger::VerifyError;
pub use medshare_types::DecodeError;
pub use medshare_types::keystore::KeyStoreError;
pub use medshare_types::time::TimeError;

pub use crate::contact::ContactFault;
use crate::damage::{Damage, too_many};
pub use crate::times::{TimeUnit, TimesFault};

/// The result of an SDK call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of a crate below, or of the caller's own implementation of a trait.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// A failed call. [`Error::code`] is stable, the text is not; where the caller can do something about
/// it, the text ends with that.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the names of most fields say all; the others have a line of their own"
)]
pub enum Error {
    /// The contract denied the call.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// The reader's attributes do not satisfy the record's policy. Found from public data: no
    /// ticket was requested, and no use of a grant is lost.
    #[error("the policy {policy} is not satisfied; missing: {}", missing.join(", "))]
    PolicyUnsatisfied {
        policy: String,
        /// Conditions that would help.
        missing: Vec<String>,
    },
    /// The reader is the record's subject, the sealer withheld it from the subject, and the reader's
    /// attributes do not satisfy the policy for others either.
    #[error(
        "the sealer withheld the record from its subject, and the policy {policy} is not satisfied"
    )]
    WithheldFromSubject { policy: String },
    /// The attribute key does not cover the day on which the record was sealed, and neither does a
    /// new one.
    #[error(
        "the record was sealed on {sealed_on}, and the attribute key covers {validity}; \
         the authority must issue keys with a longer lifetime"
    )]
    KeyLapsed {
        sealed_on: Date,
        /// The days that the key covers.
        validity: Validity,
    },
    /// The attribute authority issues no more keys to this person.
    #[error("the attribute authority refuses keys to this person; ask its operator for the reason")]
    IssuanceRefused,
    /// The attribute authority's answer is not a key of the person's attributes.
    #[error("the attribute authority's answer is not a key of this person: {source}")]
    BadAttributeKey { source: Source },
    /// The attribute authority's clock is behind the chain's last block. It issues nothing until
    /// that is corrected.
    #[error(
        "the attribute authority's clock shows {clock}, and the chain has a block of {block}; \
         set the clock and try again"
    )]
    ClockBehind { clock: Date, block: Date },
    /// A text is not an attribute, or no key can be issued for so many attributes.
    #[error("invalid attribute {:?}: {source}", excerpt(attribute))]
    InvalidAttribute { attribute: String, source: Source },
    /// A text is not a name of a person: too long, or with characters that a reader cannot see.
    #[error(
        "invalid name of a person {:?}: {source}; correct the name",
        excerpt(name)
    )]
    InvalidPersonName { name: String, source: Source },
    /// The policy has no room for the data subject beside it.
    #[error(
        "no room for the data subject in the policy {policy}: {source}; \
         shorten it, or use Seal::withheld_from_subject"
    )]
    InvalidPolicy { policy: String, source: Source },
    /// A contact card is refused.
    #[error("the contact card {fault}")]
    InvalidContact {
        fault: ContactFault,
        source: Option<Source>,
    },
    /// No store has a segment as it was registered.
    #[error("segment {index} is not the registered one in any store; restore it from a backup")]
    SegmentMismatch {
        /// The segment, counted from 0.
        index: u64,
    },
    /// The stored payload is shorter than registered, in every store.
    #[error(
        "the stored payload has {found} bytes, and at least {expected} were registered; \
         restore it from a backup"
    )]
    ObjectTruncated { expected: u64, found: u64 },
    /// The stored payload is longer than registered, in every store.
    #[error(
        "the stored payload has {found} bytes, and at most {expected} were registered; \
         restore it from a backup"
    )]
    ObjectExtended { expected: u64, found: u64 },
    /// No store has an object as it was registered, and each of the record's stores is there.
    #[error(
        "the record's {} is missing or altered in every store; restore it from a backup",
        in_words(object)
    )]
    ObjectUnavailable {
        /// `payload`, `segments`, `access`, `descriptor` or `fingerprints`.
        object: &'static str,
    },
    /// Fewer good shares than the threshold.
    #[error(
        "{good} good shares, and {needed} are needed; wrong: [{}]; refused or silent: [{}]; {}",
        culprits.join(", "), silent.join(", "), cost_of_retry(*ticket_expires)
    )]
    InsufficientShares {
        good: usize,
        /// The threshold t of the gate.
        needed: usize,
        /// Organisations whose share was wrong.
        culprits: Vec<String>,
        /// Organisations that gave none, each with its reason.
        silent: Vec<String>,
        /// Until then opening again goes on with the ticket, and takes no further use of the
        /// grant. None where no ticket was requested, so that no use was taken.
        ticket_expires: Option<Timestamp>,
    },
    /// The ticket expired before there were enough shares, and a use of the grant is lost. Grant
    /// and record still stand.
    #[error(
        "the ticket expired at {expired_at}, before there were enough shares; \
         opening again takes another use of the grant"
    )]
    TicketExpired { expired_at: Timestamp },
    /// The key does not open the record. Deliberately says no more.
    #[error("the record cannot be decrypted with this key")]
    Undecipherable,
    /// No member could be reached, or answered before its deadline.
    #[error(
        "no member of the consortium could be reached in time; check the network and the deadlines, \
         and try again"
    )]
    Unreachable,
    /// Too few members run for the call, and those that ended do not come back by themselves.
    #[error("the consortium was stopped: {}; start it again", ended.join(", "))]
    Stopped {
        /// Organisations whose member ended, each with its reason.
        ended: Vec<String>,
    },
    /// The members that were asked are overloaded, behind, or too few to prove that something does
    /// not exist; or other calls of this application came first until the deadline.
    #[error("the consortium is busy or behind: {reason}; try again")]
    Busy {
        /// The last member's words, or what the call waited for.
        reason: String,
    },
    /// The consortium did not answer in time. The call may still take effect, see
    /// [`Error::is_retryable`].
    #[error(
        "the consortium did not {what} within {timeout_ms} ms, and may still do so{}; \
         known causes: [{}]",
        later(*grant), causes.join(", ")
    )]
    TimedOut {
        what: &'static str,
        timeout_ms: u64,
        /// What members told of themselves, and which gave no answer, at the deadline.
        causes: Vec<String>,
        /// The transaction that a member took, if it is one.
        transaction: Option<TransactionId>,
        /// The identifier that the grant has if it is ordered after all, for a look-up by
        /// [`Consortium::grant`](crate::Consortium::grant) and for a revocation.
        grant: Option<GrantId>,
    },
    /// A member's answer or a receipt does not verify against the trust anchor.
    #[error("{what} {}: {source}", flaw(source))]
    InvalidProof {
        /// `a member's answer` or `the receipt`.
        what: &'static str,
        source: VerifyError,
    },
    /// A watch was to go on after a block that the chain does not have yet.
    #[error(
        "the chain has {highest} blocks, and the watch was to go on after block {height}; where the \
         consortium was restored from a backup, forget saved heights and counts, and watch from there"
    )]
    UnknownHeight { height: Height, highest: Height },
    /// A member's answer cannot be decoded, or answers another question.
    #[error("a member's answer makes no sense: {source}")]
    InvalidAnswer { source: Source },
    /// The genesis is not that of a consortium.
    #[error("invalid genesis: {source}; use the trust anchor that the consortium published")]
    InvalidGenesis { source: Source },
    /// The consortium has no such organisation, or the application was given no signer or store of it.
    #[error("unknown organisation {:?}: {reason} [{}]", excerpt(name), known.join(", "))]
    UnknownOrganisation {
        name: String,
        /// What is missing, and what `known` lists.
        reason: &'static str,
        known: Vec<String>,
    },
    /// The organisation has not enrolled a person of that name with this key store, or not to the
    /// end.
    #[error("unknown person {:?}; enrol the person first", excerpt(name))]
    UnknownPerson { name: String },
    /// The organisation has enrolled a person of that name.
    #[error("{name:?} is already enrolled; find the person by Organisation::person")]
    AlreadyEnrolled { name: String },
    /// The organisation has enrolled a person of that name with other attributes.
    #[error(
        "{name:?} is enrolled with [{}], and was asked for with [{}]; \
         ask for the former, or enrol under another name",
        enrolled.join(", "), asked.join(", ")
    )]
    EnrolmentConflict {
        name: String,
        /// Attributes on the chain.
        enrolled: Vec<String>,
        /// Attributes of the call.
        asked: Vec<String>,
    },
    /// Title and media type do not fit into a descriptor.
    #[error("title and media type do not fit into a descriptor; shorten the title")]
    DescriptorTooLong,
    /// The content is longer than the limit. Of a record that is opened: its registered length is.
    #[error("content of more than {limit} bytes is neither sealed nor opened; split it")]
    ContentTooLong {
        /// Bytes of the longest content.
        limit: u64,
    },
    /// The content does not fit into memory.
    #[error("no memory for {bytes} bytes of content; stream it with Open::write_to")]
    OutOfMemory { bytes: u64, source: Source },
    /// The record to be sealed has no data subject.
    #[error("a record needs a data subject; name it with Seal::subject")]
    MissingSubject,
    /// No reader could ever open the record in a grant's window or a record's bounds, or one of
    /// their times was meant in another unit. Nothing was granted or sealed.
    #[error("the {what} [{not_before}, {not_after}) {fault}")]
    InvalidTimes {
        /// `window` of a grant, or `bounds` of a record.
        what: &'static str,
        not_before: Timestamp,
        not_after: Timestamp,
        fault: TimesFault,
    },
    /// The idempotency key belongs to a record that was sealed from something else.
    #[error(
        "the idempotency key is taken by a record of another {differs}; \
         use a new key for a new record"
    )]
    IdempotencyConflict {
        /// `subject`, `policy` or `content`: the first that differs.
        differs: &'static str,
    },
    /// The key store failed.
    #[error(transparent)]
    KeyStore(KeyStoreError),
    /// The key store lacks a secret that was stored when the consortium was founded, or when a person
    /// was enrolled.
    #[error("the key store has no {entry:?} any more; restore it from a backup")]
    MissingSecret { entry: String },
    /// Stored data was found as it was written, but has no meaning.
    #[error("{what} is damaged: {source}")]
    Damaged { what: &'static str, source: Source },
    /// An object store failed, or gave no answer in time.
    #[error("the object store of {organisation} failed: {source}")]
    ObjectStore {
        organisation: String,
        source: Source,
    },
    /// An object store lacks the marker that was written when it was prepared.
    #[error(
        "the object store of {organisation} is empty or not mounted; mount it, or replace it by a \
         new one with Organisation::prepare_store and repair its records; nothing was written to it"
    )]
    MissingStore { organisation: String },
    /// An object store is marked as that of another organisation or consortium, or holds records of
    /// one that is not known.
    #[error(
        "the object store of {organisation} is in use by another organisation or consortium; \
         give it a folder, bucket or prefix of its own, nothing was written to it"
    )]
    ForeignStore { organisation: String },
    /// The application was not given some of a record's stores, and no other has an object as it was
    /// registered.
    #[error(
        "the application lacks the object stores of [{}], and no other that it has holds the \
         record's {} as registered; give it these stores",
        organisations.join(", "), in_words(object)
    )]
    StoreNotConnected {
        /// As in [`Self::ObjectUnavailable`].
        object: &'static str,
        organisations: Vec<String>,
    },
    /// No stores could take so many copies of a record.
    #[error(
        "{}; choose other numbers by Seal::copies and Seal::at_least_copies, or give the \
         application more stores",
        impossible(*wanted, *needed, *stores)
    )]
    InvalidCopies {
        wanted: usize,
        /// Copies without which nothing is registered.
        needed: usize,
        /// Stores that the application has.
        stores: usize,
    },
    /// Fewer stores took a copy of the record than it needs. Nothing was registered.
    #[error(
        "{got} of {needed} copies of the record were stored; stores that failed: [{}]; try again, \
         give the application more stores, or be content with fewer by Seal::at_least_copies",
        texts(stores)
    )]
    TooFewCopies {
        /// Copies that there should have been.
        wanted: usize,
        /// Copies without which nothing is registered.
        needed: usize,
        /// Copies that there would have been.
        got: usize,
        /// Why each store that failed did.
        stores: Vec<Error>,
    },
    /// Reading the input or writing the output failed, or a file of the consortium's folder did.
    #[error("{}{source}", named(file.as_deref()))]
    Io {
        /// A file of the consortium. None for the caller's content and writer, which the source names
        /// if it can.
        file: Option<PathBuf>,
        source: std::io::Error,
    },
    /// A disk has no room: of a member, of a store, or of this process. What was stored before is as
    /// it was. A member goes on by itself once there is room.
    #[error("no room on a disk of {at}: {source}; free some and try again")]
    DiskFull {
        /// The organisation, or what was to be written.
        at: String,
        source: Source,
    },
    /// Another process has opened the consortium's folder, or this one has and did not shut it down.
    #[error(
        "{} is in use by this process or another; call LocalConsortium::shut_down, or drop every handle \
         of it, and try again",
        folder.display()
    )]
    FolderInUse { folder: PathBuf },
    /// The folder holds a consortium, but not its trust anchor.
    #[error("{} holds members of a consortium but no trust anchor; restore it, nothing was changed", folder.display())]
    MissingTrustAnchor { folder: PathBuf },
    /// Members took part in the chain, and their ledgers are gone: more than the others can replace.
    #[error(
        "the ledgers of {} are missing, and too few members are left to replace them; \
         restore their folders from a backup, nothing was changed",
        members.join(", ")
    )]
    MissingLedgers {
        /// Organisations whose ledger is missing.
        members: Vec<String>,
    },
    /// A key store that was created when the consortium was founded is not there.
    #[error("there is no key store in {}; restore it from a backup, nothing was changed", folder.display())]
    MissingKeyStore { folder: PathBuf },
    /// The attribute authority's master key does not belong to the trust anchor.
    #[error(
        "the attribute authority's master key is that of another consortium; \
         restore this one's from a backup"
    )]
    ForeignMasterKey,
    /// A member's name is another member's, or has characters that no policy could name it by.
    #[error("{source}; give each member a name of its own")]
    InvalidMemberName { name: String, source: Source },
    /// The folder holds a consortium of other members than the caller named.
    #[error(
        "{} holds a consortium of [{}], not of [{}]; name its members, or another folder",
        folder.display(), founded.join(", "), asked.join(", ")
    )]
    OtherMembers {
        folder: PathBuf,
        founded: Vec<String>,
        asked: Vec<String>,
    },
    /// A consortium of so many members cannot be founded in one process.
    #[error(
        "a consortium in one process has {min} to {max} members, not {members}; \
         found one of such a size"
    )]
    InvalidSize {
        members: usize,
        min: usize,
        max: usize,
    },
    /// A consortium in a lasting folder needs a passphrase.
    #[error(
        "a consortium in a lasting folder needs a passphrase; set it by LocalBuilder::with_passphrase"
    )]
    MissingPassphrase,
    /// More members are damaged than the others can do without.
    #[error("{}; no file was moved aside", too_many(damaged, *limit))]
    TooManyDamaged {
        /// With those that forgot their votes, so that the others would wait for them in vain.
        damaged: Vec<Damage>,
        /// Members that may be damaged: f, with those that forgot their votes n−q, and none before the
        /// gate key exists.
        limit: usize,
    },
    /// Logs of members are copies: votes may have been written since, and too few members are left
    /// to tell them.
    #[error(
        "the logs of {} are copies of others, and too few members know their votes; if all members \
         were stopped, copied and restored together and none has run since, start with \
         LocalBuilder::restored_from_backup; nothing was changed",
        members.join(", ")
    )]
    CopiedLogs {
        /// Organisations whose log is a copy.
        members: Vec<String>,
    },
    /// A member of the consortium in this process failed.
    #[error("the member {organisation} failed: {source}")]
    Member {
        organisation: String,
        source: Source,
    },
    /// A failure that the caller cannot have caused: a defect of this library, or a panic.
    #[error("internal error: {source}; please report it")]
    Internal { source: Source },
}

const fn flaw(error: &VerifyError) -> &'static str {
    match error {
        VerifyError::WrongChain { .. } => "is of another consortium",
        _ => "does not verify",
    }
}

fn later(grant: Option<GrantId>) -> String {
    grant.map_or_else(String::new, |grant| format!(", as grant {grant}"))
}

/// The cost of opening again, for the text of an error.
fn cost_of_retry(ticket_expires: Option<Timestamp>) -> String {
    match ticket_expires {
        Some(expires) => format!(
            "try again: until {expires} opening goes on with the same ticket, \
             and takes no further use of the grant"
        ),
        None => "try again: no ticket was requested, and no use of the grant is lost".to_owned(),
    }
}

/// An object of a record, for people.
pub(crate) fn in_words(object: &str) -> &str {
    match object {
        "access" => "access header (who may read it)",
        "segments" => "list of segments",
        "fingerprints" => "fingerprint of its idempotency key",
        other => other,
    }
}

fn impossible(wanted: usize, needed: usize, stores: usize) -> String {
    match stores {
        0 => "the application has no object store for a record".to_owned(),
        _ if wanted < needed => {
            format!("of {wanted} copies of a record, {needed} cannot be needed")
        }
        _ => format!(
            "{wanted} copies of a record, at least {needed}, cannot be had: a record has 1 to \
             {MAX_COPIES}, one in each of {stores} stores",
        ),
    }
}

/// The texts of several errors, with commas between them.
fn texts(errors: &[Error]) -> String {
    let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

fn named(file: Option<&Path>) -> String {
    file.map_or_else(String::new, |file| format!("{}: ", file.display()))
}
