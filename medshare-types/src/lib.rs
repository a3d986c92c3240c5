//! Identifiers, time, signatures, encodings and certificates that every medshare crate shares.
//!
//! **Is:** the vocabulary of the suite: the strict wire envelope ([`wire`]), domain-separated
//! hashing ([`hash`]), Ed25519 under ZIP-215 rules ([`sign`]), the committee and its commit
//! certificates ([`committee`], [`certificate`]), and the types of consent ([`consent`], [`label`])
//! on which ledger, contract, gate and SDK must agree.
//!
//! **Is not:** dependent on a pairing library, a clock, a network or a source of randomness:
//! [`random::RandomSource`] is always an argument.
//!
//! ```
//! use medshare_types::{consent::Window, time::Timestamp};
//!
//! let window = Window::new(Timestamp::from_millis(1_000), Timestamp::from_millis(2_000))?;
//! assert!(window.contains(Timestamp::from_millis(1_999)));
//! assert!(!window.contains(Timestamp::from_millis(2_000)), "windows are half-open");
//! # Ok::<(), medshare_types::time::TimeError>(())
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`hash`] | SHA3-256 and SHAKE256 with a tag and length-prefixed fields |
//! | [`wire`] | the envelope of kind, version and suite around strict borsh |
//! | [`id`] | identifiers and counters |
//! | [`text`] | texts with a prefix and a checksum |
//! | [`time`] | milliseconds, days, RFC 3339 |
//! | [`point`] | fixed-length encodings of curve points, unchecked |
//! | [`sign`] | signing keys, signatures, batch verification |
//! | [`committee`], [`certificate`], [`header`] | the committee that orders blocks, and its proof of a commit |
//! | [`consent`], [`label`], [`receipt`] | windows, purposes, tickets, denials, the gate label |
//! | [`gate`] | deals, the gate key, release shares |
//! | [`keystore`] | interfaces to key stores and signers |
//! | [`genesis`] | the trust anchor |
//!
//! | feature | adds |
//! |---|---|
//! | `serde` | `serde`: texts, and canonical bytes as opaque values, of serde's formats |
#![forbid(unsafe_code)]

pub mod attestation;
mod bytes;
pub mod certificate;
pub mod committee;
pub mod consent;
pub mod gate;
pub mod genesis;
pub mod hash;
pub mod header;
pub mod id;
pub mod keystore;
pub mod label;
pub mod point;
pub mod random;
pub mod receipt;
#[cfg(feature = "serde")]
pub mod serde;
pub mod sign;
pub mod text;
pub mod time;
pub mod wire;

pub use attestation::{Attestation, Attested};
pub use certificate::{CertificateError, CommitCertificate, Phase};
pub use committee::{Committee, CommitteeMember, Quorum};
pub use consent::{Denial, Purpose, PurposeSet, Ticket, Window};
pub use gate::{Deal, EncryptedShare, GateHolder, GateKey, ReleaseShare};
pub use genesis::Genesis;
pub use hash::Digest;
pub use header::{BlockHeader, ExecutedRoots};
pub use id::{
    ChainId, Epoch, GateKeyId, GrantId, Height, Nonce, OrganisationId, PersonId, Principal,
    RecordId, RecordVersion, ReplicaId, TicketId, TransactionId, View,
};
pub use keystore::{KeyStore, KeyStoreError, Signer};
pub use label::{AccessClass, FactorSet, GateLabel, RecordContext};
pub use point::{G1Bytes, G2Bytes};
pub use random::RandomSource;
pub use receipt::{AccessDenied, Event, Outcome, TransactionReceipt};
pub use sign::{Signature, SigningKey, VerifyingKey};
pub use time::{SealingDate, Timestamp};
pub use wire::{DecodeError, Wire};
