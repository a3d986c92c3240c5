//! Secret sharing over the scalars: a polynomial of degree t − 1, whose values are the shares.

use core::fmt;

use ark_ec::CurveGroup;
use medshare_curve::encoding::encode_g2;
use medshare_curve::fixed_base::g2_generator_mul;
use medshare_curve::scalar::{evaluate_polynomial, lagrange_at_zero, random_scalar};
use medshare_curve::{G2Projective, Scalar};
use medshare_types::{G2Bytes, RandomSource};
use zeroize::Zeroizing;

/// f(X) = Σ_{k<t} a_k·X^k; f(0) is the secret. Any t values determine f, fewer reveal nothing.
pub struct Polynomial {
    coefficients: Zeroizing<Vec<Scalar>>,
}

impl Polynomial {
    /// Draws `threshold` coefficients (at least one), uniform and none of them zero.
    #[must_use]
    pub fn random(threshold: u16, rng: &mut impl RandomSource) -> Self {
        // Allocated once: a reallocation would leave a copy behind.
        let mut coefficients = Zeroizing::new(Vec::with_capacity(threshold.max(1).into()));
        for _ in 0..threshold.max(1) {
            coefficients.push(random_scalar(rng));
        }
        Self { coefficients }
    }

    /// f(j), the share of the holder with index j, from 1.
    #[must_use]
    pub fn share(&self, index: u16) -> Zeroizing<Scalar> {
        Zeroizing::new(evaluate_polynomial(&self.coefficients, index.into()))
    }

    /// C_k = a_k·g2 for k < t. Cost: t fixed-base products in G2.
    #[must_use]
    pub fn commitments(&self) -> Vec<G2Bytes> {
        // The only time that a coefficient indexes the generator's table.
        let points: Vec<_> = self.coefficients.iter().map(g2_generator_mul).collect();
        G2Projective::normalize_batch(&points)
            .iter()
            .map(encode_g2)
            .collect()
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

/// f(0) from shares (j, f(j)) with distinct indices j; a wrong value from fewer than t.
#[must_use]
pub fn interpolate(shares: &[(u16, Zeroizing<Scalar>)]) -> Zeroizing<Scalar> {
    let indices: Vec<u64> = shares.iter().map(|(index, _)| u64::from(*index)).collect();
    let terms = shares.iter().zip(lagrange_at_zero(&indices));
    Zeroizing::new(terms.map(|((_, share), lambda)| **share * lambda).sum())
}
