//! Scalars: random ones, reduction of wide hashes, interpolation.

use ark_ff::{PrimeField, Zero, batch_inversion};
use medshare_types::RandomSource;
use zeroize::Zeroizing;

use crate::Scalar;

/// A uniform scalar that is not zero.
///
/// 64 bytes are reduced modulo r, so the bias is below 2⁻²⁵⁶.
#[must_use]
pub fn random_scalar(rng: &mut impl RandomSource) -> Scalar {
    loop {
        let scalar = wide_reduce(&Zeroizing::new(rng.array()));
        if !scalar.is_zero() {
            return scalar;
        }
    }
}

/// 64 little-endian bytes modulo r: a uniform scalar if they are uniform.
#[must_use]
pub fn wide_reduce(bytes: &[u8; 64]) -> Scalar {
    Scalar::from_le_bytes_mod_order(bytes)
}

/// λ_j = Π_{m≠j} i_m / (i_m − i_j): then f(0) = Σ λ_j·f(i_j) for every f of degree less than the
/// number of indices.
///
/// Cost: quadratic in the number of indices, one inversion. A coefficient whose index repeats is 0:
/// callers pass distinct, non-zero indices.
#[must_use]
pub fn lagrange_at_zero(indices: &[u64]) -> Vec<Scalar> {
    let points: Vec<Scalar> = indices.iter().map(|&index| Scalar::from(index)).collect();
    let product: Scalar = points.iter().product();
    // λ_j = (Π i_m) / (i_j · Π_{m≠j} (i_m − i_j)): all denominators inverted together.
    let mut coefficients: Vec<Scalar> = (0..points.len())
        .map(|j| {
            let others = (0..points.len()).filter(|&m| m != j);
            others.fold(points[j], |acc, m| acc * (points[m] - points[j]))
        })
        .collect();
    batch_inversion(&mut coefficients);
    coefficients.iter_mut().for_each(|value| *value *= product);
    coefficients
}

/// Σ c_k·x^k by Horner's rule.
#[must_use]
pub fn evaluate_polynomial(coefficients: &[Scalar], x: u64) -> Scalar {
    let x = Scalar::from(x);
    let horner = |acc, coefficient: &Scalar| acc * x + coefficient;
    coefficients.iter().rev().fold(Scalar::zero(), horner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpolation_recovers_the_constant() {
        let coefficients: Vec<Scalar> = [5u64, 7, 11, 13].map(Scalar::from).to_vec();
        let indices = [2, 9, 4, 1000];
        let sum: Scalar = indices
            .iter()
            .zip(lagrange_at_zero(&indices))
            .map(|(&index, lambda)| lambda * evaluate_polynomial(&coefficients, index))
            .sum();
        assert_eq!(sum, coefficients[0]);
    }

    #[test]
    fn too_few_points_do_not_recover_the_constant() {
        let coefficients: Vec<Scalar> = [5u64, 7, 11, 13].map(Scalar::from).to_vec();
        let indices = [1, 2, 3];
        let sum: Scalar = indices
            .iter()
            .zip(lagrange_at_zero(&indices))
            .map(|(&index, lambda)| lambda * evaluate_polynomial(&coefficients, index))
            .sum();
        assert_ne!(sum, coefficients[0]);
    }

    #[test]
    fn wide_reduction_is_little_endian() {
        let mut bytes = [0; 64];
        bytes[0] = 3;
        assert_eq!(wide_reduce(&bytes), Scalar::from(3u64));
        bytes[32] = 1;
        let two_256 = (0..256).fold(Scalar::from(1u64), |acc, _| acc + acc);
        assert_eq!(wide_reduce(&bytes), Scalar::from(3u64) + two_256);
    }
}
