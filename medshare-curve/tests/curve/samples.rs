//! Samples: scalars with their edges, points inside and outside the subgroups.

use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, Field, PrimeField};
use medshare_curve::pairing::{g1, g2, pairing};
use medshare_curve::scalar::random_scalar;
use medshare_curve::{G1Affine, G2Affine, Gt, Scalar};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// Small ones, those around powers of the curve parameter, negatives, and random ones.
pub fn scalars() -> Vec<Scalar> {
    let x = Scalar::from(0xd201_0000_0001_0000u64);
    let mut all: Vec<Scalar> = (0..18u64).map(Scalar::from).collect();
    for power in 1..4u64 {
        let one = Scalar::from(1u64);
        let value = x.pow([power]);
        all.extend([value, value - one, value + one, -value, one - value]);
    }
    all.extend((1..10u64).map(|n| -Scalar::from(n)));
    all.extend([Scalar::from(u64::MAX), Scalar::from(u128::MAX)]);
    let mut rng = rng(42);
    all.extend((0..30).map(|_| random_scalar(&mut rng)));
    all
}

/// Points of the curve, all of them outside G1.
pub fn curve_points() -> impl Iterator<Item = G1Affine> {
    let points = (0u64..).filter_map(|x| G1Affine::get_point_from_x_unchecked(x.into(), true));
    points.take(25)
}

/// Points of the twist, all of them outside G2.
pub fn curve_points_g2() -> impl Iterator<Item = G2Affine> {
    let field = <G2Affine as AffineRepr>::BaseField::from;
    let points = (0u64..).filter_map(move |x| G2Affine::get_point_from_x_unchecked(field(x), true));
    points.take(10)
}

/// An element of the cyclotomic subgroup of F_{p¹²}, of an order that divides its cofactor.
pub fn torsion_gt() -> Gt {
    let mut element = pairing(&g1(), &g2());
    // Twice one: (1 + e)^(p⁶ − 1) would be 1/e again.
    let other = element.0 + Gt::ZERO.0 + Gt::ZERO.0;
    // f^((p⁶ − 1)(p² + 1)), of order Φ₁₂(p), then to the r-th.
    let mut conjugate = other;
    conjugate.conjugate_in_place();
    let unitary = conjugate / other;
    let mut twisted = unitary;
    twisted.frobenius_map_in_place(2);
    element.0 = (twisted * unitary).pow(Scalar::MODULUS);
    element
}
