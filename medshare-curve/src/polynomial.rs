//! Sharing a secret by a polynomial [Shamir 1979], and commitments that shares are checked against
//! [Feldman 1987].
//!
//! f(X) = Σ_{k<t} a_k·X^k shares the secret f(0): any t values at indices other than 0 determine
//! it, fewer say nothing. A_k = a_k·G commits to a coefficient, G being a generator of whatever
//! group the caller commits in.

use core::fmt;

use ark_ff::AdditiveGroup;
use medshare_types::RandomSource;
use zeroize::Zeroizing;

use crate::Scalar;
use crate::scalar::{evaluate_polynomial, random_scalar};

/// The coefficients of f, constant first and at least one. Erased when dropped, never printed.
pub struct Polynomial {
    coefficients: Zeroizing<Vec<Scalar>>,
}

impl Polynomial {
    /// A uniform polynomial of `threshold` coefficients, none of them zero. A threshold of 0 counts
    /// as 1.
    #[must_use]
    pub fn random(threshold: u16, rng: &mut impl RandomSource) -> Self {
        let count = threshold.max(1);
        // Allocated at its full size: a reallocation would leave a copy behind.
        let mut coefficients = Zeroizing::new(Vec::with_capacity(count.into()));
        for _ in 0..count {
            coefficients.push(random_scalar(rng));
        }
        Self { coefficients }
    }

    /// As [`Self::random`], with f(0) = 0: added to a sharing, it renews the shares of one secret.
    #[must_use]
    pub fn through_zero(threshold: u16, rng: &mut impl RandomSource) -> Self {
        let mut polynomial = Self::random(threshold, rng);
        polynomial.coefficients[0] = Scalar::ZERO;
        polynomial
    }

    /// f(0), the shared secret.
    #[must_use]
    pub fn constant(&self) -> Zeroizing<Scalar> {
        Zeroizing::new(self.coefficients[0])
    }

    /// f(index), the share at an index from 1 on.
    #[must_use]
    pub fn at(&self, index: u16) -> Zeroizing<Scalar> {
        Zeroizing::new(evaluate_polynomial(&self.coefficients, index.into()))
    }

    /// A_k = `commit`(a_k) for every coefficient, in order.
    #[must_use]
    pub fn commitments<G: AdditiveGroup>(&self, commit: impl Fn(&Scalar) -> G) -> Commitments<G> {
        Commitments(self.coefficients.iter().map(commit).collect())
    }
}

impl fmt::Debug for Polynomial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.coefficients.len();
        write!(f, "Polynomial({count} coefficients, secret)")
    }
}

/// A_k for k < t: a polynomial in the exponent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitments<G>(Vec<G>);

impl<G: AdditiveGroup> Commitments<G> {
    /// Takes over A_0, A_1, …, which the caller has checked to be elements of the group.
    #[must_use]
    pub const fn new(elements: Vec<G>) -> Self {
        Self(elements)
    }

    /// The commitments to Σ f_i.
    #[must_use]
    pub fn sum<'a>(all: impl IntoIterator<Item = &'a Self>) -> Self
    where
        G: 'a,
    {
        let mut sum = Vec::new();
        for Self(elements) in all {
            sum.resize(elements.len().max(sum.len()), G::zero());
            sum.iter_mut().zip(elements).for_each(|(a, b)| *a += b);
        }
        Self(sum)
    }

    /// The commitments to f + c, given c·G.
    #[must_use]
    pub fn shifted(mut self, shift: &G) -> Self {
        if let Some(constant) = self.0.first_mut() {
            *constant += shift;
        }
        self
    }

    /// A_0 = f(0)·G, or the identity where there are no commitments.
    #[must_use]
    pub fn constant(&self) -> G {
        self.0.first().copied().unwrap_or_else(G::zero)
    }

    /// Σ index^k·A_k = f(index)·G, by Horner's rule. Cost: t multiplications by 16-bit numbers.
    #[must_use]
    pub fn at(&self, index: u16) -> G {
        let horner = |acc: G, element: &G| short_multiple(&acc, index) + element;
        self.0.iter().rev().fold(G::zero(), horner)
    }

    /// All commitments A_0, …, A_{t−1} in order.
    #[must_use]
    pub fn elements(&self) -> &[G] {
        &self.0
    }
}

/// factor·element by doubling and adding: variable time, for public factors.
fn short_multiple<G: AdditiveGroup>(element: &G, factor: u16) -> G {
    let mut acc = G::zero();
    for bit in (0..u16::BITS - factor.leading_zeros()).rev() {
        acc.double_in_place();
        if factor >> bit & 1 == 1 {
            acc += element;
        }
    }
    acc
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixed_base::g2_generator_mul;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    #[test]
    fn commitments_evaluate_to_shares_in_the_exponent() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let first = Polynomial::random(3, &mut rng);
        let renewal = Polynomial::through_zero(5, &mut rng);
        let commitments = [&first, &renewal].map(|f| f.commitments(g2_generator_mul));
        let sum = Commitments::sum(&commitments);
        for index in [1, 2, 7, 1024, u16::MAX] {
            let share = *first.at(index) + *renewal.at(index);
            assert_eq!(sum.at(index), g2_generator_mul(&share), "{index}");
        }
        assert_eq!(sum.elements().len(), 5);
        assert_eq!(sum.constant(), g2_generator_mul(&first.constant()));
        let shift = Scalar::from(9u64);
        let shifted = sum.clone().shifted(&g2_generator_mul(&shift));
        let share = *first.at(4) + *renewal.at(4) + shift;
        assert_eq!(shifted.at(4), g2_generator_mul(&share));
    }

    #[test]
    fn a_threshold_of_zero_counts_as_one() {
        let polynomial = Polynomial::random(0, &mut ChaCha20Rng::seed_from_u64(2));
        assert_eq!(polynomial.at(1), polynomial.constant());
    }
}
