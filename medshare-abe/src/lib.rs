//! Ciphertext-policy attribute-based encryption (FABEO) and the sealed payload format.
//!
//! **Is:** a key encapsulation, secure against chosen ciphertexts: keys recover its secret if their
//! attributes satisfy a policy ([`encapsulate`], [`decapsulate`]); the policy language ([`policy`]); a payload
//! format for data of any size in untrusted storage ([`payload`]); and the wrapped keys that join
//! the two, alone or with further factors such as a time gate ([`wrapped`], [`access`],
//! [`descriptor`]). [`seal`] and [`open`] are the simple interface over all of it; their
//! documentation says when to graduate to the full one.
//!
//! **Is not:** connected to a chain, a clock or a network: callers pass ids, dates and labels in. It
//! does not hide policies: headers carry them readable. It does not revoke keys: that is the purpose
//! of the time gate.
//!
//! # Security
//!
//! Not audited. The scheme's proof is in the generic group model with random oracles: adaptive
//! security, not reduced to a standard assumption. Everything rests on one master key
//! ([`MasterSecretKey`]); its holder reads every record sealed by attributes alone. Comparisons of
//! secrets take constant time. Multiplications by the secrets that make keys (α, r, the d of a
//! delegation, a dealer's coefficients) take the same steps and read the same memory whatever the
//! scalar; pairings, and multiplications by the scalars of one header, take variable time.
//!
//! ```
//! use medshare_abe::{MasterSecretKey, Validity};
//!
//! let mut rng = rand::rng();
//! let (parameters, authority) = MasterSecretKey::setup(&mut rng);
//! let nurse = authority.issue(&parameters, &"role:nurse".parse()?, Validity::ALWAYS, &mut rng)?;
//!
//! let policy = "role:nurse or role:physician".parse()?;
//! let sealed = medshare_abe::seal(&parameters, &policy, b"a discharge letter", &mut rng)?;
//! let opened = medshare_abe::open(&parameters, &nurse, &sealed)?;
//! assert_eq!(opened.as_slice(), b"a discharge letter");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The key encapsulation itself:
//!
//! ```
//! use medshare_abe::{AccessPolicy, MasterSecretKey, Validity, decapsulate, encapsulate};
//!
//! let mut rng = rand::rng();
//! let (parameters, authority) = MasterSecretKey::setup(&mut rng);
//! let attributes = "role:cardiologist, hospital:charité".parse()?;
//! let key = authority.issue(&parameters, &attributes, Validity::ALWAYS, &mut rng)?;
//!
//! let policy: AccessPolicy =
//!     "role:cardiologist and (hospital:st-mary or hospital:charité)".parse()?;
//! let (header, secret) = encapsulate(&parameters, &policy, b"context", &mut rng);
//! let recovered = decapsulate(&parameters, &header, &key, b"context")?;
//! assert_eq!(recovered.as_bytes(), secret.as_bytes());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Thresholds, numbers, dates, and values of an append-only enumeration:
//!
//! ```
//! use medshare_abe::{
//!     AccessPolicy, AttributeSet, DecapsulateError, Enumeration, EnumerationId, Enumerations,
//!     MasterSecretKey, Validity, decapsulate, encapsulate,
//! };
//!
//! let mut hospitals = Enumeration::new(EnumerationId([1; 32]), "hospital".parse()?);
//! for hospital in ["st-mary", "charité", "north"] {
//!     hospitals.append(hospital.parse()?)?;
//! }
//! let mut lists = Enumerations::new();
//! lists.register(hospitals)?;
//!
//! let mut rng = rand::rng();
//! let (parameters, authority) = MasterSecretKey::setup(&mut rng);
//! let attributes = "role:nurse, clearance = 3, hired = 2019-04-01, hospital = charité";
//! let attributes = AttributeSet::parse(attributes, &lists)?;
//! let key = authority.issue(&parameters, &attributes, Validity::ALWAYS, &mut rng)?;
//!
//! let text = "2 of (role:chief, clearance >= 3, hired < 2020-01-01) and hospital != north";
//! let policy = AccessPolicy::parse(text, &lists)?;
//! let (header, secret) = encapsulate(&parameters, &policy, b"context", &mut rng);
//! let recovered = decapsulate(&parameters, &header, &key, b"context")?;
//! assert_eq!(recovered.as_bytes(), secret.as_bytes());
//!
//! let stricter = AccessPolicy::parse("clearance > 3 and hospital != charité", &lists)?;
//! let (header, _) = encapsulate(&parameters, &stricter, b"context", &mut rng);
//! match decapsulate(&parameters, &header, &key, b"context") {
//!     Err(DecapsulateError::PolicyUnsatisfied { missing }) => {
//!         let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
//!         assert_eq!(missing, ["clearance >= 4", "hospital != charité"]);
//!     }
//!     other => panic!("{other:?}"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Keys limited to a range of sealing dates:
//!
//! ```
//! use medshare_abe::{
//!     AccessPolicy, AttributeSet, DecapsulateError, MasterSecretKey, Validity, decapsulate,
//!     encapsulate_dated,
//! };
//!
//! let mut rng = rand::rng();
//! let (parameters, authority) = MasterSecretKey::setup(&mut rng);
//! let attributes: AttributeSet = "role:nurse".parse()?;
//! let validity = Validity::until("2027-01-01".parse()?)?;
//! let key = authority.issue(&parameters, &attributes, validity, &mut rng)?;
//!
//! let policy: AccessPolicy = "role:nurse".parse()?;
//! let mut seal = |day: &str| -> Result<_, Box<dyn std::error::Error>> {
//!     Ok(encapsulate_dated(&parameters, &policy, day.parse()?, b"context", &mut rng))
//! };
//! let (header, secret) = seal("2026-12-31")?;
//! let recovered = decapsulate(&parameters, &header, &key, b"context")?;
//! assert_eq!(recovered.as_bytes(), secret.as_bytes());
//! let (header, _) = seal("2027-01-01")?;
//! let refused = decapsulate(&parameters, &header, &key, b"context");
//! assert!(matches!(refused, Err(DecapsulateError::NotValid { .. })));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | item | holds |
//! |---|---|
//! | [`seal`], [`open`] | bytes sealed for a policy, in memory |
//! | [`policy`] | `medshare-policy`: names, values, enumerations, attributes; the language and its canonical form |
//! | [`MasterSecretKey`], [`PublicParameters`], [`UserSecretKey`], [`Validity`] | the authority and the keys it issues |
//! | [`issuance`] | keys from t of n issuers, none of which has the master key |
//! | [`encapsulate`], [`encapsulate_dated`], [`decapsulate`], [`decapsulate_strict`], [`Header`] | the key encapsulation |
//! | [`payload`] | `medshare-payload`: segments, preamble, content tree, padding, ranges, `Read` and `Write` |
//! | [`wrapped`] | data keys wrapped for a policy: by attributes alone, or with the caller's factors |
//! | [`access`] | the access header: wrapped data key, bound to a gate label |
//! | [`descriptor`] | a record's sealed description, opened by attributes alone |
//!
//! | feature | adds |
//! |---|---|
//! | `passphrase` | `storage`: keys encrypted under a passphrase |
//! | `serde` | keys and headers as opaque bytes in serde's formats, names and dates as texts; `UncheckedUserKey` |
//! | `hazmat` | steps of the scheme that are unsafe alone, for benchmarks |
//!
//! Papers: Riepel and Wee, *FABEO: Fast Attribute-Based Encryption with Optimal Security*, CCS
//! 2022; Fujisaki and Okamoto, *Secure Integration of Asymmetric and Symmetric Encryption Schemes*,
//! CRYPTO 1999; Bethencourt, Sahai and Waters, *Ciphertext-Policy Attribute-Based Encryption*, IEEE
//! S&P 2007 (comparisons by bits); Hofheinz, Hövelmanns and Kiltz, *A Modular Analysis of the
//! Fujisaki–Okamoto Transformation*, TCC 2017; Hoang, Reyhanitabar, Rogaway and Vizár, *Online
//! Authenticated Encryption and its Nonce-Reuse Misuse-Resistance*, CRYPTO 2015; Len, Grubbs and
//! Ristenpart, *Partitioning Oracle Attacks*, USENIX Security 2021; Shamir, *How to Share a Secret*, CACM 1979;
//! Feldman, *A Practical Scheme for Non-interactive Verifiable Secret Sharing*, FOCS 1987; Nikitin,
//! Barman, Lueks, Underwood, Hubaux and Ford, *Reducing Metadata Leakage from Encrypted Files and
//! Communication with PURBs*, PETS 2019. RFC 6962, RFC 9106, RFC 9180, RFC 9380.
//!
//! # Deviations from the paper
//!
//! `docs/spec/abe/deviations.md` says why each is sound.
//!
//! - It is a key encapsulation, made secure against chosen ciphertexts; the paper's scheme is an
//!   encryption secure against chosen plaintexts. Decapsulation compares only the rows it reads.
//! - Secrets are shared gate by gate, without a matrix; coefficients are 1 but under a threshold.
//! - The master secret key is α·g1 in place of α.
//! - Hash inputs carry tags and lengths; B is hashed from a tag, not from an attribute.
//! - Policies may compare: a value is a chain of prefixes, and a comparison an `or` of some.
//! - Attributes may occur any number of times in a policy: the paper's scheme for τ uses, of which
//!   the authors' code has τ = 1.
#![forbid(unsafe_code)]

