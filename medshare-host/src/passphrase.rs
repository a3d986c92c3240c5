//! Secrets encrypted under a passphrase.
//!
//! Argon2id turns the passphrase into a [`PassphraseKey`], which encrypts any number of secrets.
//! [`PassphraseKeyStore`](crate::keystore::PassphraseKeyStore) keeps a folder of them;
//! `medshare_abe::storage` keeps single keys as bytes that need nothing beside them.
//!
//! ```
//! use medshare_host::passphrase::{PassphraseCost, PassphraseKey};
//! use medshare_types::RandomSource as _;
//!
//! let mut rng = medshare_host::os_random();
//! let salt = rng.array();
//! let key = PassphraseKey::derive("open sesame", &salt, PassphraseCost::default())?;
//! let sealed = key.encrypt(b"backup 1", b"a secret", &mut rng)?;
//! assert_eq!(*key.decrypt(b"backup 1", &sealed)?, b"a secret");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Security
//!
//! An attacker with the bytes can try passphrases at leisure, at the price of one Argon2id each: a
//! guessable passphrase is not protected. A wrong passphrase and altered bytes give the same error.
//! The bytes commit to their key, so an attacker cannot make some that several passphrases open,
//! and learn from one attempt which of many is in use [Len–Grubbs–Ristenpart 2021].

use argon2::{Algorithm, Argon2, Block, Params, Version};
use borsh::{BorshDeserialize, BorshSerialize};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use medshare_types::hash::{self, Xof};
use medshare_types::{Digest, RandomSource};
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// Length of a salt, bytes.
pub const SALT_LEN: usize = 16;
/// Bytes that encryption adds to a secret: nonce, commitment and tag.
pub const OVERHEAD: usize = NONCE_LEN + COMMITMENT_LEN + TAG_LEN;

const NONCE_LEN: usize = 32;
const COMMITMENT_LEN: usize = 32;
const TAG_LEN: usize = 16;

/// The price of trying one passphrase: the parameters of Argon2id, with one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PassphraseCost {
    /// From 8 to [`PassphraseCost::MAX_MEMORY_KIB`].
    pub memory_kib: u32,
    /// Passes over the memory, at least one.
    pub passes: u32,
}

/// A secret was not encrypted or not decrypted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PassphraseError {
    /// The passphrase is another one, or the bytes were altered.
    #[error("wrong passphrase, or altered bytes")]
    Locked,
    /// More memory or passes than [`PassphraseCost`] allows, or fewer than Argon2id needs.
    #[error("a cost of {} KiB and {} passes is out of bounds", cost.memory_kib, cost.passes)]
    Cost {
        /// The cost asked for.
        cost: PassphraseCost,
    },
    /// The cost is within bounds, but the system has not that much memory free.
    #[error("{memory_kib} KiB of memory cannot be had")]
    OutOfMemory {
        /// The memory asked for.
        memory_kib: u32,
    },
    /// The secret is too long to be encrypted.
    #[error("the secret is too long")]
    TooLong,
}

impl Default for PassphraseCost {
    /// 19 MiB and two passes, the first choice of OWASP's password storage cheat sheet: for secrets
    /// that are opened often.
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
        }
    }
}

impl PassphraseCost {
    /// 64 MiB and three passes, the second option of RFC 9106, section 4: for a secret that is opened
    /// rarely and worth much, such as a master key.
    pub const HIGH: Self = Self {
        memory_kib: 64 * 1024,
        passes: 3,
    };
    /// Upper bound of the memory, KiB: 256 MiB.
    pub const MAX_MEMORY_KIB: u32 = 1 << 18;
    /// Upper bound of memory times passes, KiB. Bytes made by an attacker keep their reader busy
    /// for seconds, not hours.
    pub const MAX_WORK_KIB: u64 = 1 << 20;

    /// Checks the cost against the bounds; computes nothing.
    ///
    /// # Errors
    /// [`PassphraseError::Cost`].
    pub fn check(self) -> Result<(), PassphraseError> {
        self.params().map(drop)
    }

