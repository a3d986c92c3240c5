//! The points of a key: of a user's key, or of one issuer's partial key.

use ark_ec::{AffineRepr, CurveGroup};
use medshare_curve::encoding::{decode_g1, decode_g2, encode_g1, encode_g2, encode_gt};
use medshare_curve::{G1Affine, G2Affine, Gt, Scalar, fixed_base, mul, pairing};
use medshare_policy::AttributeSet;
use medshare_types::{DecodeError, G1Bytes, G2Bytes, RandomSource, wire};
use zeroize::Zeroizing;

use super::UserSecretKey;
use super::components::{Components, KeyComponent};
use crate::hedged::hedged;
use crate::scheme::error::KeyError;
use crate::scheme::parameters::PublicParameters;
use crate::scheme::points::{base, base_mul_regular};
use crate::scheme::validity::Validity;

const WEIGHTS_TAG: &str = "medshare/abe/key-check/v1";

/// K1 = A + r·B, K_u = r·H(u), K3 = r·g2, where A is α·g1 or α_i·g1.
pub(crate) struct KeyBody {
    pub(super) k1: Zeroizing<G1Affine>,
    pub(super) k3: G2Affine,
    pub(super) components: Components,
}

impl KeyBody {
    /// Makes the points for A = `secret` and a fresh r.
    ///
    /// # Security
    /// As [`mul::mul_regular`].
    pub(crate) fn generate(
        secret: &G1Affine,
        r: &Scalar,
        attributes: &AttributeSet,
        validity: Validity,
    ) -> Result<Self, KeyError> {
        let components = Components::issue(attributes.clone(), validity, r)?;
        let k1 = (base_mul_regular(r) + secret).into_affine();
        Ok(Self {
            k1: Zeroizing::new(k1),
            k3: fixed_base::g2_generator_mul_regular(r).into_affine(),
            components,
        })
    }

    /// Checks e(K1, g2) = e(A, g2) + e(B, K3), `secret` being e(A, g2).
    ///
    /// Enough for points made here: K1 alone holds A, and reveals another authority's parameters.
    pub(crate) fn is_under(&self, secret: &Gt) -> bool {
        self.balances(secret, *self.k1, base())
    }

    /// Checks K3 ≠ 0 and e(K1 + Σ w_u·K_u, g2) = e(A, g2) + e(B + Σ w_u·H(u), K3) with unforeseeable
    /// 128-bit weights w_u, `secret` being e(A, g2). For points from outside.
    pub(crate) fn fits(&self, secret: &Gt, rng: &mut impl RandomSource) -> bool {
        let purpose = wire::to_borsh(&(&self.components.attributes, self.components.validity));
        let checked = [&encode_gt(secret), purpose.as_slice(), &self.to_bytes()];
        // Derived from the whole key, so a forger cannot choose it to cancel the weights.
        let mut stream = hedged(WEIGHTS_TAG, &checked, rng);
        let mut weight = || Scalar::from(u128::from_le_bytes(stream.take()));
        let weights: Vec<Scalar> = self.components.iter().map(|_| weight()).collect();
        let secrets = Zeroizing::new(self.components.iter().map(|p| p.secret).collect::<Vec<_>>());
        let points: Vec<G1Affine> = self
            .components
            .iter()
            .map(|component| component.point)
            .collect();
        let left = mul::sum_of_products(&secrets, &weights) + *self.k1;
        let right = mul::sum_of_products(&points, &weights) + base();
        self.balances(secret, left.into_affine(), right.into_affine())
    }

    /// Checks K3 ≠ 0 and e(left, g2) = `secret` + e(right, K3).
    fn balances(&self, secret: &Gt, left: G1Affine, right: G1Affine) -> bool {
        let pairs = [(left, pairing::g2()), (-right, self.k3)];
        !self.k3.is_zero() && pairing::multi_pairing(&pairs) == *secret
    }

