//! Secrets encrypted under a passphrase (feature `passphrase`).
//!
//! [`MasterSecretKey::to_encrypted`](crate::MasterSecretKey::to_encrypted),
//! [`UserSecretKey::to_encrypted`](crate::UserSecretKey::to_encrypted) and
//! [`IssuerShare::to_encrypted`](crate::issuance::IssuerShare::to_encrypted) make bytes that stand
//! for themselves, in a file or anywhere; the raw bytes of `to_bytes` are for stores that encrypt
//! themselves, such as a vault. [`PassphraseKey`] is what both rest on, for a store of many secrets
//! under one passphrase.
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
//! Whoever has the bytes can try passphrases at leisure, at the price of one Argon2id each: nothing
//! here saves a passphrase that is on a list. Bytes from a stranger can cost their reader up to
//! [`PassphraseCost::MAX_MEMORY_KIB`]; [`PassphraseCost::of_encrypted`] tells before. A wrong
//! passphrase and altered bytes are not told apart. The bytes commit to the key that they were made
//! with, so that nobody can make some that several passphrases open, to learn from one attempt
//! which of many is in use [Len–Grubbs–Ristenpart 2021].

mod keys;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use borsh::{BorshDeserialize, BorshSerialize};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use medshare_types::hash::{self, Xof};
use medshare_types::{Digest, RandomSource};
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::error::StorageError;

/// Bytes of salt.
pub const SALT_LEN: usize = 16;
/// Bytes that encryption adds to a secret: nonce, commitment and tag.
pub const OVERHEAD: usize = NONCE_LEN + COMMITMENT_LEN + TAG_LEN;

const NONCE_LEN: usize = 32;
const COMMITMENT_LEN: usize = 32;
const TAG_LEN: usize = 16;

/// What it costs to try one passphrase: the parameters of Argon2id, with one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PassphraseCost {
    /// Memory, KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Default for PassphraseCost {
    /// 19 MiB and two passes, the first choice of OWASP's password storage cheat sheet: for what is
    /// opened often.
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
        }
    }
}

impl PassphraseCost {
    /// 64 MiB and three passes, as the second option of RFC 9106, section 4: for what is opened
    /// rarely and worth much, such as a master key.
    pub const HIGH: Self = Self {
        memory_kib: 64 * 1024,
        passes: 3,
    };
    /// The most memory, KiB: 256 MiB.
    pub const MAX_MEMORY_KIB: u32 = 1 << 18;
    /// The most memory times passes, KiB: seconds, not hours, for bytes that somebody made to keep
    /// their reader busy.
    pub const MAX_WORK_KIB: u64 = 1 << 20;

    /// The parameters, within the bounds.
    fn params(self) -> Result<Params, StorageError> {
        let work = u64::from(self.memory_kib) * u64::from(self.passes);
        let bounded = self.memory_kib <= Self::MAX_MEMORY_KIB && work <= Self::MAX_WORK_KIB;
        let params = Params::new(self.memory_kib, self.passes, 1, Some(32));
        match (bounded, params) {
            (true, Ok(params)) => Ok(params),
            _ => Err(StorageError::Cost { cost: self }),
        }
    }
}

/// What Argon2id makes of a passphrase: encrypts any number of secrets. Erased when dropped, never
/// printed.
pub struct PassphraseKey(Zeroizing<[u8; 32]>);

impl PassphraseKey {
    /// Argon2id [RFC 9106] of the passphrase in Unicode normalisation form C, so that `é` is one
    /// letter however it was typed. The salt is random, and kept beside what is encrypted.
    ///
    /// Cost: as `cost` says, in time and memory; the memory is erased afterwards.
    ///
    /// # Errors
    /// [`StorageError::Cost`] when the cost is out of bounds or the memory is not there.
    pub fn derive(
        passphrase: &str,
        salt: &[u8; SALT_LEN],
        cost: PassphraseCost,
    ) -> Result<Self, StorageError> {
        let params = cost.params()?;
        // Of full size from the start, so that no copy is left behind: form C is at most three
        // times as long as any other form.
        let mut normalised = Zeroizing::new(String::with_capacity(3 * passphrase.len()));
        normalised.extend(passphrase.nfc());
        let mut memory: Zeroizing<Vec<Block>> = Zeroizing::default();
        let blocks = params.block_count();
        memory
            .try_reserve_exact(blocks)
            .map_err(|_| StorageError::Cost { cost })?;
        memory.resize(blocks, Block::default());
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(
                normalised.as_bytes(),
                salt,
                key.as_mut_slice(),
                memory.as_mut_slice(),
            )
            .map_err(|_| StorageError::Cost { cost })?;
        Ok(Self(key))
    }

    /// Encrypts a secret, bound to `context`, which is not encrypted and not kept:
    /// nonce ‖ commitment ‖ ciphertext, [`OVERHEAD`] bytes longer than the secret.
    ///
    /// The nonce is 32 random bytes, so that any number of secrets may be encrypted, and gives each
    /// a key of its own: ChaCha20-Poly1305 under it meets one message.
    ///
    /// # Errors
    /// [`StorageError::TooLong`] from 256 GiB.
    pub fn encrypt(
        &self,
        context: &[u8],
        secret: &[u8],
        rng: &mut impl RandomSource,
    ) -> Result<Vec<u8>, StorageError> {
        let nonce = rng.array();
        let (cipher, commitment) = self.cipher(&nonce, context);
        let sealed = cipher.encrypt(&Nonce::default(), secret);
        let sealed = sealed.map_err(|_| StorageError::TooLong)?;
        Ok([&nonce[..], &commitment[..], &sealed].concat())
    }

    /// Decrypts what [`encrypt`](Self::encrypt) made with the same key and context.
    ///
    /// # Errors
    /// [`StorageError::Locked`] whatever is wrong.
    pub fn decrypt(
        &self,
        context: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, StorageError> {
        let split = sealed.split_first_chunk::<NONCE_LEN>();
        let (nonce, rest) = split.ok_or(StorageError::Locked)?;
        let split = rest.split_first_chunk::<COMMITMENT_LEN>();
        let (found, ciphertext) = split.ok_or(StorageError::Locked)?;
        let (cipher, commitment) = self.cipher(nonce, context);
        if !bool::from(commitment.ct_eq(found)) {
            return Err(StorageError::Locked);
        }
        let opened = cipher.decrypt(&Nonce::default(), ciphertext);
        opened.map(Zeroizing::new).map_err(|_| StorageError::Locked)
    }

    /// What only this key makes of a name: to keep secrets under without showing whose they are.
    #[must_use]
    pub fn pseudonym(&self, name: &str) -> Digest {
        let fields = [self.0.as_slice(), name.as_bytes()];
        hash::digest("medshare/abe/storage-pseudonym/v1", &fields)
    }

    /// key ‖ com = XOF(tag ‖ k ‖ nonce ‖ context).
    fn cipher(
        &self,
        nonce: &[u8; NONCE_LEN],
        context: &[u8],
    ) -> (ChaCha20Poly1305, [u8; COMMITMENT_LEN]) {
        let mut stream = Xof::new("medshare/abe/storage/v1", &[&*self.0, nonce, context]);
        let key = Zeroizing::new(stream.take::<32>());
        let cipher = ChaCha20Poly1305::new(<&Key>::from(&*key));
        (cipher, stream.take())
    }
}

impl core::fmt::Debug for PassphraseKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("PassphraseKey(secret)")
    }
}
