//! Keys encrypted under a passphrase (feature `passphrase`).
//!
//! [`MasterSecretKey::to_encrypted`](crate::MasterSecretKey::to_encrypted),
//! [`UserSecretKey::to_encrypted`](crate::UserSecretKey::to_encrypted) and
//! [`IssuerShare::to_encrypted`](crate::issuance::IssuerShare::to_encrypted) return bytes that need
//! nothing beside them; the raw bytes of `to_bytes` are for stores that encrypt themselves, such as
//! a vault. For a store of many secrets under one passphrase there is [`PassphraseKey`].
//!
//! ```
//! use medshare_abe::storage::PassphraseCost;
//! use medshare_abe::{MasterSecretKey, UserSecretKey};
//!
//! let mut rng = rand::rng();
//! let (parameters, authority) = MasterSecretKey::setup(&mut rng);
//! let bytes = authority.to_encrypted("open sesame", PassphraseCost::default(), &mut rng)?;
//! let authority = MasterSecretKey::from_encrypted(&bytes, "open sesame", &parameters)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Security
//!
//! That of [`medshare_host::passphrase`]. Bytes from a stranger can cost their reader up to
//! [`PassphraseCost::MAX_MEMORY_KIB`]; [`encrypted_cost`] reads the price before it is paid.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{DecodeError, Digest, RandomSource, Wire};
use zeroize::Zeroizing;

pub use medshare_host::passphrase::{
    OVERHEAD, PassphraseCost, PassphraseError, PassphraseKey, SALT_LEN,
};

use crate::issuance::{IssuerShare, SharedAuthority, SharingError};
use crate::scheme::error::KeyError;
use crate::scheme::key::UserSecretKey;
use crate::scheme::master::MasterSecretKey;
use crate::scheme::parameters::PublicParameters;

/// A key was not encrypted or not decrypted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// Another passphrase, altered bytes, or a cost that is not paid.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// The bytes are not an encrypted key.
    #[error("not a valid encrypted key")]
    Decode {
        #[allow(missing_docs, reason = "the kind of decoding error")]
        #[from]
        source: DecodeError,
    },
    /// The bytes are a key of another kind.
    #[error("an encrypted {} instead of {}", found.escape_ascii(), expected.escape_ascii())]
    OtherKind {
        /// Kind tag of the key asked for.
        expected: [u8; 4],
        /// Kind tag in the bytes.
        found: [u8; 4],
    },
    /// The key belongs to another authority, or the encrypted bytes are not a key.
    #[error("the key cannot be used")]
    Key {
        #[allow(missing_docs, reason = "the kind of key error")]
        #[from]
        source: KeyError,
    },
    /// The share belongs to another sharing, or the encrypted bytes are not a share.
    #[error("the issuer's share cannot be used")]
    Share {
        #[allow(missing_docs, reason = "the kind of sharing error")]
        #[from]
        source: SharingError,
    },
}

const USER_KEY: [u8; 4] = *b"mUSK";
const MASTER_KEY: [u8; 4] = *b"mMSK";
const ISSUER_SHARE: [u8; 4] = *b"mISH";

impl UserSecretKey {
    /// Encrypts the key under a passphrase. The kind of the key and H(pp) stay readable.
    ///
    /// Cost: one Argon2id.
    ///
    /// # Errors
    /// [`StorageError::Passphrase`] for a cost out of bounds.
    pub fn to_encrypted(
        &self,
        passphrase: &str,
        cost: PassphraseCost,
        rng: &mut impl RandomSource,
    ) -> Result<Vec<u8>, StorageError> {
        let owner = Owner::new(USER_KEY, self.parameters_digest());
        owner.encrypt(&self.to_bytes(), passphrase, cost, rng)
    }

    /// Reverses [`to_encrypted`](Self::to_encrypted), and checks the result like
    /// [`from_bytes`](Self::from_bytes).
    ///
    /// Cost: one Argon2id at the cost in the bytes ([`encrypted_cost`]), and that check.
    ///
    /// # Errors
    /// [`StorageError::Decode`], [`StorageError::OtherKind`], [`PassphraseError::Cost`] and
    /// [`KeyError::OtherAuthority`] before a passphrase is tried, for bytes that say so themselves;
    /// then [`PassphraseError::Locked`] for another passphrase, or altered bytes;
    /// [`StorageError::Key`].
    pub fn from_encrypted(
        bytes: &[u8],
        passphrase: &str,
        parameters: &PublicParameters,
        rng: &mut impl RandomSource,
    ) -> Result<Self, StorageError> {
        let owner = Owner::new(USER_KEY, parameters.digest());
        let key = owner.decrypt(bytes, passphrase)?;
        Ok(Self::from_bytes(&key, parameters, rng)?)
    }
}

impl MasterSecretKey {
    /// Encrypts the key under a passphrase. The kind of the key and H(pp) stay readable.
    ///
    /// Cost: one Argon2id; [`PassphraseCost::HIGH`] is not too high here.
    ///
    /// # Errors
    /// [`StorageError::Passphrase`] for a cost out of bounds.
    pub fn to_encrypted(
        &self,
        passphrase: &str,
        cost: PassphraseCost,
        rng: &mut impl RandomSource,
    ) -> Result<Vec<u8>, StorageError> {
        let owner = Owner::new(MASTER_KEY, self.parameters().digest());
        owner.encrypt(&self.to_bytes(), passphrase, cost, rng)
    }

