//! Ciphertext-policy attribute-based encryption (FABEO) and the sealed payload format.
//!
//! **Is:** a key encapsulation whose key is recovered by whoever's attributes satisfy a policy
//! ([`encapsulate`], [`decapsulate`]), secure against chosen ciphertexts; the policy language
//! ([`policy`]); a payload format for data of any size that is read from untrusted storage
//! ([`payload`]); and what joins the two, alone or with further factors such as a time gate
//! ([`access`], [`descriptor`]).
//!
//! **Is not:** aware of chains, clocks or networks. A policy hides from nobody: it stands in the
//! header, readable. A key once issued is never taken back; that is what the time gate is for.
//!
//! # Security
//!
//! Not audited. The scheme's proof is in the generic group model with random oracles: adaptive
//! security, not reduced to a standard assumption. Everything rests on one master key
//! ([`MasterSecretKey`]); who holds it reads everything that is sealed by attributes alone.
//! Comparisons of secrets take constant time, and multiplications by long-lived secrets are
//! blinded; pairings, and multiplications by scalars used once, take variable time.
//!
//! ```
//! use medshare_abe::{AccessPolicy, MasterSecretKey, decapsulate, encapsulate};
//!
//! let mut rng = rand::rng();
//! let (parameters, authority) = MasterSecretKey::setup(&mut rng);
//! let attributes = "role:cardiologist, hospital:charité".parse()?;
//! let key = authority.issue(&parameters, &attributes, &mut rng)?;
//!
//! let policy: AccessPolicy =
//!     "role:cardiologist and (hospital:st-mary or hospital:charité)".parse()?;
//! let (header, secret) = encapsulate(&parameters, &policy, b"context", &mut rng);
//! let recovered = decapsulate(&parameters, &header, &key, b"context")?;
//! assert_eq!(recovered.as_bytes(), secret.as_bytes());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | item | holds |
//! |---|---|
//! | [`attribute`] | names, normalised, and sets of them |
//! | [`policy`] | the language and its canonical form |
//! | [`MasterSecretKey`], [`PublicParameters`], [`UserSecretKey`] | the authority and the keys it issues |
//! | [`encapsulate`], [`decapsulate`], [`decapsulate_strict`], [`Header`] | the key encapsulation |
//! | [`payload`] | segments, preamble, content tree, `Read` and `Write` |
//! | [`access`] | the access header: wrapped data key, bound to a gate label |
//! | [`descriptor`] | what a record is, for those whose attributes open it |
//!
//! Papers: Riepel and Wee, *FABEO: Fast Attribute-Based Encryption with Optimal Security*, CCS 2022;
//! Fujisaki and Okamoto, *Secure Integration of Asymmetric and Symmetric Encryption Schemes*, CRYPTO
//! 1999; Hofheinz, Hövelmanns and Kiltz, *A Modular Analysis of the Fujisaki–Okamoto
//! Transformation*, TCC 2017; Hoang, Reyhanitabar, Rogaway and Vizár, *Online Authenticated
//! Encryption and its Nonce-Reuse Misuse-Resistance*, CRYPTO 2015. RFC 9380.
//!
//! # Deviations from the paper
//!
//! - It is a key encapsulation, made secure against chosen ciphertexts; the paper's scheme is an
//!   encryption secure against chosen plaintexts.
//! - Attributes may occur any number of times in a policy: the paper's scheme for τ uses, of which
//!   the authors' code has τ = 1.
//! - Decapsulation compares only the rows it reads; see `docs/spec/abe.md` for why that suffices.
#![forbid(unsafe_code)]

pub mod access;
pub mod attribute;
mod decapsulate;
pub mod descriptor;
mod encapsulate;
pub mod error;
mod gt;
mod header;
mod key;
mod parameters;
pub mod payload;
mod points;
pub mod policy;
mod secret;
mod sharing;
mod structure;
mod transform;

pub use access::{AccessHeader, KeyFactors};
pub use attribute::{Attribute, AttributeSet};
pub use decapsulate::{decapsulate, decapsulate_strict};
pub use encapsulate::encapsulate;
pub use error::{
    AccessError, AttributeError, DecapsulateError, KeyError, PayloadError, SyntaxError,
};
pub use header::Header;
pub use key::{MAX_KEY_ATTRIBUTES, MasterSecretKey, UserSecretKey};
pub use parameters::PublicParameters;
pub use policy::AccessPolicy;
pub use secret::{DataKey, SharedSecret};
