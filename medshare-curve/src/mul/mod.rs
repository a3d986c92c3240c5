//! Products of variable points: public scalars fast, secret scalars blinded.
//!
//! A scalar is written in base |x|, x being the curve parameter: k = Σ d_i·|x|^i, four digits of 64
//! bits. In G1 the endomorphism φ(X, Y) = (βX, Y) is multiplication by −x², so two digits make one
//! half scalar (GLV); in G2 ψ, the untwist-Frobenius-twist, is multiplication by x, so each digit
//! is a quarter scalar (GLS). All of them run in one chain of doublings with width-5 NAFs (Straus).

mod glv;
mod regular;
mod tables;

use ark_bls12_381::g1;
use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ec::{AdditiveGroup, AffineRepr, VariableBaseMSM};
use ark_ff::Zero;
use medshare_types::RandomSource;
use zeroize::Zeroizing;

pub use regular::mul_regular;
use tables::{odd_multiples, odd_multiples_in_group};

use crate::scalar::random_scalar;
use crate::{G1Affine, G1Projective, G2Affine, G2Projective, Scalar};
use glv::{base_x_digits, glv_halves, phi, psi};

/// |x|; x itself is negative.
pub(crate) const X_ABS: u64 = 0xd201_0000_0001_0000;

/// NAF width: digits are odd and below 2⁴ in size.
const WIDTH: u32 = 5;
/// The odd multiples P, 3P, …, 15P.
type NafTable<P> = [Affine<P>; 1 << (WIDTH - 2)];

/// Up to this many terms Straus' shared doublings beat arkworks' buckets.
const STRAUS_LIMIT: usize = 128;

/// k·P. GLV; about 128 doublings and 50 additions.
///
/// # Security
/// Variable time in both: for public scalars, and for secret ones that are used once. `point` must
/// be in G1: outside it φ is no such multiplication and the result is a wrong point.
pub fn mul_public(point: &G1Affine, scalar: &Scalar) -> G1Projective {
    sum_of_products(&[*point], &[*scalar])
}

/// k_i·P_i for every pair, over the shorter of the two slices. Cost: [`mul_public`] for each, with
/// tables that are made together when there are many.
///
/// # Security
/// As [`mul_public`].
pub fn mul_public_each(points: &[G1Affine], scalars: &[Scalar]) -> Vec<G1Projective> {
    let tables = odd_multiples_in_group(points);
    let product = |(table, scalar): (&NafTable<g1::Config>, &Scalar)| {
        let mut terms = Vec::with_capacity(2);
        push_glv(&mut terms, table, &glv_halves(scalar));
        straus(&terms)
    };
    tables.iter().zip(scalars).map(product).collect()
}

/// k·P for a secret that is used repeatedly: the sum over [`split_secret`].
///
/// Cost: one chain of doublings and two sets of additions, about 1.4 times [`mul_public`].
///
/// # Security
/// As [`split_secret`]. `point` must be in G1.
pub fn mul_secret(point: &G1Affine, scalar: &Scalar, rng: &mut impl RandomSource) -> G1Projective {
    sum_of_products(&[*point; 2], &*split_secret(scalar, rng))
}

/// (k − β, β) with a fresh uniform β: each summand alone says nothing about k.
///
/// # Security
/// Variable-time code that sums both products sees two fresh uniform scalars, so timings over many
/// calls say nothing about k. An attacker that traces one execution in full is not covered.
#[must_use]
pub fn split_secret(scalar: &Scalar, rng: &mut impl RandomSource) -> Zeroizing<[Scalar; 2]> {
    let blind = random_scalar(rng);
    Zeroizing::new([*scalar - blind, blind])
}

/// Σ k_i·P_i over the shorter of the two slices. Variable time, points in G1: see [`mul_public`].
pub fn sum_of_products(points: &[G1Affine], scalars: &[Scalar]) -> G1Projective {
    if points.len() > STRAUS_LIMIT {
        return G1Projective::msm_unchecked(points, scalars);
    }
    let tables = odd_multiples(points);
    let mut terms = Vec::with_capacity(2 * tables.len());
    for (table, scalar) in tables.iter().zip(scalars) {
        push_glv(&mut terms, table, &glv_halves(scalar));
    }
    straus(&terms)
}

/// k·P in G2. GLS; about 64 doublings and 60 additions.
///
/// # Security
/// As [`mul_public`], with G2 for G1.
pub fn mul_public_g2(point: &G2Affine, scalar: &Scalar) -> G2Projective {
    sum_of_products_g2(&[*point], &[*scalar])
}

