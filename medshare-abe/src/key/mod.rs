//! The keys that an authority issues.

mod encoding;
mod parts;

use core::fmt;

use ark_ec::CurveGroup;
use medshare_curve::{G1Affine, G2Affine, Scalar, mul, pairing};
use medshare_types::{Digest, RandomSource};
use zeroize::{Zeroize, Zeroizing};

use crate::attribute::{Attribute, AttributeSet};
use crate::element::Element;
use crate::error::KeyError;
use crate::parameters::PublicParameters;
use crate::points::base;
use crate::validity::Validity;

pub use parts::MAX_KEY_PARTS;
pub(crate) use parts::{KeyPart, Parts, check};

/// A person's key for a set of attributes and of sealing dates. Erased when dropped, never printed.
pub struct UserSecretKey {
    /// H(pp) of the authority.
    parameters: Digest,
    k1: G1Affine,
    k3: G2Affine,
    parts: Parts,
    /// σ: what rejected headers decapsulate to depends on it. Never stored: every copy of a key
    /// that is read in gets its own.
    rejection: Zeroizing<[u8; 32]>,
}

impl UserSecretKey {
    /// The attributes that it is for.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.parts.attributes.iter()
    }

    /// The sealing dates that it is for.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.parts.validity
    }

    /// H(pp) of the authority that issued it.
    #[must_use]
    pub const fn parameters(&self) -> Digest {
        self.parameters
    }

    pub(crate) const fn attribute_set(&self) -> &AttributeSet {
        &self.parts.attributes
    }

    pub(crate) fn part(&self, element: &Element<'_>) -> Option<&KeyPart> {
        self.parts.get(element)
    }

    pub(crate) const fn k1(&self) -> G1Affine {
        self.k1
    }

    pub(crate) const fn k3(&self) -> G2Affine {
        self.k3
    }

    pub(crate) fn rejection(&self) -> &[u8; 32] {
        &self.rejection
    }
}

/// The key that was just made, with a σ of its own, if e(K1, g2) = E + e(B, K3).
///
/// The one mistake that the issuer can make is to take another authority's parameters, and K1 shows
/// it. Whoever imports the key checks all of it.
pub(crate) fn issued(
    parameters: &PublicParameters,
    (k1, k3): (G1Affine, G2Affine),
    parts: Parts,
    rng: &mut impl RandomSource,
) -> Result<UserSecretKey, KeyError> {
    let key = UserSecretKey::new(parameters, (k1, k3), parts, rng);
    key.require(parameters, k1, base())
}

/// The key, with a σ of its own, if e(K1 + Σ w_u·K_u, g2) = E + e(B + Σ w_u·H(u), K3).
pub(crate) fn checked(
    parameters: &PublicParameters,
    (k1, k3): (G1Affine, G2Affine),
    parts: Parts,
    rng: &mut impl RandomSource,
) -> Result<UserSecretKey, KeyError> {
    let key = UserSecretKey::new(parameters, (k1, k3), parts, rng);
    let mut weight = || Scalar::from(u128::from_le_bytes(rng.array()));
    let weights: Vec<Scalar> = key.parts.iter().map(|_| weight()).collect();
    let secrets = Zeroizing::new(key.parts.iter().map(|p| p.secret).collect::<Vec<_>>());
    let points: Vec<G1Affine> = key.parts.iter().map(|part| part.point).collect();
    let left = mul::sum_of_products(&secrets, &weights) + key.k1;
    let right = mul::sum_of_products(&points, &weights) + base();
    key.require(parameters, left.into_affine(), right.into_affine())
}

impl UserSecretKey {
    fn new(
        parameters: &PublicParameters,
        (k1, k3): (G1Affine, G2Affine),
        parts: Parts,
        rng: &mut impl RandomSource,
    ) -> Self {
        Self {
            parameters: parameters.digest(),
            k1,
            k3,
            parts,
            rejection: Zeroizing::new(rng.array()),
        }
    }

    /// This key, if e(left, g2) = E + e(right, K3).
    fn require(
        self,
        parameters: &PublicParameters,
        left: G1Affine,
        right: G1Affine,
    ) -> Result<Self, KeyError> {
        let pairs = [(left, pairing::g2()), (-right, self.k3)];
        if pairing::multi_pairing(&pairs) == parameters.e() {
            Ok(self)
        } else {
            Err(KeyError::Inconsistent)
        }
    }
}

impl Drop for UserSecretKey {
    fn drop(&mut self) {
        self.k1.zeroize();
    }
}

impl fmt::Debug for UserSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "UserSecretKey({}; {}; secret)",
            self.parts.attributes, self.parts.validity
        )
    }
}
