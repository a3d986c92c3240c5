//! Products of variable points: public scalars fast, secret scalars blinded.
//!
//! A scalar is written in base |x|, x being the curve parameter: k = Σ d_i·|x|^i, four digits of 64
//! bits. In G1 the endomorphism φ(X, Y) = (βX, Y) is multiplication by −x², so two digits make one
//! half scalar (GLV); in G2 ψ, the untwist-Frobenius-twist, is multiplication by x, so each digit
//! is a quarter scalar (GLS). The parts run in one chain of doublings with width-5 NAFs (Straus).

use ark_bls12_381::{Fq, Fq2, g1};
use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ec::{AdditiveGroup, AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{Field, MontFp, PrimeField, Zero};
use medshare_types::RandomSource;
use zeroize::Zeroizing;

use crate::scalar::random_scalar;
use crate::{G1Affine, G1Projective, G2Affine, G2Projective, Scalar};

/// |x|; x itself is negative.
pub(crate) const X_ABS: u64 = 0xd201_0000_0001_0000;

/// NAF width: digits are odd and below 2⁴ in size.
const WIDTH: u32 = 5;
/// P, 3P, …, 15P.
type OddMultiples<P> = [Affine<P>; 1 << (WIDTH - 2)];

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

/// k·P for a secret that is used again: the sum over [`split_secret`].
///
/// Cost: one chain of doublings and two sets of additions, about 1.4 times [`mul_public`].
///
/// # Security
/// As [`split_secret`]. `point` must be in G1.
pub fn mul_secret(point: &G1Affine, scalar: &Scalar, rng: &mut impl RandomSource) -> G1Projective {
    sum_of_products(&[*point; 2], &*split_secret(scalar, rng))
}

/// (k − β, β) with a fresh uniform β: each part alone says nothing about k.
///
/// # Security
/// Summing the products of both parts shows to variable-time code two scalars that are uniform and
/// fresh, so timings over many calls say nothing about k. An attacker who traces one single
/// execution in full is not covered.
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

/// Whether a point of the curve is in G1: φ(P) = −x²·P [Scott 2021, section 6].
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

/// φ(X, Y) = (βX, Y), which is −x² on G1.
fn phi(point: &G1Affine) -> G1Affine {
    let mut image = *point;
    image.x *= g1::BETA;
    image
}

/// ψ(X, Y) = (X^p / (1+u)^((p−1)/3), Y^p / (1+u)^((p−1)/2)), which is x on G2.
fn psi(point: &G2Affine) -> G2Affine {
    /// The first factor is this times u.
    const X_FACTOR: Fq = MontFp!(
        "4002409555221667392624310435006688643935503118305586438271171395842971157480381377015405980053539358417135540939437"
    );
    const Y_FACTOR: Fq2 = Fq2::new(
        MontFp!(
            "2973677408986561043442465346520108879172042883009249989176415018091420807192182638567116318576472649347015917690530"
        ),
        MontFp!(
            "1028732146235106349975324479215795277384839936929757896155643118032610843298655225875571310552543014690878354869257"
        ),
    );
    let mut image = *point;
    // (c0 − c1·u)·(f·u) = f·c1 + f·c0·u
    image.x = Fq2::new(X_FACTOR * point.x.c1, X_FACTOR * point.x.c0);
    image.y.frobenius_map_in_place(1);
    image.y *= Y_FACTOR;
    image
}

/// One multiple of one point: its table and the NAF of its factor.
struct Term<P: SWCurveConfig> {
    table: OddMultiples<P>,
    naf: Zeroizing<Naf>,
}

impl<P: SWCurveConfig> Term<P> {
    fn new(table: OddMultiples<P>, factor: u128) -> Self {
        let naf = Zeroizing::new(naf(factor));
        Self { table, naf }
    }
}

/// k·P = k_1·P − k_2·φ(P).
fn push_glv(
    terms: &mut Vec<Term<g1::Config>>,
    table: &OddMultiples<g1::Config>,
    halves: &[u128; 2],
) {
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

/// The odd multiples of every point; one inversion for all.
fn odd_multiples<P: SWCurveConfig>(points: &[Affine<P>]) -> Vec<OddMultiples<P>> {
    const COUNT: usize = 1 << (WIDTH - 2);
    let mut multiples = Vec::with_capacity(COUNT * points.len());
    for point in points {
        let mut multiple = point.into_group();
        let double = multiple.double();
        for _ in 0..COUNT {
            multiples.push(multiple);
            multiple += double;
        }
    }
    let affine = Projective::normalize_batch(&multiples);
    let tables = affine.chunks_exact(COUNT);
    tables
        .map(|table| core::array::from_fn(|i| table[i]))
        .collect()
}

/// Signed digits from the least significant on, and how many there are.
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

/// k = k_1 + k_2·x², both below x².
fn glv_halves(scalar: &Scalar) -> [u128; 2] {
    let digits = base_x_digits(scalar).map(u128::from);
    let x = u128::from(X_ABS);
    [digits[0] + digits[1] * x, digits[2] + digits[3] * x]
}

/// k = Σ d_i·|x|^i with four digits, as k < r < x⁴.
fn base_x_digits(scalar: &Scalar) -> [u64; 4] {
    let mut quotient = scalar.into_bigint().0;
    let x = u128::from(X_ABS);
    core::array::from_fn(|_| {
        let mut remainder = 0u128;
        for limb in quotient.iter_mut().rev() {
            let dividend = remainder << 64 | u128::from(*limb);
            // The remainder is below x, so the quotient fits in a limb.
            *limb = (dividend / x) as u64;
            remainder = dividend % x;
        }
        remainder as u64
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalars() -> Vec<Scalar> {
        let mut all: Vec<Scalar> = (0..20u64).map(Scalar::from).collect();
        let x = Scalar::from(X_ABS);
        all.extend([x, x - Scalar::from(1u64), x * x, x * x * x, -x * x]);
        all.extend((1..20u64).map(|n| -Scalar::from(n)));
        all.extend((0..20u64).map(|n| Scalar::from(n + 2).pow([0xdead_beef_1234_5677, 77])));
        all
    }

    #[test]
    fn digits_recompose() {
        let x = Scalar::from(X_ABS);
        for scalar in scalars() {
            let digits = base_x_digits(&scalar);
            assert!(digits.iter().all(|&digit| digit < X_ABS));
            let horner = |acc, &digit: &u64| acc * x + Scalar::from(digit);
            assert_eq!(digits.iter().rev().fold(Scalar::zero(), horner), scalar);
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

    #[test]
    fn endomorphisms_are_the_multiplications_they_stand_for() {
        let x = -Scalar::from(X_ABS);
        let (p, q) = (G1Affine::generator(), G2Affine::generator());
        assert_eq!(phi(&p), p * -(x * x));
        assert_eq!(psi(&q), q * x);
    }
}
