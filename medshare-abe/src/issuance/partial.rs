//! One issuer's partial key, open and sealed.
//!
//! The plaintext is K1 ‖ K3 ‖ K_u of every element in order; the recipient knows the elements from
//! the request. The associated data is the request's digest and the issuer's index.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{Digest, OrganisationId, RandomSource, Wire, canonical_bytes};
use zeroize::Zeroizing;

use super::error::IssuanceError;
use super::id::{IssuerIndex, SharingEpoch};
use super::recipient::{Purpose, RecipientKey, RecipientKeyPair, Sealed};
use super::request::IssuanceRequest;
use crate::scheme::key::KeyBody;

const PARTIAL: Purpose = Purpose {
    info: "medshare/abe/partial-key/v1",
    ephemeral_tag: "medshare/abe/partial-key-ephemeral/v1",
};

/// A key under one issuer's α_i in place of α, made by the issuer or opened and checked by the
/// recipient.
///
/// t partial keys are the key. So a partial key has no public encoding and leaves its issuer only
/// sealed to the recipient ([`PartialKey::seal`]). Erased when dropped, never printed.
pub struct PartialKey {
    issuer: OrganisationId,
    index: IssuerIndex,
    epoch: SharingEpoch,
    /// H(request) of the request that it answers.
    request: Digest,
    recipient: RecipientKey,
    body: KeyBody,
}

impl PartialKey {
    pub(super) fn new(
        (index, issuer): (IssuerIndex, OrganisationId),
        request: &IssuanceRequest,
        digest: Digest,
        body: KeyBody,
    ) -> Self {
        Self {
            issuer,
            index,
            epoch: request.sharing.epoch,
            request: digest,
            recipient: request.recipient,
            body,
        }
    }

    /// The organisation that issued it.
    #[must_use]
    pub const fn issuer(&self) -> OrganisationId {
        self.issuer
    }

    /// H(request) of the request that it answers.
    #[must_use]
    pub const fn request_digest(&self) -> Digest {
        self.request
    }

    pub(super) const fn index(&self) -> IssuerIndex {
        self.index
    }

    pub(super) const fn epoch(&self) -> SharingEpoch {
        self.epoch
    }

    pub(super) const fn body(&self) -> &KeyBody {
        &self.body
    }
}

impl fmt::Debug for PartialKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "PartialKey({:?} for {:?}; secret)",
            self.issuer, self.request
        )
    }
}

/// A partial key that only the recipient of its request can read.
///
/// Any sender can put an issuer's index on bytes that do not open, so only an authenticated channel
/// tells the culprit.
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
    /// H(request) of the request that it claims to answer.
    #[must_use]
    pub const fn request_digest(&self) -> Digest {
        self.request
    }

    /// The index of the issuer that it claims to come from.
    #[must_use]
    pub const fn index(&self) -> IssuerIndex {
        self.index
    }

    /// The plaintext, if it was sealed to this recipient for the request and the index named here.
    pub(super) fn open(&self, recipient: &RecipientKeyPair) -> Option<Zeroizing<Vec<u8>>> {
        let associated = associated_data(&self.request, self.index);
        self.sealed.open(PARTIAL, recipient, &associated)
    }
}

impl PartialKey {
    /// Seals the partial key to the recipient that its request names. Cost: two multiplications on
    /// Curve25519.
    ///
    /// # Errors
    /// [`IssuanceError::InvalidRecipient`] for a recipient's key of small order.
    ///
    /// # Security
    /// An attacker that knows the ephemeral key reads the partial key. It is derived from the
    /// partial key, the request and 32 fresh bytes, so it stays secret even where the random source
    /// repeats itself or is known to others.
    pub fn seal(&self, rng: &mut impl RandomSource) -> Result<SealedPartialKey, IssuanceError> {
        let plaintext = self.body.to_bytes();
        let associated = associated_data(&self.request, self.index);
        let sealed = Sealed::new(PARTIAL, &self.recipient, &plaintext, &associated, rng)?;
        Ok(SealedPartialKey {
            request: self.request,
            index: self.index,
            sealed,
        })
    }
}

fn associated_data(request: &Digest, index: IssuerIndex) -> [u8; 34] {
    let mut out = [0; 34];
    out[..32].copy_from_slice(request.as_bytes());
    out[32..].copy_from_slice(&index.0.to_le_bytes());
    out
}
