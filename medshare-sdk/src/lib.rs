//! Seal, grant, open and audit medical records that several organisations share.
//!
//! **Is:** the interface for applications. An [`Organisation`] enrols people and seals records, a
//! patient ([`Person`]) grants and revokes, a clinician opens, and an auditor with the
//! [`TrustAnchor`] verifies a [`Receipt`] offline. Answers of the consortium are verified; no
//! single member, and no store, is believed.
//!
//! **Is not:** protocol logic, which is in the crates under it; nor control over copies: no scheme
//! un-reads a record.
//!
//! # Security
//!
//! Not audited. Secrets come from a [`KeyStore`](keystore::KeyStore), are erased when dropped and
//! never printed. See `SECURITY.md` for the threat model and for what is not claimed.
//!
//! # Example
//!
//! ```
//! # #[tokio::main(flavor = "multi_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use medshare_sdk::{AccessPolicy, Consortium, Purpose, Window};
//!
//! let consortium = Consortium::in_process(4).await?;
//! let st_mary = consortium.organisation("st-mary")?;
//! let patient = st_mary.enrol("patient-7", &[]).await?;
//! let doctor = st_mary.enrol("dr-lee", &["role:cardiologist"]).await?;
//! let policy: AccessPolicy = "role:cardiologist".parse()?;
//! let record = st_mary.seal(b"an ECG", &policy).subject(&patient).await?;
//! let grant =
//!     patient.grant(record, &doctor, Window::days(30)).purpose(Purpose::Treatment).await?;
//! let opened = doctor.open(grant).await?;
//! assert_eq!(opened.bytes(), b"an ECG");
//! opened.receipt().verify(&consortium.trust_anchor())?;
//! # consortium.shut_down().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # The simple and the full interface
//!
//! [`Consortium::in_process`] needs nothing but a number: it draws all keys and runs all members in
//! this process. That is right for a first program, for tests and for demonstrations, and it
//! protects nothing, since one process holds all keys. [`LocalBuilder`](local::LocalBuilder) adds a
//! lasting folder, a passphrase, and rules of your own.
//!
//! Graduate to [`Consortium::connect`] as soon as the members run elsewhere. You then bring the
//! genesis, a [`ConsortiumClient`] that carries bytes to members, a
//! [`KeyStore`](keystore::KeyStore) for people, a [`Signer`](keystore::Signer) for your
//! organisation, an [`AttributeIssuer`](issuer::AttributeIssuer) and the stores; see
//! [`ConsortiumParts`]. [`LocalConsortium`](local::LocalConsortium) dereferences to [`Consortium`],
//! so the rest of the application stays as it is.
//!
//! In the same way `open(grant).await` holds the content in memory, and [`Open::write_to`] streams
//! it; `seal(bytes, ..)` copies, and [`Content::file`], [`Content::reader`] and
//! [`Content::stream`] stream.
//!
//! # Features
//!
//! `in-process` (default): the module [`local`], which compiles a replica and a database into the
//! application. A client of a consortium that runs elsewhere turns it off:
//! `medshare-sdk = { version = "0.1", default-features = false }`.
//!
//! `fault-injection`: members that misbehave on purpose, for tests and demonstrations only.
//!
//! # Module map
//!
//! | module | holds |
//! |---|---|
//! | `consortium`, `organisation`, `person` | the facades: what applications hold |
//! | `actor`, `context` | one identity, and the shared state, that operations work with |
//! | `person_name` | names as people type them |
//! | `keyring` | which attribute key opens a record, and where it is stored |
//! | `access_rule` | the policy of a header, and whether the subject reads the record |
//! | `write` | from content to a registered record |
//! | `warnings` | doubts whether a sealed record has a reader |
//! | `grant`, [`window`], `times` | consent, and times that could never open a record |
//! | `read` | from a grant to bytes |
//! | `lists` | what the chain has: lists, each proven whole, and look-ups |
//! | `contact` | signed introductions of people to other organisations |
//! | [`receipt`] | proofs to keep |
//! | `events` | watching the chain |
//! | `deadlines`, `bounded`, `health` | how long calls wait, and what keeps members from answering |
//! | [`issuer`] | attribute keys: requests, and the authority |
//! | [`client`], `chain` | requests to members, and the verification of their answers |
//! | `turns`, `backoff` | how much is asked at the same time, and pauses between attempts |
//! | `registered`, `sweep` | stored objects that the chain names, and removing those that it does not |
//! | `standing` | the role and credit of each organisation, and why |
//! | `repair` | the copies of one record: looking at them, and restoring them |
//! | [`keystore`] | where secrets are kept |
//! | `observe` | spans, metrics and progress |
//! | [`local`] | a whole consortium in this process (feature `in-process`) |
//! | [`error`] | errors with stable codes |
#![forbid(unsafe_code)]

#[cfg(medshare_test_signatures)]
compile_error!("test signatures are for simulations of consensus, and for nothing else");

mod access_rule;
mod actor;
mod backoff;
mod chain;
pub mod client;
mod consortium;
mod contact;
mod context;
mod damage;
mod deadlines;
pub mod error;
mod events;
mod grant;
mod health;
pub mod issuer;
mod keyring;
mod lists;
#[cfg(feature = "in-process")]
pub mod local;
mod observe;
mod organisation;
mod person;
mod person_name;
mod read;
pub mod receipt;
mod record;
mod registered;
mod repair;
#[cfg(feature = "in-process")]
mod standing;
mod sweep;
mod times;
mod turns;
mod warnings;
pub mod window;
mod write;

pub use access_rule::AccessRule;
pub use client::ConsortiumClient;
pub use consortium::Consortium;
pub use contact::{CardRequest, Contact, ContactCard, ContactFault};
pub use context::ConsortiumParts;
pub use damage::{Damage, DamagedFile, WayBack};
pub use deadlines::Deadlines;
pub use error::{Error, Result};
pub use events::Events;
pub use grant::GrantRequest;
pub use health::{MemberHealth, MemberState, Refusing, Running};
pub use lists::{GrantInfo, GrantStatus, Listing, OrganisationInfo, PersonInfo, RecordInfo};
pub use medshare_abe::{
    AccessPolicy, Attribute, AttributeSet, Date, MasterSecretKey, PublicParameters, UserSecretKey,
    Validity,
};
#[cfg(feature = "in-process")]
pub use medshare_consensus::credit::{Exit, ExitReason, Role};
pub use medshare_host::{keystore, os_random};
pub use medshare_store::object_store;
pub use medshare_store::{RecordStore, StoreError, StoreHealth, StoreLocation, StoreState};
pub use medshare_types::{
    AccessDenied, ChainId, Denial, Digest, Epoch, Event, Genesis, GrantId, Height, OrganisationId,
    PersonId, Principal, Purpose, PurposeSet, RandomSource, RecordId, RecordVersion, ReplicaId,
    Signature, SigningKey, Ticket, TicketId, Timestamp, TransactionId, VerifyingKey,
};
pub use organisation::Organisation;
pub use person::Person;
pub use person_name::MAX_PERSON_NAME_LEN;
pub use read::open::{Access, Open, Opened};
pub use read::own::OpenOwn;
pub use receipt::{Receipt, TrustAnchor};
pub use record::{Descriptor, RecordRef};
pub use repair::{CopyFault, CopyState, RecordCopies, StoredCopy};
#[cfg(feature = "in-process")]
pub use standing::{OrganisationStanding, StandingChange};
pub use sweep::StoreSweep;
pub use warnings::{SealWarning, SealedRecord};
pub use window::Window;
pub use write::content::Content;
pub use write::seal::Seal;
pub use zeroize::Zeroizing;
