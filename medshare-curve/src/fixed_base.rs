//! Fixed-base tables: multiplication without doublings, and tables of the two generators.
//!
//! A scalar is cut into windows of w bits, recoded to digits d_i in (−2^(w−1), 2^(w−1)], and
//! k·B = Σ d_i·(2^(w·i)·B) with every j·2^(w·i)·B, 1 ≤ j ≤ 2^(w−1), in the table.

use std::sync::OnceLock;

use ark_ec::short_weierstrass::{Projective, SWCurveConfig};
use ark_ec::{CurveGroup, PrimeGroup};
use ark_ff::PrimeField;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::select::{Select, assign_if, look_up};
use crate::{G1Projective, G2Projective, Scalar};

/// Bits of a scalar, and one for the carry of the recoding.
const SCALAR_BITS: usize = 256;

/// The multiples of one base.
///
/// With width w it holds ⌈256/w⌉·2^(w−1) affine points (w = 8: 4096 points, about 0.4 MiB in G1
/// and 0.8 MiB in G2; w = 5: 832 points), and one product costs ⌈256/w⌉ mixed additions. Building
/// it costs as many additions as it has points, and one inversion.
///
/// # Security
/// Which entries are read follows the scalar, so a process that shares the cache may learn it.
/// For public scalars, and for secret ones that are used once. [`FixedBase::mul_regular`] reads
/// every entry.
#[derive(Clone, Debug)]
pub struct FixedBase<G: CurveGroup> {
    width: usize,
    /// For each window i: 1·B_i, 2·B_i, …, 2^(w−1)·B_i.
    multiples: Vec<G::Affine>,
}

impl<G: CurveGroup<ScalarField = Scalar>> FixedBase<G> {
    /// The table of `base` with windows of `width` bits, clamped to 2..=10.
    #[must_use]
    pub fn new(base: &G, width: usize) -> Self {
        let width = width.clamp(2, 10);
        let windows = SCALAR_BITS.div_ceil(width);
        let mut bases = Vec::with_capacity(windows);
        let mut window_base = *base;
        for _ in 0..windows {
            bases.push(window_base);
            for _ in 0..width {
                window_base.double_in_place();
            }
        }
        let mut multiples = Vec::with_capacity(windows << (width - 1));
        for base in G::normalize_batch(&bases) {
            let mut multiple: G = base.into();
            for _ in 0..1usize << (width - 1) {
                multiples.push(multiple);
                multiple += base;
            }
        }
        Self {
            width,
            multiples: G::normalize_batch(&multiples),
        }
    }

    /// k·B. Cost: at most ⌈256/w⌉ mixed additions.
    #[must_use]
    pub fn mul(&self, scalar: &Scalar) -> G {
        let limbs = scalar.into_bigint().0;
        let half = 1i32 << (self.width - 1);
        let mut acc = G::zero();
        let mut carry = 0;
        for (i, window) in self.multiples.chunks_exact(half as usize).enumerate() {
            let mut digit = bits(&limbs, i * self.width, self.width) as i32 + carry;
            carry = i32::from(digit > half);
            digit -= carry << self.width;
            if digit > 0 {
                acc += window[digit as usize - 1];
            } else if digit < 0 {
                acc -= window[digit.unsigned_abs() as usize - 1];
            }
        }
        acc
    }
}

impl<P> FixedBase<Projective<P>>
where
    P: SWCurveConfig<ScalarField = Scalar, BaseField: Select>,
{
    /// k·B by the same steps whatever the value of k. Cost: ⌈256/w⌉ mixed additions, and all of the table is
    /// read.
    ///
    /// # Security
    /// As [`mul_regular`](crate::mul::mul_regular): for a secret that is drawn anew for every call.
    /// B must not be the identity.
    pub fn mul_regular(&self, scalar: &Scalar) -> Projective<P> {
        let limbs = Zeroizing::new(scalar.into_bigint().0);
        let half = 1u64 << (self.width - 1);
        // From a multiple that only the last window could meet again: no sum before it is a
        // doubling or cancels, and uniform scalars do not reach that one.
        let start = self.multiples[self.multiples.len() - 1];
        let mut acc: Projective<P> = start.into();
        let mut carry = 0;
        for (i, window) in self.multiples.chunks_exact(half as usize).enumerate() {
            let digit = bits(&limbs, i * self.width, self.width) + carry;
            // Whether the digit is above 2^(w−1): then it stands for itself less 2^w.
            carry = (digit + half - 1) >> self.width;
            let mask = carry.wrapping_neg();
            let size = (digit ^ mask).wrapping_add(carry) & ((half << 1) - 1);
            let is_zero = size.ct_eq(&0);
            let index = size.wrapping_sub(u64::from((!is_zero).unwrap_u8()));
            let sum = acc + look_up(window, index as u16, carry as u8);
            assign_if(&mut acc, &sum, !is_zero);
        }
        acc - start
    }
}

