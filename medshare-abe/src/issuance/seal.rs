//! A key, or a part of one, on its way to the recipient: HPKE [RFC 9180].
//!
//! Base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and ChaCha20-Poly1305. A part's plaintext
//! is K1 ‖ K3 ‖ K_u of every element in order; the request, which the recipient has, says of which.
//! Its associated data is the request's digest and the issuer's place. The sender's ephemeral key
//! is that which `DeriveKeyPair` makes of XOF(tag ‖ plaintext ‖ associated data ‖ 32 fresh bytes).

use core::convert::Infallible;
use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, HpkeError, Kem, OpModeR, OpModeS, Serializable};
use medshare_types::hash::Xof;
use medshare_types::{Digest, RandomSource, Wire, canonical_bytes};
use zeroize::Zeroizing;

use super::authority::SharedAuthority;
use super::partial::PartialKey;
use super::request::IssuanceRequest;
use super::sharing::IssuerIndex;
use crate::error::{IssuanceError, PartialError, PartialFault};
use crate::hedged::hedged;
use crate::scheme::key::KeyBody;
use crate::scheme::key::check_issuable;

/// What is sealed, so that nothing sealed as one thing opens as another.
#[derive(Clone, Copy)]
pub(super) struct Purpose {
    /// The `info` of RFC 9180.
    pub(super) info: &'static str,
    /// Of the stream that the ephemeral key is drawn from.
    pub(super) ephemeral_tag: &'static str,
}

const PART: Purpose = Purpose {
    info: "medshare/abe/partial-key/v1",
    ephemeral_tag: "medshare/abe/partial-key-ephemeral/v1",
};

type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;
type PublicKey = <X25519HkdfSha256 as Kem>::PublicKey;
type Encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey;

/// An X25519 public key that keys and their parts are sealed to, as bytes that nothing is known of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct RecipientKey(pub [u8; 32]);

impl fmt::Debug for RecipientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, ..] = self.0;
        write!(f, "RecipientKey({first:02x}{second:02x}..)")
    }
}

/// The pair of keys with which somebody receives a key: that which `DeriveKeyPair` of RFC 9180,
/// section 7.1.3, makes of 32 bytes. Erased when dropped, never printed.
///
/// A pair for each request is best, erased once the key is there: whoever gets hold of it later
/// reads every part that was sealed to it, and t parts are the key.
pub struct RecipientKeyPair {
    seed: Zeroizing<[u8; 32]>,
    public: RecipientKey,
}

impl RecipientKeyPair {
    /// Draws a fresh pair.
    #[must_use]
    pub fn random(rng: &mut impl RandomSource) -> Self {
        Self::from_bytes(Zeroizing::new(rng.array()))
    }

    /// The pair of stored bytes, or of 32 that are drawn at random.
    #[must_use]
    pub fn from_bytes(seed: Zeroizing<[u8; 32]>) -> Self {
        let (_, public) = X25519HkdfSha256::derive_keypair(seed.as_slice());
        Self {
            seed,
            public: RecipientKey(public.to_bytes().into()),
        }
    }

    /// The secret, for a key store.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.seed.clone()
    }

    /// What requests name.
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

/// A part that only the recipient of its request can read.
///
/// Anybody can make one that does not open and put an issuer's place on it: whom to blame for a bad
/// one is known only where the channel says who sent it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SealedPartialKey {
    request: Digest,
    index: IssuerIndex,
    sealed: Sealed,
}

impl Wire for SealedPartialKey {
    const KIND: [u8; 4] = *b"mSPK";
    const MAX_LEN: usize = 1 << 16;
}

canonical_bytes!(SealedPartialKey);

impl SealedPartialKey {
    /// H(request) of the request it says it is for.
    #[must_use]
    pub const fn request_digest(&self) -> Digest {
        self.request
    }

    /// The place of the issuer it says it is from.
    #[must_use]
    pub const fn index(&self) -> IssuerIndex {
        self.index
    }
}

impl PartialKey {
    /// Seals the part to the recipient that its request names. Cost: two multiplications on
    /// Curve25519.
    ///
    /// # Errors
    /// [`IssuanceError::InvalidRecipient`] for a recipient's key of small order.
    ///
    /// # Security
    /// Whoever knew the ephemeral key could read the part. It is drawn from the part itself, the
    /// request and 32 fresh bytes, so that it stays secret even where the random source repeats
    /// itself or is known to others: the part is secret from all but its issuer and its recipient.
    pub fn seal(&self, rng: &mut impl RandomSource) -> Result<SealedPartialKey, IssuanceError> {
        let plaintext = self.body.to_bytes();
        let associated = associated_data(&self.request, self.index);
        let sealed = Sealed::new(PART, &self.recipient, &plaintext, &associated, rng)?;
        Ok(SealedPartialKey {
            request: self.request,
            index: self.index,
            sealed,
        })
    }
}

impl SharedAuthority {
    /// Opens a part with the recipient's keys and checks it: every point in its subgroup and not
    /// the identity, and the whole a key under the issuer's α_i for what was asked.
    ///
    /// Cost: for each part of the key a hash to G1, a decoding and two short multiplications; two
    /// pairings; t short multiplications in GT.
    ///
    /// # Errors
    /// [`PartialError::Bad`] names the issuer whose part is no good: ask another one. The others
    /// say that request, keys and sealed part do not belong together.
    pub fn open_partial(
        &self,
        request: &IssuanceRequest,
        recipient: &RecipientKeyPair,
        sealed: &SealedPartialKey,
        rng: &mut impl RandomSource,
    ) -> Result<PartialKey, PartialError> {
        self.id().expect(&request.sharing)?;
        if recipient.public != request.recipient {
            return Err(PartialError::WrongRecipient);
        }
        let index = sealed.index;
        let issuer = self.sharing().issuer_at(index);
        let issuer = issuer.ok_or(PartialError::NoSuchIssuer { index })?;
        check_issuable(&request.attributes)?;
        let digest = request.digest();
        if sealed.request != digest {
            return Err(PartialError::OtherRequest { issuer });
        }
        let mut open = || -> Result<KeyBody, PartialFault> {
            let associated = associated_data(&digest, index);
            let plaintext = sealed.sealed.open(PART, recipient, &associated);
            let plaintext = plaintext.ok_or(PartialFault::Undecryptable)?;
            let body = KeyBody::read(&plaintext, &request.attributes, request.validity)?;
            self.check_part(index, &body, rng)?;
            Ok(body)
        };
        let body = open().map_err(|source| PartialError::Bad { issuer, source })?;
        Ok(PartialKey::new((index, issuer), request, digest, body))
    }
}

/// What HPKE makes of a plaintext.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Sealed {
    encapsulated: [u8; 32],
    ciphertext: Vec<u8>,
}

impl Sealed {
    /// Seals to the recipient, with an ephemeral key that hangs on the plaintext too.
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

fn associated_data(request: &Digest, index: IssuerIndex) -> [u8; 34] {
    let mut out = [0; 34];
    out[..32].copy_from_slice(request.as_bytes());
    out[32..].copy_from_slice(&index.0.to_le_bytes());
    out
}

/// A stream of output as the library asks for random bytes.
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
