//! One secret scalar times many points, by the same steps whatever the scalar.

use ark_bls12_381::g1;
use ark_ec::{AdditiveGroup, AffineRepr, CurveGroup};
use ark_ff::{PrimeField, Zero};
use subtle::{Choice, ConditionallySelectable};
use zeroize::{Zeroize, Zeroizing};

use super::X_ABS;
use super::tables::odd_multiples_in_group;
use crate::select::look_up;
use crate::{G1Affine, G1Projective, Scalar};

/// Bits between two digits. Digits are odd, below 2⁴ in size and never zero.
const WINDOW: usize = 4;
/// Number of odd multiples P, 3P, …, 15P.
const ENTRIES: usize = 1 << (WINDOW - 1);
/// Digits of a number below 2¹²⁸.
const DIGITS: usize = 128_usize.div_ceil(WINDOW);

/// x², the size of half a scalar.
const X_SQUARED: u128 = X_ABS as u128 * X_ABS as u128;
/// Low half of the Barrett reciprocal: ⌊2²⁵⁶ / x²⌋ − 2¹²⁸.
const RECIPROCAL: u128 = reciprocal();

/// k·P for every point, in order, for a secret k.
///
/// The scalar is halved by the endomorphism and written with odd signed digits [Joye–Tunstall,
/// AFRICACRYPT 2009, algorithm 6], none of which is zero, once for all points. Cost: for each point
/// 125 doublings and 71 additions, a few inversions for all: somewhat more than [`mul_public`].
///
/// [`mul_public`]: super::mul_public
///
/// # Security
/// The sequence of group operations and of memory accesses is the same for every k: every entry of a
/// table is read, signs are applied and halves corrected by selection ([`subtle`]). arkworks still
/// varies: the final reduction of a field operation, the inversion that makes the results affine,
/// and the exceptional cases of addition, which a uniform k meets with negligible probability. So
/// this is for secrets that are drawn anew for every call; use [`mul_secret`](super::mul_secret) for
/// secrets that are used repeatedly.
///
/// Points must be in G1: outside it the endomorphism is not a multiplication.
#[must_use]
pub fn mul_regular(points: &[G1Affine], scalar: &Scalar) -> Zeroizing<Vec<G1Affine>> {
    let digits = Zeroizing::new(odd_halves(scalar).map(|half| half.digits()));
    let tables = odd_multiples_in_group::<g1::Config, ENTRIES>(points);
    let product = |(point, table): (&G1Affine, &[G1Affine; ENTRIES])| {
        // The identity is a public input, and its table holds no coordinates.
        if point.is_zero() {
            G1Projective::zero()
        } else {
            ladder(table, &digits)
        }
    };
    let products: Vec<G1Projective> = points.iter().zip(&tables).map(product).collect();
    let products = Zeroizing::new(products);
    Zeroizing::new(G1Projective::normalize_batch(&products))
}

/// k_1·P + k_2·x²·P, where x²·P = −φ(P).
fn ladder(table: &[G1Affine; ENTRIES], halves: &[[Digit; DIGITS]; 2]) -> G1Projective {
    let mut acc = G1Projective::zero();
    for position in (0..DIGITS).rev() {
        if position < DIGITS - 1 {
            for _ in 0..WINDOW {
                acc.double_in_place();
            }
        }
        let [first, second] = [halves[0][position], halves[1][position]];
        acc += look_up(table, first.index.into(), first.negative);
        let mut image = look_up(table, second.index.into(), 1 ^ second.negative);
        image.x *= g1::BETA;
        acc += image;
    }
    acc
}

/// An odd number below 2⁴ in size: ±(2·index + 1).
#[derive(Clone, Copy, Default, Zeroize)]
struct Digit {
    index: u8,
    negative: u8,
}

/// An odd number below 2¹²⁸ in size.
struct OddHalf {
    size: u128,
    negative: Choice,
}

impl OddHalf {
    /// Σ d_i·2^(4i). With k_0 the size, d_i = (k_i mod 2⁵) − 2⁴ and k_(i+1) = (k_i − d_i)/2⁴, which
    /// is 2·⌊k_i/2⁵⌋ + 1, so each digit comes straight from the bits: the lowest bit of k_i is set,
    /// its fifth is the sign. The last digit is what is left.
    fn digits(&self) -> [Digit; DIGITS] {
        const INDEX_MASK: u8 = ENTRIES as u8 - 1;
        let flip = self.negative.unwrap_u8();
        core::array::from_fn(|i| {
            let bits = (self.size >> (WINDOW * i) >> 1) as u8;
            if i == DIGITS - 1 {
                return Digit {
                    index: bits & INDEX_MASK,
                    negative: flip,
                };
            }
            let negative = 1 - (bits >> (WINDOW - 1) & 1);
            Digit {
                index: (bits ^ negative.wrapping_neg()) & INDEX_MASK,
                negative: negative ^ flip,
            }
        })
    }
}

impl Drop for OddHalf {
    fn drop(&mut self) {
        self.size.zeroize();
        self.negative = Choice::from(0);
    }
}

/// k ≡ k_1 + k_2·x² (mod r) with both odd and at most x² + 1 in size.
///
/// Starts from the quotient and the remainder by x². Subtracting (1, x² − 1), which stands for r,
/// makes k_1 odd; then subtracting (x², −1), which stands for 0, makes k_2 odd and leaves k_1 so, x
/// being even.
fn odd_halves(scalar: &Scalar) -> [OddHalf; 2] {
    let [low, high] = divide(scalar).map(Zeroizing::new);
    let first = 1 - (*low & 1);
    let second = (1 - (*high & 1)) ^ first;
    [
        difference(*low, first + select(X_SQUARED, second)),
        difference(*high + second, select(X_SQUARED - 1, first)),
    ]
}

