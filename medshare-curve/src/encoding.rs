//! Points, GT elements and scalars as fixed-length bytes; decoding is strict.
//!
//! Points are in the compressed form of ZCash: x big-endian (for G2, c1 before c0), with three
//! flags in the first byte: compressed (0x80, always), infinity (0x40, refused on decoding) and
//! the sign of y (0x20, set when y is the lexicographically larger of ±y). Scalars are 32 bytes
//! little-endian. Exactly one byte string decodes to each value.

use ark_bls12_381::{Fq, Fq2, Fq12};
use ark_ec::AffineRepr;
use ark_ec::pairing::PairingOutput;
use ark_ff::{AdditiveGroup, BigInteger256, Field, PrimeField};
use medshare_types::{G1Bytes, G2Bytes};

use crate::field;
use crate::mul;
use crate::{G1Affine, G2Affine, Gt, Scalar};

/// Why bytes do not decode to a point, an element of GT or a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodingError {
    /// Invalid flags, or a number that is not reduced: only one encoding of each value is accepted.
    #[error("the encoding is not canonical")]
    NotCanonical,
    /// No point of the curve has this x.
    #[error("the point is not on the curve")]
    NotOnCurve,
    /// The point is on the curve and outside the subgroup of order r.
    #[error("the point is not in the prime-order subgroup")]
    NotInSubgroup,
    /// The point at infinity.
    #[error("the point is the identity")]
    Identity,
}

/// Length of an encoded element of GT.
pub const GT_LEN: usize = 576;

const COMPRESSED: u8 = 0x80;
const INFINITY: u8 = 0x40;
const LARGER_Y: u8 = 0x20;
const FLAGS: u8 = COMPRESSED | INFINITY | LARGER_Y;

/// The compressed form of a point of G1.
#[must_use]
pub fn encode_g1(point: &G1Affine) -> G1Bytes {
    let mut out = [0; 48];
    out[0] = COMPRESSED | INFINITY;
    if let Some((x, y)) = point.xy() {
        out = field::to_be_bytes(&x);
        out[0] |= COMPRESSED | if is_larger(&y) { LARGER_Y } else { 0 };
    }
    G1Bytes(out)
}

/// Decodes a point of G1: canonical, on the curve, in the subgroup, not the identity.
///
/// Cost: a square root and a subgroup check (two multiplications by the 64-bit curve parameter).
///
/// # Errors
/// [`EncodingError`] names the first check that failed.
pub fn decode_g1(bytes: &G1Bytes) -> Result<G1Affine, EncodingError> {
    let point = decode_g1_on_curve(bytes)?;
    if mul::is_in_g1(&point) {
        Ok(point)
    } else {
        Err(EncodingError::NotInSubgroup)
    }
}

/// Decodes a point of the curve that G1 lies on, **without** the subgroup check.
///
/// # Errors
/// [`EncodingError`], never `NotInSubgroup`.
///
/// # Security
/// Only for a point that is compared with one known to be in G1 before anything depends on it,
/// such as the one recomputed by the Fujisaki–Okamoto transform.
pub fn decode_g1_on_curve(bytes: &G1Bytes) -> Result<G1Affine, EncodingError> {
    let (larger, x) = split_flags(&bytes.0)?;
    let x = field::from_be_bytes(&x).ok_or(EncodingError::NotCanonical)?;
    let y = field::sqrt(&(x.square() * x + Fq::from(4u64))).ok_or(EncodingError::NotOnCurve)?;
    let y = if is_larger(&y) == larger { y } else { -y };
    Ok(G1Affine::new_unchecked(x, y))
}

/// The compressed form of a point of G2.
#[must_use]
pub fn encode_g2(point: &G2Affine) -> G2Bytes {
    let mut out = [0; 96];
    out[0] = COMPRESSED | INFINITY;
    if let Some((x, y)) = point.xy() {
        out[..48].copy_from_slice(&field::to_be_bytes(&x.c1));
        out[48..].copy_from_slice(&field::to_be_bytes(&x.c0));
        out[0] |= COMPRESSED | if is_larger_2(&y) { LARGER_Y } else { 0 };
    }
    G2Bytes(out)
}