/// `width` bits from bit `start` on; zeros past the end.
fn bits(limbs: &[u64; 4], start: usize, width: usize) -> u64 {
    let limb = |index: usize| limbs.get(index).copied().unwrap_or(0);
    let index = start / 64;
    let shift = start % 64;
    let pair = u128::from(limb(index)) | u128::from(limb(index + 1)) << 64;
    (pair >> shift) as u64 & ((1 << width) - 1)
}

/// Width of the generators' tables.
const GENERATOR_WIDTH: usize = 8;

/// k·g1, from a table of 0.4 MiB that is built on first use.
///
/// # Security
/// As [`FixedBase`]: public scalars, or secret ones used once.
pub fn g1_generator_mul(scalar: &Scalar) -> G1Projective {
    g1_table().mul(scalar)
}

/// k·g1 by [`FixedBase::mul_regular`], from the table of [`g1_generator_mul`].
///
/// # Security
/// As [`FixedBase::mul_regular`].
pub fn g1_generator_mul_regular(scalar: &Scalar) -> G1Projective {
    g1_table().mul_regular(scalar)
}

fn g1_table() -> &'static FixedBase<G1Projective> {
    static TABLE: OnceLock<FixedBase<G1Projective>> = OnceLock::new();
    TABLE.get_or_init(|| FixedBase::new(&G1Projective::generator(), GENERATOR_WIDTH))
}

/// k·g2, from a table of 0.8 MiB that is built on first use.
///
/// # Security
/// As [`FixedBase`]: public scalars, or secret ones used once.
pub fn g2_generator_mul(scalar: &Scalar) -> G2Projective {
    g2_table().mul(scalar)
}

/// k·g2 by [`FixedBase::mul_regular`], from the table of [`g2_generator_mul`]: about twice its
/// time.
///
/// # Security
/// As [`FixedBase::mul_regular`].
pub fn g2_generator_mul_regular(scalar: &Scalar) -> G2Projective {
    g2_table().mul_regular(scalar)
}

fn g2_table() -> &'static FixedBase<G2Projective> {
    static TABLE: OnceLock<FixedBase<G2Projective>> = OnceLock::new();
    TABLE.get_or_init(|| FixedBase::new(&G2Projective::generator(), GENERATOR_WIDTH))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{Field, Zero};

    #[test]
    fn every_width_multiplies() {
        let base = G1Projective::generator() * Scalar::from(77u64);
        let ones =
            |bits: u32| (0..bits).fold(Scalar::zero(), |acc, _| acc + acc + Scalar::from(1u64));
        let scalars = [
            Scalar::zero(),
            Scalar::from(1u64),
            -Scalar::from(1u64),
            Scalar::from(128u64),
            Scalar::from(129u64),
            Scalar::from(256u64),
            ones(64),
            ones(254),
            Scalar::from(3u64).pow([0x0123_4567_89ab_cdef, 5]),
        ];
        for width in 2..=10 {
            let table = FixedBase::new(&base, width);
            for scalar in &scalars {
                assert_eq!(table.mul(scalar), base * scalar, "width {width}");
                assert_eq!(table.mul_regular(scalar), base * scalar, "width {width}");
            }
        }
    }

    #[test]
    fn a_width_outside_is_taken_to_the_nearest() {
        let base = G1Projective::generator();
        for (outside, taken) in [(0, 2), (1, 2), (11, 10), (usize::MAX, 10)] {
            let table = FixedBase::new(&base, outside);
            let nearest = FixedBase::new(&base, taken);
            assert_eq!((table.width, table.multiples), (taken, nearest.multiples));
        }
    }

    #[test]
    fn generators() {
        let scalar = Scalar::from(5u64).pow([0xfedc_ba98_7654_3210, 9]);
        let product = G1Projective::generator() * scalar;
        assert_eq!(g1_generator_mul(&scalar), product);
        assert_eq!(g1_generator_mul_regular(&scalar), product);
        let product = G2Projective::generator() * scalar;
        assert_eq!(g2_generator_mul(&scalar), product);
        assert_eq!(g2_generator_mul_regular(&scalar), product);
    }
}