mod hedged;
pub mod issuance;
mod scheme;
mod secret;
#[cfg(feature = "serde")]
mod serde;
mod simple;
#[cfg(feature = "passphrase")]
pub mod storage;
#[cfg(test)]
mod vectors;
mod wrapping;

pub use medshare_payload as payload;
pub use medshare_policy as policy;

#[cfg(feature = "hazmat")]
pub use scheme::hazmat;
pub use wrapping::{access, descriptor, wrapped};

pub use access::AccessHeader;
pub use medshare_payload::{DataKey, PayloadError};
pub use medshare_policy::{
    AccessPolicy, Attribute, AttributeSet, Condition, Date, Enumeration, EnumerationId,
    Enumerations, Name, NameError, PolicyError, SyntaxError,
};
pub use scheme::decapsulate::{DecapsulateError, decapsulate, decapsulate_strict};
pub use scheme::encapsulate::{encapsulate, encapsulate_dated};
pub use scheme::error::KeyError;
pub use scheme::header::Header;
pub use scheme::key::{MAX_KEY_COMPONENTS, UserSecretKey, check_issuable};
pub use scheme::master::MasterSecretKey;
pub use scheme::parameters::PublicParameters;
pub use scheme::validity::Validity;
pub use secret::SharedSecret;
#[cfg(feature = "serde")]
pub use serde::UncheckedUserKey;
pub use simple::{MAX_SEAL_LEN, open, seal};
#[cfg(feature = "passphrase")]
pub use storage::StorageError;
pub use wrapped::{Binding, WrappedKey};
pub use wrapping::error::AccessError;
pub use wrapping::factors::{FactorId, KeyFactors};
