//! Seal, grant, open and audit medical records that several organisations share.
//!
//! **Is:** what applications use. [`Organisation`] enrols people and seals records, a patient
//! ([`Person`]) grants and revokes, a clinician opens, and whoever has the [`TrustAnchor`]
//! verifies a [`Receipt`] offline. Answers of the consortium are verified; no single member, and
//! no store, is believed.
//!
//! **Is not:** a place of protocol logic, which is in the crates under it; nor an access control
//! for what somebody has read: no scheme un-reads it.
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
//! # Module map
//!
//! | module | holds |
//! |---|---|
//! | `consortium`, `organisation`, `person` | who there is |
//! | `seal`, `content`, `record` | from bytes to a registered record |
//! | `grant`, [`window`] | consent |
//! | `open`, `reader`, `shares`, `part` | from a grant to bytes |
//! | [`receipt`] | proofs to keep |
//! | `events` | watching what happens |
//! | [`issuer`] | attribute keys |
//! | [`client`], `chain` | how members are reached, and why none is believed |
//! | `objects`, `sweep` | object stores, and removing what no record names |
//! | [`keystore`] | where secrets are kept |
//! | `observe` | spans and metrics |
//! | [`local`] | a whole consortium in this process (feature `in-process`) |
//! | [`error`] | what can go wrong, with stable codes |
#![forbid(unsafe_code)]

mod chain;
pub mod client;
mod consortium;
pub mod error;
mod events;
mod grant;
pub mod issuer;
#[cfg(feature = "in-process")]
pub mod local;
mod observe;
mod organisation;
mod person;
mod read;
pub mod receipt;
mod record;
mod store;
pub mod window;
mod write;

pub use client::ConsortiumClient;
pub use consortium::{Consortium, ConsortiumParts};
pub use error::{Error, Result};
pub use events::Events;
pub use grant::GrantRequest;
pub use medshare_abe::{AccessPolicy, Attribute};
pub use medshare_host::keystore;
pub use medshare_types::{
    ChainId, Denial, Event, GrantId, Height, OrganisationId, PersonId, Purpose, RecordId,
    RecordVersion, Ticket, TicketId, Timestamp,
};
pub use organisation::Organisation;
pub use person::Person;
pub use read::open::{Access, Open, Opened};
pub use receipt::{Receipt, TrustAnchor};
pub use record::{Descriptor, Record};
pub use store::objects::StoreLocation;
pub use window::Window;
pub use write::content::Content;
pub use write::seal::Seal;
