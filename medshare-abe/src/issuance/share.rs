//! One issuer's share, and what it makes of a request.

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

/// α_i·g1: one issuer's share of an authority's secret. t of them are the master key. Erased when
/// dropped, never printed.
#[derive(Clone)]
pub struct IssuerShare {
    sharing: SharingId,
    issuer: OrganisationId,
    index: IssuerIndex,
    /// α_i·g1 in place of α_i: no scalar that lives long is ever multiplied by.
    point: Zeroizing<G1Affine>,
    /// E_i.
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
    /// The share of an issuer at its place in a sharing, `public` being E_i.
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

    /// This issuer's part of the key that is asked for: K1 = α_i·g1 + r_i·B, K_u = r_i·H(u),
    /// K3 = r_i·g2.
    ///
    /// Whether the person is to have these attributes is for the caller to decide, before. Cost: as
    /// [`MasterSecretKey::issue`](crate::MasterSecretKey::issue).
    ///
    /// # Errors
    /// [`IssuanceError`]: the request is for another authority or epoch, or for a set of attributes
    /// that no key can be for.
    ///
    /// # Security
    /// r_i = XOF(α_i·g1 ‖ request ‖ 32 fresh bytes) modulo r. Used with two sets of attributes, one
    /// r_i would make their parts one; known, it gives α_i·g1 away. Neither happens even where the
    /// random source repeats itself or is known to others: requests differ, and α_i·g1 is secret.
    pub fn issue_partial(
        &self,
        request: &IssuanceRequest,
        rng: &mut impl RandomSource,
    ) -> Result<PartialKey, IssuanceError> {
        self.sharing.expect(&request.sharing)?;
        let digest = request.digest();
        let secret = Zeroizing::new(encode_g1(&self.point).0);
        let r = hedged_scalar(RANDOMNESS_TAG, &[secret.as_slice(), digest.as_ref()], rng);
        let (attributes, validity) = (&request.attributes, request.validity);
        let body = KeyBody::generate(&self.point, &r, attributes, validity)?;
        // K1 alone holds the share: it leaves only under the right mask, whatever went wrong.
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

    /// Whose share it is.
    #[must_use]
    pub const fn issuer(&self) -> OrganisationId {
        self.issuer
    }

    /// Its issuer's place.
    #[must_use]
    pub const fn index(&self) -> IssuerIndex {
        self.index
    }

    /// What it is a share of.
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
    /// `issuer_at` tells the issuer at a place and E_i.
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
