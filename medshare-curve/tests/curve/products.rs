//! Products and pairings against arkworks' own.

use ark_bls12_381::Bls12_381;
use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{Field, Zero};
use medshare_curve::fixed_base::{
    FixedBase, g1_generator_mul, g1_generator_mul_regular, g2_generator_mul,
    g2_generator_mul_regular,
};
use medshare_curve::hash::hash_to_g1;
use medshare_curve::mul::{
    mul_public, mul_public_g2, mul_secret, sum_of_products, sum_of_products_g2,
};
use medshare_curve::pairing::{g1, g2, multi_pairing, pairing, product_is_one};
use medshare_curve::{G1Affine, G1Projective, G2Affine, G2Projective, Scalar};

use crate::samples::{rng, scalars};

fn point(n: u64) -> G1Affine {
    hash_to_g1(b"a tag for a test", &n.to_le_bytes())
}

fn point_g2(n: u64) -> G2Affine {
    (g2() * Scalar::from(n + 3).inverse().unwrap_or_default()).into_affine()
}

#[test]
fn single_products() {
    let mut rng = rng(2);
    let (p, q) = (point(0), point_g2(0));
    let table = FixedBase::new(&q.into_group(), 5);
    for scalar in scalars() {
        assert_eq!(mul_public(&p, &scalar), p * scalar, "{scalar}");
        assert_eq!(mul_secret(&p, &scalar, &mut rng), p * scalar, "{scalar}");
        assert_eq!(mul_public_g2(&q, &scalar), q * scalar, "{scalar}");
        assert_eq!(g1_generator_mul(&scalar), g1() * scalar, "{scalar}");
        assert_eq!(g2_generator_mul(&scalar), g2() * scalar, "{scalar}");
        assert_eq!(table.mul(&scalar), q * scalar, "{scalar}");
    }
}

#[test]
fn products_of_the_identity() {
    let scalar = Scalar::from(77u64);
    assert!(mul_public(&G1Affine::identity(), &scalar).is_zero());
    assert!(mul_secret(&G1Affine::identity(), &scalar, &mut rng(3)).is_zero());
    assert!(mul_public_g2(&G2Affine::identity(), &scalar).is_zero());
}

#[test]
fn sums_of_products() {
    let scalars = scalars();
    // Across the size from which arkworks' buckets take over.
    for count in [0, 1, 2, 17, 128, 129, 150] {
        let scalars: Vec<_> = scalars.iter().copied().cycle().take(count).collect();
        let points: Vec<_> = (0..count as u64).map(point).collect();
        let points_g2: Vec<_> = (0..count as u64).map(point_g2).collect();
        let sum: G1Projective = points.iter().zip(&scalars).map(|(p, k)| *p * k).sum();
        let sum_g2: G2Projective = points_g2.iter().zip(&scalars).map(|(p, k)| *p * k).sum();
        assert_eq!(sum_of_products(&points, &scalars), sum, "{count}");
        assert_eq!(sum_of_products_g2(&points_g2, &scalars), sum_g2, "{count}");
    }
    // Equal and opposite points meet in one accumulator.
    let p = point(1);
    let k = Scalar::from(0x1234_5678u64);
    assert_eq!(sum_of_products(&[p, p], &[k, k]), p * (k + k));
    assert!(sum_of_products(&[p, -p], &[k, k]).is_zero());
}

#[test]
fn pairings_agree_with_arkworks_and_are_bilinear() {
    assert_eq!(pairing(&g1(), &g2()), Bls12_381::pairing(g1(), g2()));
    assert!(!pairing(&g1(), &g2()).is_zero());
    for count in [0, 1, 2, 4, 5, 9] {
        let pairs: Vec<_> = (0..count).map(|n| (point(n), point_g2(n))).collect();
        let (left, right): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
        assert_eq!(multi_pairing(&pairs), Bls12_381::multi_pairing(left, right));
    }
    let (a, b) = (Scalar::from(11u64), Scalar::from(13u64));
    let left = ((g1() * a).into_affine(), (g2() * b).into_affine());
    let right = ((g1() * (a * b)).into_affine(), g2());
    assert!(product_is_one(&[left, (-right.0, right.1)]));
    assert!(!product_is_one(&[left, right]));
    assert!(product_is_one(&[]));
}

#[test]
fn an_identity_contributes_nothing() {
    let pair = (point(3), point_g2(3));
    let with = [
        (G1Affine::identity(), g2()),
        pair,
        (g1(), G2Affine::identity()),
    ];
    assert_eq!(multi_pairing(&with), pairing(&pair.0, &pair.1));
}

/// Sums of the fixed-base walk that are doublings or cancel: it starts at 2^255, and the last window
/// adds multiples of 2^248.
#[test]
fn exceptional_sums_of_fixed_bases() {
    let two = Scalar::from(2u64);
    let (start, window) = (two.pow([255u64]), two.pow([248u64]));
    for j in 1..=128u64 {
        for met in [window * Scalar::from(j), -(window * Scalar::from(j))] {
            for scalar in [met - start + met, -start, met - start] {
                let expected = g1() * scalar;
                assert_eq!(g1_generator_mul_regular(&scalar), expected);
            }
        }
    }
    let scalar = Scalar::from(24u64) * window - start;
    let expected = g2() * scalar;
    assert_eq!(g2_generator_mul_regular(&scalar), expected);
}
