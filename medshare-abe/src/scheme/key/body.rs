//! What a key is made of, whether it is a user's key or one issuer's component of it.

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
    /// The points for A = `secret` and an r that is new.
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

    /// Whether e(K1, g2) = e(A, g2) + e(B, K3), `secret` being e(A, g2).
    ///
    /// For whoever made the points: K1 alone holds A, and shows another authority's parameters.
    pub(crate) fn is_under(&self, secret: &Gt) -> bool {
        self.balances(secret, *self.k1, base())
    }

    /// Whether K3 ≠ 0 and e(K1 + Σ w_u·K_u, g2) = e(A, g2) + e(B + Σ w_u·H(u), K3) with
    /// 128-bit weights w_u that nobody foresees, `secret` being e(A, g2): for whoever is given the
    /// points.
    pub(crate) fn fits(&self, secret: &Gt, rng: &mut impl RandomSource) -> bool {
        let purpose = wire::to_borsh(&(&self.components.attributes, self.components.validity));
        let checked = [&encode_gt(secret), purpose.as_slice(), &self.to_bytes()];
        // They hang on all that is checked, so that nobody can make a key for them.
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

    /// Whether K3 ≠ 0 and e(left, g2) = `secret` + e(right, K3).
    fn balances(&self, secret: &Gt, left: G1Affine, right: G1Affine) -> bool {
        let pairs = [(left, pairing::g2()), (-right, self.k3)];
        !self.k3.is_zero() && pairing::multi_pairing(&pairs) == *secret
    }

    /// Σ λ_i·(the points of body i), for bodies that are all for the same.
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
            // Bodies for the same have the same elements.
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

    /// The points for these attributes and days; nothing is known of them but that they are points
    /// of their groups and not the identity.
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

    /// The user's key that was just made, with a σ of its own, if it is under these parameters.
    ///
    /// Another authority's parameters are the one mistake that an issuer can make here. Whoever
    /// imports the key checks all of it.
    pub(crate) fn issued(
        self,
        parameters: &PublicParameters,
        rng: &mut impl RandomSource,
    ) -> Result<UserSecretKey, KeyError> {
        let key = UserSecretKey::new(parameters, self, rng);
        let under = key.body.is_under(&parameters.e());
        under.then_some(key).ok_or(KeyError::OtherAuthority)
    }

    /// The user's key, with a σ of its own, if all points are as they should be.
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