    /// Σ λ_i·(the points of body i), for bodies with equal attributes and validity.
    pub(crate) fn combine(bodies: &[&Self], weights: &[Scalar]) -> Result<Self, KeyError> {
        let first = bodies.first().ok_or(KeyError::Inconsistent)?;
        let weighted = |points: Vec<G1Affine>| {
            mul::sum_of_products(&Zeroizing::new(points), weights).into_affine()
        };
        let (attributes, validity) = (
            first.components.attributes.clone(),
            first.components.validity,
        );
        let components = Components::new(attributes, validity, |element| {
            let held = bodies.iter().map(|body| body.components.get(element));
            // Equal attributes and validity have equal elements.
            let held: Option<Vec<&KeyComponent>> = held.collect();
            let held = held.ok_or(KeyError::Inconsistent)?;
            let point = held
                .first()
                .map_or(G1Affine::identity(), |component| component.point);
            let secret = weighted(held.iter().map(|component| component.secret).collect());
            Ok(KeyComponent { point, secret })
        })?;
        let k1 = weighted(bodies.iter().map(|body| *body.k1).collect());
        let k3: Vec<G2Affine> = bodies.iter().map(|body| body.k3).collect();
        Ok(Self {
            k1: Zeroizing::new(k1),
            k3: mul::sum_of_products_g2(&k3, weights).into_affine(),
            components,
        })
    }

    /// K1 ‖ K3 ‖ K_u of every element, in the order of the attributes and then of the validity.
    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let count = self.components.iter().count();
        let mut out = Zeroizing::new(Vec::with_capacity(48 + 96 + 48 * count));
        out.extend_from_slice(Zeroizing::new(encode_g1(&self.k1).0).as_slice());
        out.extend_from_slice(&encode_g2(&self.k3).0);
        for component in self.components.iter() {
            out.extend_from_slice(Zeroizing::new(encode_g1(&component.secret).0).as_slice());
        }
        out
    }

    /// Decodes the points for these attributes and days. Each is in its group and not the identity;
    /// nothing else is checked.
    pub(crate) fn read(
        bytes: &[u8],
        attributes: &AttributeSet,
        validity: Validity,
    ) -> Result<Self, KeyError> {
        let mut rest = bytes;
        let k1 = Zeroizing::new(decode_g1(&G1Bytes(take(&mut rest)?))?);
        let k3 = decode_g2(&G2Bytes(take(&mut rest)?))?;
        let components = Components::hashed(attributes.clone(), validity, |_| {
            Ok(decode_g1(&G1Bytes(take(&mut rest)?))?)
        })?;
        match rest.len() {
            0 => Ok(Self { k1, k3, components }),
            count => Err(DecodeError::TrailingBytes { count }.into()),
        }
    }

    /// Turns points made here into a user's key with a fresh σ, if they are under these parameters.
    ///
    /// Another authority's parameters are the only possible mistake here. The full check follows when
    /// the key is imported.
    pub(crate) fn issued(
        self,
        parameters: &PublicParameters,
        rng: &mut impl RandomSource,
    ) -> Result<UserSecretKey, KeyError> {
        let key = UserSecretKey::new(parameters, self, rng);
        let under = key.body.is_under(&parameters.e());
        under.then_some(key).ok_or(KeyError::OtherAuthority)
    }

    /// Turns points from outside into a user's key with a fresh σ, if they pass the full check.
    pub(crate) fn checked(
        self,
        parameters: &PublicParameters,
        rng: &mut impl RandomSource,
    ) -> Result<UserSecretKey, KeyError> {
        let key = UserSecretKey::new(parameters, self, rng);
        let fits = key.body.fits(&parameters.e(), rng);
        fits.then_some(key).ok_or(KeyError::Inconsistent)
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], DecodeError> {
    let (head, tail) = rest.split_first_chunk().ok_or(DecodeError::Truncated)?;
    *rest = tail;
    Ok(*head)
}