    /// Reverses [`to_encrypted`](Self::to_encrypted), and checks that the result is the key of
    /// these parameters.
    ///
    /// Cost: one Argon2id, as the bytes say ([`encrypted_cost`]), and a pairing.
    ///
    /// # Errors
    /// As [`UserSecretKey::from_encrypted`].
    pub fn from_encrypted(
        bytes: &[u8],
        passphrase: &str,
        parameters: &PublicParameters,
    ) -> Result<Self, StorageError> {
        let owner = Owner::new(MASTER_KEY, parameters.digest());
        let master = Self::from_bytes(&owner.decrypt(bytes, passphrase)?)?;
        if master.parameters() == *parameters {
            Ok(master)
        } else {
            Err(KeyError::OtherAuthority.into())
        }
    }
}

impl IssuerShare {
    /// Encrypts the share under a passphrase. Its kind and H(pp) stay readable.
    ///
    /// Cost: one Argon2id; [`PassphraseCost::HIGH`] is not too high here.
    ///
    /// # Errors
    /// [`StorageError::Passphrase`] for a cost out of bounds.
    pub fn to_encrypted(
        &self,
        passphrase: &str,
        cost: PassphraseCost,
        rng: &mut impl RandomSource,
    ) -> Result<Vec<u8>, StorageError> {
        let owner = Owner::new(ISSUER_SHARE, self.sharing_id().key);
        owner.encrypt(&self.to_bytes(), passphrase, cost, rng)
    }

    /// Reverses [`to_encrypted`](Self::to_encrypted), and checks the result like
    /// [`from_bytes`](Self::from_bytes).
    ///
    /// Cost: one Argon2id, as the bytes say ([`encrypted_cost`]), and that check.
    ///
    /// # Errors
    /// As [`UserSecretKey::from_encrypted`], with [`StorageError::Share`] for a share that
    /// contradicts the authority's commitments.
    pub fn from_encrypted(
        bytes: &[u8],
        passphrase: &str,
        authority: &SharedAuthority,
    ) -> Result<Self, StorageError> {
        let owner = Owner::new(ISSUER_SHARE, authority.parameters().digest());
        let share = owner.decrypt(bytes, passphrase)?;
        Ok(Self::from_bytes(&share, authority)?)
    }
}

/// Reads the cost of trying a passphrase on an encrypted key, for callers with a bound of their own
/// on keys from strangers. Computes nothing.
///
/// # Errors
/// [`StorageError::Decode`]; [`PassphraseError::Cost`] for a cost that is never paid.
pub fn encrypted_cost(bytes: &[u8]) -> Result<PassphraseCost, StorageError> {
    let cost = EncryptedKey::from_wire(bytes)?.cost;
    cost.check()?;
    Ok(cost)
}

/// The readable header of an encrypted key, which the ciphertext is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Owner {
    /// Kind tag of the key's own bytes.
    kind: [u8; 4],
    parameters: Digest,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct EncryptedKey {
    owner: Owner,
    cost: PassphraseCost,
    salt: [u8; SALT_LEN],
    sealed: Vec<u8>,
}

impl Wire for EncryptedKey {
    const KIND: [u8; 4] = *b"mENC";
    const MAX_LEN: usize = 1 << 20;
}

impl Owner {
    pub(crate) const fn new(kind: [u8; 4], parameters: Digest) -> Self {
        Self { kind, parameters }
    }

    /// Encrypts the canonical bytes of a key.
    pub(crate) fn encrypt(
        self,
        key: &[u8],
        passphrase: &str,
        cost: PassphraseCost,
        rng: &mut impl RandomSource,
    ) -> Result<Vec<u8>, StorageError> {
        let mut encrypted = EncryptedKey {
            owner: self,
            cost,
            salt: rng.array(),
            sealed: Vec::new(),
        };
        let secret = PassphraseKey::derive(passphrase, &encrypted.salt, cost)?;
        encrypted.sealed = secret.encrypt(&encrypted.context(), key, rng)?;
        Ok(encrypted.to_wire())
    }

    /// Decrypts the canonical bytes of a key of this kind and authority.
    pub(crate) fn decrypt(
        self,
        bytes: &[u8],
        passphrase: &str,
    ) -> Result<Zeroizing<Vec<u8>>, StorageError> {
        let encrypted = EncryptedKey::from_wire(bytes)?;
        if encrypted.owner.kind != self.kind {
            return Err(StorageError::OtherKind {
                expected: self.kind,
                found: encrypted.owner.kind,
            });
        }
        if encrypted.owner.parameters != self.parameters {
            return Err(KeyError::OtherAuthority.into());
        }
        let secret = PassphraseKey::derive(passphrase, &encrypted.salt, encrypted.cost)?;
        Ok(secret.decrypt(&encrypted.context(), &encrypted.sealed)?)
    }
}

impl EncryptedKey {
    /// All bytes before the ciphertext, with the envelope.
    fn context(&self) -> Vec<u8> {
        let start = Self {
            sealed: Vec::new(),
            ..*self
        };
        let mut bytes = start.to_wire();
        // Without the length of the ciphertext.
        bytes.truncate(bytes.len() - 4);
        bytes
    }
}
