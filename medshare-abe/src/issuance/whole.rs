//! A whole key on its way from an authority that has the master key to the recipient.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{Digest, RandomSource, Wire, canonical_bytes};

use super::error::IssuanceError;
use super::recipient::{Purpose, RecipientKey, RecipientKeyPair, Sealed};
use crate::scheme::error::KeyError;
use crate::scheme::key::UserSecretKey;
use crate::scheme::parameters::PublicParameters;

const WHOLE: Purpose = Purpose {
    info: "medshare/abe/whole-key/v1",
    ephemeral_tag: "medshare/abe/whole-key-ephemeral/v1",
};

/// A key that only its recipient can read, whoever carries it.
///
/// Sealed as a part is, by HPKE in base mode: anybody can make one that does not open. One that
/// opens and is a key was issued by the authority, as nobody else can make keys.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SealedKey(Sealed);

impl Wire for SealedKey {
    const KIND: [u8; 4] = *b"mSKY";
    /// The longest key, and 64 bytes.
    const MAX_LEN: usize = (1 << 19) + 64;
}

canonical_bytes!(SealedKey);

impl UserSecretKey {
    /// Seals the key to a recipient, in answer to the request with that digest. Cost: two
    /// multiplications on Curve25519.
    ///
    /// # Errors
    /// [`IssuanceError::InvalidRecipient`] for a recipient's key of small order.
    ///
    /// # Security
    /// What carries the request must authenticate the recipient's key: whoever puts in one of his
    /// own reads the key. The ephemeral key is drawn from the key too, as in
    /// [`PartialKey::seal`](super::PartialKey::seal).
    pub fn seal_to(
        &self,
        recipient: &RecipientKey,
        request: &Digest,
        rng: &mut impl RandomSource,
    ) -> Result<SealedKey, IssuanceError> {
        let bytes = self.to_bytes();
        Sealed::new(WHOLE, recipient, &bytes, request.as_bytes(), rng).map(SealedKey)
    }
}

impl SealedKey {
    /// The key, if it was sealed to this recipient in answer to the request with that digest, and is
    /// one of this authority's. Cost: that of [`UserSecretKey::from_bytes`].
    ///
    /// Which attributes and days it is for is to be compared with what was asked.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn open(
        &self,
        recipient: &RecipientKeyPair,
        request: &Digest,
        parameters: &PublicParameters,
        rng: &mut impl RandomSource,
    ) -> Result<UserSecretKey, KeyError> {
        let bytes = self.0.open(WHOLE, recipient, request.as_bytes());
        let bytes = bytes.ok_or(KeyError::Undecryptable)?;
        UserSecretKey::from_bytes(&bytes, parameters, rng)
    }
}
