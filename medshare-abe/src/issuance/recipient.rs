//! Recipients of keys, and sealing to them: HPKE [RFC 9180].
//!
//! Base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and ChaCha20-Poly1305. `DeriveKeyPair`
//! makes the sender's ephemeral key of XOF(tag ‖ plaintext ‖ associated data ‖ 32 fresh bytes).

use core::convert::Infallible;
use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, HpkeError, Kem, OpModeR, OpModeS, Serializable};
use medshare_types::RandomSource;
use medshare_types::hash::Xof;
use zeroize::Zeroizing;

use super::error::IssuanceError;
use crate::hedged::hedged;

/// Separates the kinds of sealed plaintext: none opens as another kind.
#[derive(Clone, Copy)]
pub(super) struct Purpose {
    /// The `info` of RFC 9180.
    pub(super) info: &'static str,
    /// Tag of the stream that the ephemeral key is drawn from.
    pub(super) ephemeral_tag: &'static str,
}

type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;
type PublicKey = <X25519HkdfSha256 as Kem>::PublicKey;
type Encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey;

/// An X25519 public key that keys and partial keys are sealed to, as unchecked bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct RecipientKey(pub [u8; 32]);

impl fmt::Debug for RecipientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, ..] = self.0;
        write!(f, "RecipientKey({first:02x}{second:02x}..)")
    }
}

/// A recipient's key pair, made of 32 bytes by `DeriveKeyPair` of RFC 9180, section 7.1.3. Erased
/// when dropped, never printed.
///
/// Use one pair for each request and erase it when the key has arrived: an attacker that gets hold
/// of it reads every partial key that was sealed to it, and t partial keys are the key.
pub struct RecipientKeyPair {
    seed: Zeroizing<[u8; 32]>,
    public: RecipientKey,
}

impl RecipientKeyPair {
    /// Draws a fresh seed for the pair.
    #[must_use]
    pub fn random(rng: &mut impl RandomSource) -> Self {
        Self::from_bytes(Zeroizing::new(rng.array()))
    }

    /// The pair that 32 stored or random bytes determine.
    #[must_use]
    pub fn from_bytes(seed: Zeroizing<[u8; 32]>) -> Self {
        let (_, public) = X25519HkdfSha256::derive_keypair(seed.as_slice());
        Self {
            seed,
            public: RecipientKey(public.to_bytes().into()),
        }
    }

    /// The secret seed, for a key store.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.seed.clone()
    }

    /// The public key, which requests carry.
    #[must_use]
    pub const fn public(&self) -> RecipientKey {
        self.public
    }

    fn secret(&self) -> PrivateKey {
        X25519HkdfSha256::derive_keypair(self.seed.as_slice()).0
    }
}

impl fmt::Debug for RecipientKeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecipientKeyPair({:?}, secret)", self.public)
    }
}

/// An HPKE ciphertext with its encapsulated key.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Sealed {
    encapsulated: [u8; 32],
    ciphertext: Vec<u8>,
}

impl Sealed {
    /// Seals to the recipient, with an ephemeral key derived from the plaintext too.
    pub(super) fn new(
        purpose: Purpose,
        recipient: &RecipientKey,
        plaintext: &[u8],
        associated: &[u8],
        rng: &mut impl RandomSource,
    ) -> Result<Self, IssuanceError> {
        let fields = [plaintext, associated];
        let mut ephemeral = Stream(hedged(purpose.ephemeral_tag, &fields, rng));
        let mut seal = || -> Result<(Encapsulated, Vec<u8>), HpkeError> {
            let recipient = PublicKey::from_bytes(&recipient.0)?;
            hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
                &OpModeS::Base,
                &recipient,
                purpose.info.as_bytes(),
                plaintext,
                associated,
                &mut ephemeral,
            )
        };
        let (encapsulated, ciphertext) = seal().map_err(|_| IssuanceError::InvalidRecipient)?;
        Ok(Self {
            encapsulated: encapsulated.to_bytes().into(),
            ciphertext,
        })
    }

    /// The plaintext, if it was sealed for this purpose, to this recipient and with these
    /// associated data.
    pub(super) fn open(
        &self,
        purpose: Purpose,
        recipient: &RecipientKeyPair,
        associated: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let open = || -> Result<Vec<u8>, HpkeError> {
            hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
                &OpModeR::Base,
                &recipient.secret(),
                &Encapsulated::from_bytes(&self.encapsulated)?,
                purpose.info.as_bytes(),
                &self.ciphertext,
                associated,
            )
        };
        open().ok().map(Zeroizing::new)
    }
}

/// A hash stream in the form of the library's random source.
struct Stream(Xof);

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.0.take()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.0.take()))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(out);
        Ok(())
    }
}

impl TryCryptoRng for Stream {}
