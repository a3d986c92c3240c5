//! A whole key, sealed by the holder of the master key to the recipient.

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

/// A key that only its recipient can read.
///
/// Sealed by HPKE in base mode, as partial keys are, so any sender can make one that does not open.
/// One that opens to a valid key came from the authority: only the authority can make keys.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SealedKey(Sealed);

impl Wire for SealedKey {
    const KIND: [u8; 4] = *b"mSKY";
    /// The longest key, and 64 bytes for HPKE.
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
    /// The request's channel must authenticate the recipient's key: an attacker that replaces it
    /// reads the sealed key. The ephemeral key is derived from the sealed key too, as in
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
    /// Opens and checks a key that was sealed to this recipient in answer to the request with that
    /// digest. Cost: that of [`UserSecretKey::from_bytes`].
    ///
    /// Callers must compare the key's attributes and days with those they asked for.
    ///
    /// # Errors
    /// [`KeyError::Undecryptable`], and those of [`UserSecretKey::from_bytes`].
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
