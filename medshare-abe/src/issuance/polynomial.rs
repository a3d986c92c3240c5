//! A polynomial whose value at 0 is shared, and commitments to it in GT.
//!
//! f(X) = Σ_{k<t} a_k·X^k, A_k = a_k·e(g1, g2). A commitment in G1 would be the master key itself:
//! e(α·g1, C1) = s·E. None in G2 is needed.

use ark_ec::{AdditiveGroup, CurveGroup};
use ark_ff::Zero;
use borsh::{BorshDeserialize, BorshSerialize};
use core::fmt;
use medshare_curve::encoding::{GT_LEN, decode_gt, encode_gt};
use medshare_curve::fixed_base::g1_generator_mul_regular;
use medshare_curve::scalar::{evaluate_polynomial, random_scalar};
use medshare_curve::{EncodingError, Gt, Scalar, pairing};
use medshare_types::RandomSource;
use zeroize::Zeroizing;

use super::sharing::IssuerIndex;

/// An element of GT, as bytes that nothing is known of.
#[derive(Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct GtBytes(pub(super) [u8; GT_LEN]);

impl GtBytes {
    pub(super) fn of(element: &Gt) -> Self {
        Self(encode_gt(element))
    }

    pub(super) fn decode(&self) -> Result<Gt, EncodingError> {
        decode_gt(&self.0)
    }
}

impl fmt::Debug for GtBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, ..] = self.0;
        write!(f, "GtBytes({first:02x}{second:02x}..)")
    }
}

/// The coefficients, which nobody but the dealer ever sees.
pub(super) struct Polynomial {
    coefficients: Zeroizing<Vec<Scalar>>,
}

impl Polynomial {
    /// A uniform polynomial of `threshold` coefficients, none of them zero.
    pub(super) fn random(threshold: u16, rng: &mut impl RandomSource) -> Self {
        // Filled in place, so that no reallocation leaves a copy behind.
        let mut coefficients = Zeroizing::new(Vec::with_capacity(threshold.into()));
        for _ in 0..threshold {
            coefficients.push(random_scalar(rng));
        }
        Self { coefficients }
    }

    /// The same with f(0) = 0.
    pub(super) fn through_zero(threshold: u16, rng: &mut impl RandomSource) -> Self {
        let mut polynomial = Self::random(threshold, rng);
        if let Some(constant) = polynomial.coefficients.first_mut() {
            *constant = Scalar::ZERO;
        }
        polynomial
    }

    /// f(0).
    pub(super) fn constant(&self) -> Zeroizing<Scalar> {
        Zeroizing::new(self.coefficients.first().copied().unwrap_or_default())
    }

    /// f(i).
    pub(super) fn at(&self, index: IssuerIndex) -> Zeroizing<Scalar> {
        Zeroizing::new(evaluate_polynomial(&self.coefficients, index.0.into()))
    }

    /// Cost: a fixed-base product and a pairing for each coefficient.
    pub(super) fn commitments(&self) -> Commitments {
        let commit = |coefficient| {
            let point = Zeroizing::new(g1_generator_mul_regular(coefficient).into_affine());
            pairing::pairing(&point, &pairing::g2())
        };
        Commitments(self.coefficients.iter().map(commit).collect())
    }
}

/// A_k for k < t.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Commitments(Vec<Gt>);

impl Commitments {
    pub(super) const fn new(elements: Vec<Gt>) -> Self {
        Self(elements)
    }

    /// The commitments to Σ f.
    pub(super) fn sum<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        let mut sum = Vec::new();
        for Self(elements) in all {
            sum.resize(elements.len().max(sum.len()), Gt::zero());
            sum.iter_mut().zip(elements).for_each(|(a, b)| *a += b);
        }
        Self(sum)
    }

    /// The commitments to f + c, `shift` being c·e(g1, g2).
    pub(super) fn shifted(mut self, shift: &Gt) -> Self {
        if let Some(constant) = self.0.first_mut() {
            *constant += shift;
        }
        self
    }

    /// f(0)·e(g1, g2).
    pub(super) fn constant(&self) -> Gt {
        self.0.first().copied().unwrap_or_default()
    }

    /// E_i = Σ i^k·A_k = f(i)·e(g1, g2), by Horner's rule: t multiplications by i, which is short.
    pub(super) fn at(&self, index: IssuerIndex) -> Gt {
        let horner = |acc: Gt, element: &Gt| times(&acc, index.0) + element;
        self.0.iter().rev().fold(Gt::zero(), horner)
    }

    pub(super) fn elements(&self) -> &[Gt] {
        &self.0
    }
}

fn times(element: &Gt, factor: u16) -> Gt {
    let mut acc = Gt::zero();
    for bit in (0..u16::BITS - factor.leading_zeros()).rev() {
        acc.double_in_place();
        if factor >> bit & 1 == 1 {
            acc += element;
        }
    }
    acc
}
