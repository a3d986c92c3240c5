//! Encoded points: random ones, and those that no rule accepts.

use medshare_curve::encoding::{encode_g1, encode_g2};
use medshare_curve::fixed_base::{g1_generator_mul, g2_generator_mul};
use medshare_curve::scalar::random_scalar;
use medshare_types::{G1Bytes, G2Bytes, RandomSource};

pub(crate) fn g1_identity() -> G1Bytes {
    let mut bytes = [0; 48];
    bytes[0] = 0xc0;
    G1Bytes(bytes)
}

pub(crate) fn g2_identity() -> G2Bytes {
    let mut bytes = [0; 96];
    bytes[0] = 0xc0;
    G2Bytes(bytes)
}

/// A point of the curve under G1, outside the subgroup.
pub(crate) fn g1_off_subgroup() -> G1Bytes {
    let candidates = (1..=255).map(|x| {
        let mut bytes = [0; 48];
        (bytes[0], bytes[47]) = (0x80, x);
        G1Bytes(bytes)
    });
    let is_off = |bytes: &G1Bytes| {
        medshare_curve::encoding::decode_g1(bytes)
            == Err(medshare_curve::EncodingError::NotInSubgroup)
    };
    candidates.into_iter().find(is_off).unwrap()
}

/// A point of the curve under G2, outside the subgroup.
pub(crate) fn g2_off_subgroup() -> G2Bytes {
    let candidates = (1..=255).map(|x| {
        let mut bytes = [0; 96];
        (bytes[0], bytes[95]) = (0x80, x);
        G2Bytes(bytes)
    });
    let is_off = |bytes: &G2Bytes| {
        medshare_curve::encoding::decode_g2(bytes)
            == Err(medshare_curve::EncodingError::NotInSubgroup)
    };
    candidates.into_iter().find(is_off).unwrap()
}

pub(crate) fn g1_random(rng: &mut impl RandomSource) -> G1Bytes {
    encode_g1(&g1_generator_mul(&random_scalar(rng)).into())
}

pub(crate) fn g2_random(rng: &mut impl RandomSource) -> G2Bytes {
    encode_g2(&g2_generator_mul(&random_scalar(rng)).into())
}