/// Decodes a point of G2: canonical, on the curve, in the subgroup, not the identity.
///
/// Cost: a square root in F_{p²} and a subgroup check (one multiplication by the 64-bit curve
/// parameter).
///
/// # Errors
/// [`EncodingError`] names the first check that failed.
pub fn decode_g2(bytes: &G2Bytes) -> Result<G2Affine, EncodingError> {
    let mut high = [0; 48];
    let mut low = [0; 48];
    high.copy_from_slice(&bytes.0[..48]);
    low.copy_from_slice(&bytes.0[48..]);
    if high[0] & INFINITY != 0 && low != [0; 48] {
        return Err(EncodingError::NotCanonical);
    }
    let (larger, c1) = split_flags(&high)?;
    let read = |bytes| field::from_be_bytes(bytes).ok_or(EncodingError::NotCanonical);
    let x = Fq2::new(read(&low)?, read(&c1)?);
    let b = Fq2::new(Fq::from(4u64), Fq::from(4u64));
    let y = field::sqrt_2(&(x.square() * x + b)).ok_or(EncodingError::NotOnCurve)?;
    let y = if is_larger_2(&y) == larger { y } else { -y };
    let point = G2Affine::new_unchecked(x, y);
    if point.is_in_correct_subgroup_assuming_on_curve() {
        Ok(point)
    } else {
        Err(EncodingError::NotInSubgroup)
    }
}

/// The twelve coefficients over F_p, each 48 bytes big-endian, lowest first in every level of the
/// tower F_p ⊂ F_{p²} ⊂ F_{p⁶} ⊂ F_{p¹²}.
#[must_use]
pub fn encode_gt(value: &Gt) -> [u8; GT_LEN] {
    let mut out = [0; GT_LEN];
    let coefficients = value.0.to_base_prime_field_elements();
    for (chunk, coefficient) in out.chunks_exact_mut(48).zip(coefficients) {
        chunk.copy_from_slice(&field::to_be_bytes(&coefficient));
    }
    out
}

/// Decodes an element of GT: canonical, of order r, not the identity.
///
/// Cost: one exponentiation in F_{p¹²}.
///
/// # Errors
/// [`EncodingError`], never `NotOnCurve`.
pub fn decode_gt(bytes: &[u8; GT_LEN]) -> Result<Gt, EncodingError> {
    let mut coefficients = [Fq::ZERO; 12];
    for (coefficient, chunk) in coefficients.iter_mut().zip(bytes.chunks_exact(48)) {
        let mut number = [0; 48];
        number.copy_from_slice(chunk);
        *coefficient = field::from_be_bytes(&number).ok_or(EncodingError::NotCanonical)?;
    }
    let value =
        Fq12::from_base_prime_field_elems(coefficients).ok_or(EncodingError::NotCanonical)?;
    if value == Fq12::ONE {
        return Err(EncodingError::Identity);
    }
    if value.pow(Scalar::MODULUS) == Fq12::ONE {
        Ok(PairingOutput(value))
    } else {
        Err(EncodingError::NotInSubgroup)
    }
}

/// A scalar as 32 bytes little-endian.
#[must_use]
pub fn encode_scalar(scalar: &Scalar) -> [u8; 32] {
    let mut out = [0; 32];
    for (chunk, limb) in out.chunks_exact_mut(8).zip(scalar.into_bigint().0) {
        chunk.copy_from_slice(&limb.to_le_bytes());
    }
    out
}

/// Decodes 32 bytes little-endian, which must be less than r.
///
/// # Errors
/// [`EncodingError::NotCanonical`].
pub fn decode_scalar(bytes: &[u8; 32]) -> Result<Scalar, EncodingError> {
    let mut limbs = [0; 4];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.chunks_exact(8)) {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        *limb = u64::from_le_bytes(word);
    }
    Scalar::from_bigint(BigInteger256::new(limbs)).ok_or(EncodingError::NotCanonical)
}

/// The sign flag, and the number without flags.
fn split_flags(bytes: &[u8; 48]) -> Result<(bool, [u8; 48]), EncodingError> {
    let mut number = *bytes;
    number[0] &= !FLAGS;
    let larger = match bytes[0] & FLAGS {
        COMPRESSED => false,
        flags if flags == COMPRESSED | LARGER_Y => true,
        flags if flags == COMPRESSED | INFINITY && number == [0; 48] => {
            return Err(EncodingError::Identity);
        }
        _ => return Err(EncodingError::NotCanonical),
    };
    Ok((larger, number))
}

/// Compares y with −y as integers: true if y is larger.
fn is_larger(y: &Fq) -> bool {
    y.into_bigint() > Fq::MODULUS_MINUS_ONE_DIV_TWO
}

/// As [`is_larger`] in F_{p²}, c1 counting before c0.
fn is_larger_2(y: &Fq2) -> bool {
    if y.c1 == Fq::ZERO {
        is_larger(&y.c0)
    } else {
        is_larger(&y.c1)
    }
}