    fn params(self) -> Result<Params, PassphraseError> {
        let work = u64::from(self.memory_kib) * u64::from(self.passes);
        let bounded = self.memory_kib <= Self::MAX_MEMORY_KIB && work <= Self::MAX_WORK_KIB;
        let params = Params::new(self.memory_kib, self.passes, 1, Some(32));
        match (bounded, params) {
            (true, Ok(params)) => Ok(params),
            _ => Err(PassphraseError::Cost { cost: self }),
        }
    }
}

/// A key derived from a passphrase. Encrypts any number of secrets; erased when dropped, never
/// printed.
pub struct PassphraseKey(Zeroizing<[u8; 32]>);

impl PassphraseKey {
    /// Runs Argon2id [RFC 9106] on the passphrase in Unicode normalisation form C, so that `é` is one
    /// letter however it was typed. The salt is random, and kept beside the encrypted secrets.
    ///
    /// Cost: time and memory as `cost` says; the memory is erased afterwards.
    ///
    /// # Errors
    /// [`PassphraseError::Cost`], [`PassphraseError::OutOfMemory`].
    pub fn derive(
        passphrase: &str,
        salt: &[u8; SALT_LEN],
        cost: PassphraseCost,
    ) -> Result<Self, PassphraseError> {
        let params = cost.params()?;
        // Allocated once, so that growing leaves no copy behind: form C is at most three times as
        // long as any other form.
        let mut normalised = Zeroizing::new(String::with_capacity(3 * passphrase.len()));
        normalised.extend(passphrase.nfc());
        let mut memory: Zeroizing<Vec<Block>> = Zeroizing::default();
        let blocks = params.block_count();
        memory
            .try_reserve_exact(blocks)
            .map_err(|_| PassphraseError::OutOfMemory {
                memory_kib: cost.memory_kib,
            })?;
        memory.resize(blocks, Block::default());
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(
                normalised.as_bytes(),
                salt,
                key.as_mut_slice(),
                memory.as_mut_slice(),
            )
            .map_err(|_| PassphraseError::Cost { cost })?;
        Ok(Self(key))
    }

    /// Encrypts a secret to nonce ‖ commitment ‖ ciphertext, [`OVERHEAD`] bytes longer. The result is
    /// bound to `context`, which it does not contain.
    ///
    /// The nonce is 32 random bytes, so any number of secrets may be encrypted, and it gives each a
    /// key of its own: each ChaCha20-Poly1305 key encrypts one message.
    ///
    /// # Errors
    /// [`PassphraseError::TooLong`] from 256 GiB.
    pub fn encrypt(
        &self,
        context: &[u8],
        secret: &[u8],
        rng: &mut impl RandomSource,
    ) -> Result<Vec<u8>, PassphraseError> {
        let nonce = rng.array();
        let (cipher, commitment) = self.cipher(&nonce, context);
        let sealed = cipher.encrypt(&Nonce::default(), secret);
        let sealed = sealed.map_err(|_| PassphraseError::TooLong)?;
        Ok([&nonce[..], &commitment[..], &sealed].concat())
    }

    /// Reverses [`encrypt`](Self::encrypt) with the same key and context.
    ///
    /// # Errors
    /// [`PassphraseError::Locked`] for every failure.
    pub fn decrypt(
        &self,
        context: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, PassphraseError> {
        let split = sealed.split_first_chunk::<NONCE_LEN>();
        let (nonce, rest) = split.ok_or(PassphraseError::Locked)?;
        let split = rest.split_first_chunk::<COMMITMENT_LEN>();
        let (found, ciphertext) = split.ok_or(PassphraseError::Locked)?;
        let (cipher, commitment) = self.cipher(nonce, context);
        if !bool::from(commitment.ct_eq(found)) {
            return Err(PassphraseError::Locked);
        }
        let opened = cipher.decrypt(&Nonce::default(), ciphertext);
        opened
            .map(Zeroizing::new)
            .map_err(|_| PassphraseError::Locked)
    }

    /// A keyed hash of a name: the name of a stored secret that does not show its owner.
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
