//! One issuer's part of a key, and the key that t of them make.

use core::fmt;
use std::collections::BTreeMap;

use medshare_curve::scalar::lagrange_at_zero;
use medshare_types::{Digest, OrganisationId, RandomSource};

use super::authority::SharedAuthority;
use super::request::IssuanceRequest;
use super::seal::RecipientKey;
use super::sharing::{IssuerIndex, SharingEpoch};
use crate::error::{CombineError, PartialFault};
use crate::scheme::key::{KeyBody, UserSecretKey};

/// One issuer's part of the key that a request asks for: a key under α_i in place of α. Its issuer
/// made it here, or its recipient opened and checked it.
///
/// t parts are the key, so it has no bytes of its own and leaves its maker only sealed to the
/// recipient ([`PartialKey::seal`]). Erased when dropped, never printed.
pub struct PartialKey {
    pub(super) issuer: OrganisationId,
    pub(super) index: IssuerIndex,
    epoch: SharingEpoch,
    /// H(request).
    pub(super) request: Digest,
    pub(super) recipient: RecipientKey,
    pub(super) body: KeyBody,
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

impl SharedAuthority {
    /// The key that t parts make: Σ λ_i·K1_i, Σ λ_i·K_u,i, Σ λ_i·K3_i with the Lagrange weights λ_i
    /// of their places. More than t may be given; the first t by place are used.
    ///
    /// Cost: for each part of the key a sum of t products, and the check that
    /// [`UserSecretKey::from_bytes`] makes.
    ///
    /// # Errors
    /// [`CombineError`]: too few parts, two of one issuer, one of another epoch or for another
    /// request, naming whose. [`CombineError::Key`] if what they make is no key of this authority,
    /// which parts that were checked under it cannot cause.
    pub fn combine(
        &self,
        request: &IssuanceRequest,
        parts: &[PartialKey],
        rng: &mut impl RandomSource,
    ) -> Result<UserSecretKey, CombineError> {
        self.id().expect(&request.sharing)?;
        let digest = request.digest();
        let mut by_index = BTreeMap::new();
        for part in parts {
            let issuer = part.issuer;
            if part.epoch != request.sharing.epoch {
                return Err(CombineError::OtherEpoch {
                    issuer,
                    epoch: part.epoch,
                });
            }
            if part.request != digest {
                return Err(CombineError::OtherRequest { issuer });
            }
            if by_index.insert(part.index, &part.body).is_some() {
                return Err(CombineError::RepeatedIssuer { issuer });
            }
        }
        let needed = usize::from(self.sharing().threshold());
        let used: Vec<(IssuerIndex, &KeyBody)> = by_index.into_iter().take(needed).collect();
        if used.len() < needed {
            return Err(CombineError::TooFew {
                needed,
                found: used.len(),
            });
        }
        let indices: Vec<u64> = used.iter().map(|(index, _)| index.0.into()).collect();
        let bodies: Vec<&KeyBody> = used.into_iter().map(|(_, body)| body).collect();
        let body = KeyBody::combine(&bodies, &lagrange_at_zero(&indices))?;
        Ok(body.checked(self.parameters(), rng)?)
    }

    /// Whether a part is a key under its issuer's α_i:
    /// e(K1 + Σ w_u·K_u, g2) = E_i + e(B + Σ w_u·H(u), K3) with random 128-bit weights w_u.
    ///
    /// K1 needs no weight of its own: where some K_u is wrong, its weight makes the equation false
    /// but for one value in 2¹²⁸; where none is, K1 alone decides.
    pub(super) fn check_part(
        &self,
        index: IssuerIndex,
        body: &KeyBody,
        rng: &mut impl RandomSource,
    ) -> Result<(), PartialFault> {
        if body.fits(&self.commitments().at(index), rng) {
            Ok(())
        } else {
            Err(PartialFault::Inconsistent)
        }
    }
}
