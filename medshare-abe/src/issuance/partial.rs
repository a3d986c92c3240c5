//! One issuer's part of a key, open and sealed.
//!
//! A part's plaintext is K1 ‖ K3 ‖ K_u of every element in order; the request, which the recipient
//! has, says of which. Its associated data is the request's digest and the issuer's place.

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

/// One issuer's part of the key that a request asks for: a key under α_i in place of α. Its issuer
/// made it here, or its recipient opened and checked it.
///
/// t parts are the key, so it has no bytes of its own and leaves its maker only sealed to the
/// recipient ([`PartialKey::seal`]). Erased when dropped, never printed.
pub struct PartialKey {
    issuer: OrganisationId,
    index: IssuerIndex,
    epoch: SharingEpoch,
    /// H(request).
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

    /// Who made it.
    #[must_use]
    pub const fn issuer(&self) -> OrganisationId {
        self.issuer
    }

    /// H(request) of the request it was made for.
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

    /// The plaintext, if it was sealed to this recipient for the request and the place named here.
    pub(super) fn open(&self, recipient: &RecipientKeyPair) -> Option<Zeroizing<Vec<u8>>> {
        let associated = associated_data(&self.request, self.index);
        self.sealed.open(PARTIAL, recipient, &associated)
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
