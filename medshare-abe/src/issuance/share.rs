//! One issuer's share, and the partial keys that it issues.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_curve::encoding::{decode_g1, encode_g1};
use medshare_curve::{G1Affine, Gt, pairing};
use medshare_types::{G1Bytes, OrganisationId, RandomSource, Wire};
use zeroize::{Zeroize, Zeroizing};

use super::error::{IssuanceError, SharingError};
use super::id::{IssuerIndex, SharingId};
use super::partial::PartialKey;
use super::request::IssuanceRequest;
use crate::hedged::hedged_scalar;
use crate::scheme::error::KeyError;
use crate::scheme::key::KeyBody;

const RANDOMNESS_TAG: &str = "medshare/abe/partial-randomness/v1";

/// α_i·g1: one issuer's share of an authority's secret. t shares are the master key. Erased when
/// dropped, never printed.
#[derive(Clone)]
pub struct IssuerShare {
    sharing: SharingId,
    issuer: OrganisationId,
    index: IssuerIndex,
    /// α_i·g1 instead of α_i, so that no long-lived scalar is ever multiplied by.
    point: Zeroizing<G1Affine>,
    /// E_i = α_i·e(g1, g2).
    public: Gt,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct Encoded {
    sharing: SharingId,
    index: IssuerIndex,
    point: G1Bytes,
}

impl Wire for Encoded {
    const KIND: [u8; 4] = *b"mISH";
    const MAX_LEN: usize = 256;
}

impl Drop for Encoded {
    fn drop(&mut self) {
        self.point.0.zeroize();
    }
}

impl IssuerShare {
    /// The share of the issuer at an index of a sharing; `public` is E_i.
    pub(super) const fn new(
        sharing: SharingId,
        (index, issuer): (IssuerIndex, OrganisationId),
        point: Zeroizing<G1Affine>,
        public: Gt,
    ) -> Self {
        Self {
            sharing,
            issuer,
            index,
            point,
            public,
        }
    }

    /// Makes this issuer's partial key for a request: K1 = α_i·g1 + r_i·B, K_u = r_i·H(u),
    /// K3 = r_i·g2.
    ///
    /// The caller decides beforehand whether the person may have these attributes. Cost: as
    /// [`MasterSecretKey::issue`](crate::MasterSecretKey::issue).
    ///
    /// # Errors
    /// [`IssuanceError::Foreign`] for a request to another sharing, [`IssuanceError::Key`] for
    /// attributes that no key can hold.
    ///
    /// # Security
    /// r_i = XOF(α_i·g1 ‖ request ‖ 32 fresh bytes) modulo r. An r_i that served two sets of
    /// attributes would merge their partial keys into one; an attacker that knows r_i computes
    /// α_i·g1. A random source that repeats itself, or that others know, causes neither: requests
    /// differ, and α_i·g1 is secret.
    pub fn issue_partial(
        &self,
        request: &IssuanceRequest,
        rng: &mut impl RandomSource,
    ) -> Result<PartialKey, IssuanceError> {
        self.sharing.expect(&request.sharing)?;
        let digest = request.digest();
        let secret = Zeroizing::new(encode_g1(&self.point).0);
        let r = hedged_scalar(RANDOMNESS_TAG, &[secret.as_slice(), digest.as_ref()], rng);
        let attributes = &request.attributes;
        let validity = request.validity;
        let body = KeyBody::generate(&self.point, &r, attributes, validity)?;
        // K1 alone holds the share: a fault must not let it leave under a wrong mask.
        if !body.is_under(&self.public) {
            return Err(KeyError::Inconsistent.into());
        }
        Ok(PartialKey::new(
            (self.index, self.issuer),
            request,
            digest,
            body,
        ))
    }

    /// The organisation that holds the share.
    #[must_use]
    pub const fn issuer(&self) -> OrganisationId {
        self.issuer
    }

    /// The index of its issuer in the sharing.
    #[must_use]
    pub const fn index(&self) -> IssuerIndex {
        self.index
    }

    /// The sharing that it belongs to.
    #[must_use]
    pub const fn sharing_id(&self) -> SharingId {
        self.sharing
    }

    /// The canonical bytes, for a key store.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let encoded = Encoded {
            sharing: self.sharing,
            index: self.index,
            point: encode_g1(&self.point),
        };
        encoded.to_secret_wire()
    }

    /// Parses the canonical bytes of a share of this sharing, and checks it: e(α_i·g1, g2) = E_i.
    /// `issuer_at` returns the issuer at an index, and E_i.
    pub(super) fn read(
        bytes: &[u8],
        sharing: SharingId,
        issuer_at: impl FnOnce(IssuerIndex) -> Option<(OrganisationId, Gt)>,
    ) -> Result<Self, SharingError> {
        let encoded = Encoded::from_wire(bytes)?;
        sharing.expect(&encoded.sharing)?;
        let index = encoded.index;
        let (issuer, public) = issuer_at(index).ok_or(SharingError::NoSuchIssuer { index })?;
        let point = Zeroizing::new(decode_g1(&encoded.point)?);
        if pairing::pairing(&point, &pairing::g2()) == public {
            Ok(Self::new(sharing, (index, issuer), point, public))
        } else {
            Err(SharingError::InconsistentShare { issuer })
        }
    }
}

impl fmt::Debug for IssuerShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { issuer, index, .. } = self;
        write!(f, "IssuerShare({issuer:?} at {index}, secret)")
    }
}
