//! The endomorphisms of G1 and G2, and the short scalars that they make of a long one.

use ark_bls12_381::{Fq, Fq2, g1};
use ark_ff::{Field, MontFp, PrimeField};

use super::X_ABS;
use crate::{G1Affine, G2Affine, Scalar};

/// φ(X, Y) = (βX, Y), which is −x² on G1.
pub(super) fn phi(point: &G1Affine) -> G1Affine {
    let mut image = *point;
    image.x *= g1::BETA;
    image
}

/// ψ(X, Y) = (X^p / (1+u)^((p−1)/3), Y^p / (1+u)^((p−1)/2)), which is x on G2.
pub(super) fn psi(point: &G2Affine) -> G2Affine {
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

/// k = k_1 + k_2·x², both below x².
pub(super) fn glv_halves(scalar: &Scalar) -> [u128; 2] {
    let digits = base_x_digits(scalar).map(u128::from);
    let x = u128::from(X_ABS);
    [digits[0] + digits[1] * x, digits[2] + digits[3] * x]
}

/// k = Σ d_i·|x|^i with four digits, as k < r < x⁴.
pub(super) fn base_x_digits(scalar: &Scalar) -> [u64; 4] {
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
    use crate::mul::tests::scalars;
    use ark_ec::AffineRepr;
    use ark_ff::Zero;

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
    fn endomorphisms_are_the_multiplications_they_stand_for() {
        let x = -Scalar::from(X_ABS);
        let p = G1Affine::generator();
        let q = G2Affine::generator();
        assert_eq!(phi(&p), p * -(x * x));
        assert_eq!(psi(&q), q * x);
    }
}
