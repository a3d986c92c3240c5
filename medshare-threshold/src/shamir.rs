//! Secret sharing over the scalars: a polynomial of degree t − 1, its values the shares.

use core::fmt;

use ark_ec::CurveGroup;
use medshare_curve::encoding::encode_g2;
use medshare_curve::fixed_base::g2_generator_mul;
use medshare_curve::scalar::{evaluate_polynomial, lagrange_at_zero, random_scalar};
use medshare_curve::{G2Projective, Scalar};
use medshare_types::{G2Bytes, RandomSource};
use zeroize::Zeroizing;

/// f(X) = Σ_{k<t} a_k·X^k; f(0) is the secret. Any t values determine it, fewer say nothing.
pub struct Polynomial {
    coefficients: Zeroizing<Vec<Scalar>>,
}

impl Polynomial {
    /// A uniform polynomial with `threshold` coefficients (at least one), none of them zero.
    #[must_use]
    pub fn random(threshold: u16, rng: &mut impl RandomSource) -> Self {
        // Filled in place, so that no reallocation leaves a copy behind.
        let mut coefficients = Zeroizing::new(Vec::with_capacity(threshold.max(1).into()));
        for _ in 0..threshold.max(1) {
            coefficients.push(random_scalar(rng));
        }
        Self { coefficients }
    }

    /// f(place), the share of the holder at `place`, which counts from 1.
    #[must_use]
    pub fn share(&self, place: u16) -> Zeroizing<Scalar> {
        Zeroizing::new(evaluate_polynomial(&self.coefficients, place.into()))
    }

    /// C_k = a_k·g2.
    #[must_use]
    pub fn commitments(&self) -> Vec<G2Bytes> {
        // Each coefficient meets the generator's table this once.
        let points: Vec<_> = self.coefficients.iter().map(g2_generator_mul).collect();
        let points = G2Projective::normalize_batch(&points);
        points.iter().map(encode_g2).collect()
    }
}

impl fmt::Debug for Polynomial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Polynomial({} coefficients, secret)",
            self.coefficients.len()
        )
    }
}

/// f(0) from shares (place, f(place)) at distinct places; the wrong value from too few.
#[must_use]
pub fn interpolate(shares: &[(u16, Zeroizing<Scalar>)]) -> Zeroizing<Scalar> {
    let places: Vec<u64> = shares.iter().map(|(place, _)| u64::from(*place)).collect();
    let terms = shares.iter().zip(lagrange_at_zero(&places));
    Zeroizing::new(terms.map(|((_, share), lambda)| **share * lambda).sum())
}
