//! Single keys that stand for themselves.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{Digest, RandomSource, Wire};
use zeroize::Zeroizing;

use super::{PassphraseCost, PassphraseKey, SALT_LEN};
use crate::error::{KeyError, StorageError};
use crate::issuance::{IssuerShare, SharedAuthority};
use crate::scheme::key::UserSecretKey;
use crate::scheme::master::MasterSecretKey;
use crate::scheme::parameters::PublicParameters;

const USER_KEY: [u8; 4] = *b"mUSK";
const MASTER_KEY: [u8; 4] = *b"mMSK";
const ISSUER_SHARE: [u8; 4] = *b"mISH";

impl UserSecretKey {
    /// The key encrypted under a passphrase. What kind of key it is and H(pp) show.
    ///
    /// Cost: one Argon2id.
    ///
    /// # Errors
    /// [`StorageError::Cost`].
    pub fn to_encrypted(
        &self,
        passphrase: &str,
        cost: PassphraseCost,
        rng: &mut impl RandomSource,
    ) -> Result<Vec<u8>, StorageError> {
        let owner = Owner::new(USER_KEY, self.parameters_digest());
        owner.encrypt(&self.to_bytes(), passphrase, cost, rng)
    }

    /// Decrypts what [`to_encrypted`](Self::to_encrypted) made, and checks it like
    /// [`from_bytes`](Self::from_bytes).
    ///
    /// Cost: one Argon2id, as the bytes say ([`PassphraseCost::of_encrypted`]), and that check.
    ///
    /// # Errors
    /// [`StorageError::Locked`] for another passphrase, or altered bytes; [`StorageError::Decode`],
    /// [`StorageError::OtherKind`], [`StorageError::Cost`] and [`KeyError::OtherAuthority`] before
    /// a passphrase is tried, for bytes that say so themselves; [`StorageError::Key`].
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
    /// The key encrypted under a passphrase. What kind of key it is and H(pp) show.
    ///
    /// Cost: one Argon2id; [`PassphraseCost::HIGH`] is not too high here.
    ///
    /// # Errors
    /// [`StorageError::Cost`].
    pub fn to_encrypted(
        &self,
        passphrase: &str,
        cost: PassphraseCost,
        rng: &mut impl RandomSource,
    ) -> Result<Vec<u8>, StorageError> {
        let owner = Owner::new(MASTER_KEY, self.parameters().digest());
        owner.encrypt(&self.to_bytes(), passphrase, cost, rng)
    }

    /// Decrypts what [`to_encrypted`](Self::to_encrypted) made, and checks that it is the key of
    /// these parameters.
    ///
    /// Cost: one Argon2id, as the bytes say ([`PassphraseCost::of_encrypted`]), and a pairing.
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
    /// The share encrypted under a passphrase. That it is one, and H(pp), show.
    ///
    /// Cost: one Argon2id; [`PassphraseCost::HIGH`] is not too high here.
    ///
    /// # Errors
    /// [`StorageError::Cost`].
    pub fn to_encrypted(
        &self,
        passphrase: &str,
        cost: PassphraseCost,
        rng: &mut impl RandomSource,
    ) -> Result<Vec<u8>, StorageError> {
        let owner = Owner::new(ISSUER_SHARE, self.sharing_id().key);
        owner.encrypt(&self.to_bytes(), passphrase, cost, rng)
    }

    /// Decrypts what [`to_encrypted`](Self::to_encrypted) made, and checks it like
    /// [`from_bytes`](Self::from_bytes).
    ///
    /// Cost: one Argon2id, as the bytes say ([`PassphraseCost::of_encrypted`]), and that check.
    ///
    /// # Errors
    /// As [`UserSecretKey::from_encrypted`], with [`StorageError::Share`] for a share that is not
    /// what the authority's commitments say.
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

impl PassphraseCost {
    /// What it will cost to try a passphrase on an encrypted key, as the bytes say: for whoever
    /// takes them from strangers and has a bound of his own. Nothing is computed.
    ///
    /// # Errors
    /// [`StorageError::Decode`]; [`StorageError::Cost`] for more than is ever done.
    pub fn of_encrypted(bytes: &[u8]) -> Result<Self, StorageError> {
        let cost = EncryptedKey::from_wire(bytes)?.cost;
        cost.params()?;
        Ok(cost)
    }
}

/// What an encrypted key says of itself, and is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Owner {
    /// Of the key's own bytes.
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

    /// The canonical bytes of a key, encrypted.
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

    /// The bytes of a key of this kind and authority.
    pub(crate) fn decrypt(
        self,
        bytes: &[u8],
        passphrase: &str,
    ) -> Result<Zeroizing<Vec<u8>>, StorageError> {
        let encrypted = EncryptedKey::from_wire(bytes)?;
        let (expected, found) = (self.kind, encrypted.owner.kind);
        if found != expected {
            return Err(StorageError::OtherKind { expected, found });
        }
        if encrypted.owner.parameters != self.parameters {
            return Err(KeyError::OtherAuthority.into());
        }
        let secret = PassphraseKey::derive(passphrase, &encrypted.salt, encrypted.cost)?;
        secret.decrypt(&encrypted.context(), &encrypted.sealed)
    }
}

impl EncryptedKey {
    /// Everything that stands before the ciphertext, with the envelope.
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