/// a − b as size and sign.
fn difference(a: u128, b: u128) -> OddHalf {
    let (difference, borrow) = a.overflowing_sub(b);
    let negative = Choice::from(u8::from(borrow));
    let size = u128::conditional_select(&difference, &difference.wrapping_neg(), negative);
    OddHalf { size, negative }
}

/// `value` where `bit` is 1, and 0 where it is 0.
fn select(value: u128, bit: u128) -> u128 {
    u128::conditional_select(&0, &value, Choice::from(bit as u8))
}

/// k mod x² and ⌊k/x²⌋, without a division instruction (Barrett): the estimate
/// ⌊⌊k/2¹²⁸⌋·⌊2²⁵⁶/x²⌋ / 2¹²⁸⌋ is at most 2 too small.
fn divide(scalar: &Scalar) -> [u128; 2] {
    let limbs = Zeroizing::new(scalar.into_bigint().0);
    let pair = |i: usize| u128::from(limbs[i]) | u128::from(limbs[i + 1]) << 64;
    let low = pair(0);
    let high = pair(2);
    let mut quotient = high + high.carrying_mul(RECIPROCAL, 0).1;
    let (product_low, product_high) = quotient.carrying_mul(X_SQUARED, 0);
    let (mut low, borrow) = low.overflowing_sub(product_low);
    let mut high = high.wrapping_sub(product_high).wrapping_sub(borrow.into());
    for _ in 0..2 {
        let (less_low, borrow) = low.overflowing_sub(X_SQUARED);
        let (less_high, smaller) = high.overflowing_sub(borrow.into());
        let subtract = Choice::from(u8::from(!smaller));
        low.conditional_assign(&less_low, subtract);
        high.conditional_assign(&less_high, subtract);
        quotient += u128::from(subtract.unwrap_u8());
    }
    [low, quotient]
}

/// Long division of 2²⁵⁶ − 2¹²⁸·x² by x².
const fn reciprocal() -> u128 {
    let mut quotient = 0u128;
    let mut remainder = X_SQUARED.wrapping_neg();
    let mut bit = 0;
    while bit < 128 {
        let overflow = remainder >> 127 == 1;
        remainder <<= 1;
        quotient <<= 1;
        if overflow || remainder >= X_SQUARED {
            remainder = remainder.wrapping_sub(X_SQUARED);
            quotient |= 1;
        }
        bit += 1;
    }
    quotient
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mul::glv::glv_halves;
    use crate::mul::tests::scalars;

    /// Those of all tests, and where quotients and parities change.
    fn edges() -> Vec<Scalar> {
        let square = Scalar::from(X_SQUARED);
        let near =
            |center: Scalar| (0..6u64).map(move |n| center + Scalar::from(n) - Scalar::from(3u64));
        let mut all = scalars();
        for factor in [1, 2, 3, X_SQUARED - 2, X_SQUARED - 1, 1 << 127, 1 << 64] {
            all.extend(near(square * Scalar::from(factor)));
        }
        all.extend(
            [64, 127, 128]
                .into_iter()
                .flat_map(|bit: u32| near(power_of_two(bit))),
        );
        all.push(-Scalar::from(3u64) * square);
        all
    }

    fn power_of_two(exponent: u32) -> Scalar {
        (0..exponent).fold(Scalar::from(1u64), |acc, _| acc + acc)
    }

    fn value(half: &OddHalf) -> Scalar {
        let size = Scalar::from(half.size);
        if bool::from(half.negative) {
            -size
        } else {
            size
        }
    }

    #[test]
    fn quotient_and_remainder_are_those_of_long_division() {
        for scalar in edges() {
            assert_eq!(divide(&scalar), glv_halves(&scalar), "{scalar}");
        }
    }

    #[test]
    fn halves_are_odd_and_make_the_scalar() {
        for scalar in edges() {
            let halves = odd_halves(&scalar);
            let [first, second] = [&halves[0], &halves[1]].map(value);
            assert_eq!(first + second * Scalar::from(X_SQUARED), scalar);
            for half in &halves {
                assert_eq!(half.size & 1, 1, "{scalar}");
                assert!(half.size <= X_SQUARED + 1, "{scalar}");
            }
        }
    }

    #[test]
    fn digits_make_the_half() {
        for scalar in edges() {
            for half in odd_halves(&scalar) {
                let digits = half.digits();
                let sum = digits.iter().rev().fold(Scalar::zero(), |acc, digit| {
                    assert!(usize::from(digit.index) < ENTRIES);
                    let size = Scalar::from(2 * u64::from(digit.index) + 1);
                    let term = if digit.negative == 1 { -size } else { size };
                    acc * Scalar::from(1u64 << WINDOW) + term
                });
                assert_eq!(sum, value(&half), "{scalar}");
            }
        }
    }

    #[test]
    fn products_are_those_of_plain_multiplication() {
        let points = [
            G1Affine::generator(),
            G1Affine::identity(),
            (G1Affine::generator() * Scalar::from(0x1234_5678_9abc_u64)).into_affine(),
        ];
        for scalar in edges() {
            let plain = points.map(|point| (point * scalar).into_affine());
            assert_eq!(mul_regular(&points, &scalar).as_slice(), plain, "{scalar}");
        }
        assert!(mul_regular(&[], &Scalar::from(5u64)).is_empty());
    }
}