/// Σ k_i·P_i in G2 over the shorter of the two slices; see [`mul_public_g2`].
pub fn sum_of_products_g2(points: &[G2Affine], scalars: &[Scalar]) -> G2Projective {
    if points.len() > STRAUS_LIMIT {
        return G2Projective::msm_unchecked(points, scalars);
    }
    let tables = odd_multiples(points);
    let mut terms = Vec::with_capacity(4 * tables.len());
    for (table, scalar) in tables.iter().zip(scalars) {
        // |x|·P = −ψ(P); a short scalar needs fewer images.
        let digits = base_x_digits(scalar);
        let used = 4 - digits.iter().rev().take_while(|&&digit| digit == 0).count();
        let mut image = *table;
        for (i, &digit) in digits[..used].iter().enumerate() {
            if i > 0 {
                image = image.map(|point| -psi(&point));
            }
            terms.push(Term::new(image, digit.into()));
        }
    }
    straus(&terms)
}

/// Checks that a point of the curve is in G1: φ(P) = −x²·P [Scott 2021, section 6].
pub(crate) fn is_in_g1(point: &G1Affine) -> bool {
    let once = mul_x_abs(&point.into_group());
    let twice = mul_x_abs(&once);
    (twice + phi(point)).is_zero()
}

/// |x|·P, with no assumption on P.
pub(crate) fn mul_x_abs(point: &G1Projective) -> G1Projective {
    let mut acc = *point;
    for bit in (0..63).rev() {
        acc.double_in_place();
        if X_ABS >> bit & 1 == 1 {
            acc += point;
        }
    }
    acc
}

/// One multiple of one point: its table and the NAF of its factor.
struct Term<P: SWCurveConfig> {
    table: NafTable<P>,
    naf: Zeroizing<Naf>,
}

impl<P: SWCurveConfig> Term<P> {
    fn new(table: NafTable<P>, factor: u128) -> Self {
        let naf = Zeroizing::new(naf(factor));
        Self { table, naf }
    }
}

/// Appends the terms of k·P = k_1·P − k_2·φ(P).
fn push_glv(terms: &mut Vec<Term<g1::Config>>, table: &NafTable<g1::Config>, halves: &[u128; 2]) {
    terms.push(Term::new(*table, halves[0]));
    terms.push(Term::new(table.map(|point| -phi(&point)), halves[1]));
}

/// Σ of the terms, in one chain of doublings.
fn straus<P: SWCurveConfig>(terms: &[Term<P>]) -> Projective<P> {
    let length = terms.iter().map(|term| term.naf.1).max().unwrap_or(0);
    let mut acc = Projective::<P>::zero();
    for position in (0..length).rev() {
        acc.double_in_place();
        for term in terms {
            let digit = term.naf.0[position];
            let multiple = &term.table[usize::from(digit.unsigned_abs()) / 2];
            if digit > 0 {
                acc += multiple;
            } else if digit < 0 {
                acc -= multiple;
            }
        }
    }
    acc
}

/// Signed digits, least significant first, and their number.
type Naf = ([i8; 130], usize);

/// The width-5 NAF of a number below x² < 2¹²⁸ − 2⁴, so that no addition overflows.
fn naf(mut number: u128) -> Naf {
    let mut digits = [0i8; 130];
    let mut length = 0;
    while number != 0 {
        if number & 1 == 1 {
            let low = (number & ((1 << WIDTH) - 1)) as i8;
            if low < 1 << (WIDTH - 1) {
                digits[length] = low;
                number -= low as u128;
            } else {
                let digit = low - (1 << WIDTH);
                digits[length] = digit;
                number += u128::from(digit.unsigned_abs());
            }
        }
        number >>= 1;
        length += 1;
    }
    (digits, length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::Field;

    pub(super) fn scalars() -> Vec<Scalar> {
        let mut all: Vec<Scalar> = (0..20u64).map(Scalar::from).collect();
        let x = Scalar::from(X_ABS);
        all.extend([x, x - Scalar::from(1u64), x * x, x * x * x, -x * x]);
        all.extend((1..20u64).map(|n| -Scalar::from(n)));
        all.extend((0..20u64).map(|n| Scalar::from(n + 2).pow([0xdead_beef_1234_5677, 77])));
        all
    }

    #[test]
    fn products_are_those_one_by_one() {
        let scalars = scalars();
        let points: Vec<G1Affine> = scalars
            .iter()
            .map(|scalar| (G1Affine::generator() * (*scalar + Scalar::from(5u64))).into())
            .collect();
        for count in [0, 1, 2, 10, points.len()] {
            let each = mul_public_each(&points[..count], &scalars);
            let pairs = points.iter().zip(&scalars).take(count);
            let plain: Vec<G1Projective> = pairs.map(|(point, scalar)| *point * scalar).collect();
            assert_eq!(each, plain);
        }
    }

    #[test]
    fn nafs_recompose_and_are_sparse() {
        for scalar in scalars() {
            for half in glv_halves(&scalar) {
                let (digits, length) = naf(half);
                let value = digits[..length].iter().rev();
                let value = value.fold(0i128, |acc, &d| acc.wrapping_mul(2).wrapping_add(d.into()));
                assert_eq!(value as u128, half);
                let apart = digits
                    .windows(5)
                    .all(|w| w.iter().filter(|&&d| d != 0).count() <= 1);
                assert!(apart);
            }
        }
    }
}
