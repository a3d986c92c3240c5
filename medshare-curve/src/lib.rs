//! Fast and strict BLS12-381 helpers over arkworks.
//!
//! **Is:** the operations that the attribute scheme, the gate and the contract share: encodings
//! that accept one byte string per point ([`encoding`]), hashing to G1 by RFC 9380 ([`hash`]),
//! multiplication by public and by secret scalars ([`mul`], [`fixed_base`]), products of pairings
//! with one final exponentiation ([`pairing`]) and a proof of knowledge ([`schnorr`]).
//!
//! **Is not:** a curve library. Points, scalars and fields are arkworks', and so are their
//! formulas. Besides this crate, only `medshare-threshold` shows them in its interface.
//!
//! # Security
//!
//! Not audited. arkworks' field arithmetic is not constant-time. [`mul::mul_regular`] and
//! [`fixed_base::FixedBase::mul_regular`] do the same group operations and memory accesses whatever
//! the scalar is, [`mul::mul_secret`] blinds the scalar; everything else takes variable time and is
//! documented with what it may be given.
//!
//! ```
//! use medshare_curve::{fixed_base, encoding, hash, pairing, Scalar};
//! use ark_ec::CurveGroup;
//!
//! // BLS signature in G1: H(m)·x is checked against x·g2.
//! let secret = Scalar::from(42u64);
//! let public = fixed_base::g2_generator_mul(&secret).into_affine();
//! let point = hash::hash_to_g1(b"EXAMPLE-V01-with-BLS12381G1_XMD:SHA-256_SSWU_RO_", b"message");
//! let signature = (point * secret).into_affine();
//! let received = encoding::decode_g1(&encoding::encode_g1(&signature))?;
//! assert!(pairing::product_is_one(&[(received, -pairing::g2()), (point, public)]));
//! # Ok::<(), medshare_curve::EncodingError>(())
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`encoding`] | compressed points, GT and scalars as bytes; strict decoding |
//! | [`scalar`] | random scalars, wide reduction, Lagrange coefficients |
//! | [`hash`] | `BLS12381G1_XMD:SHA-256_SSWU_RO_`; a bounded cache of its points |
//! | [`mul`] | one and few products: GLV and GLS with width-w NAF; blinded and regular products |
//! | [`fixed_base`] | fixed-base tables, and those of the generators |
//! | [`pairing`] | products of pairings |
//! | [`polynomial`] | secret polynomials and commitments to them, in any group |
//! | [`recent`] | a bounded cache of values that cost much to compute |
//! | [`schnorr`] | proof of knowledge of a discrete logarithm in G1 |
//!
//! Papers: RFC 9380; Gallant–Lambert–Vanstone, CRYPTO 2001; Galbraith–Lin–Scott, EUROCRYPT 2009;
//! Scott, ePrint 2021/1130 (subgroup checks); Wahby–Boneh, ePrint 2019/403 (hashing).
//!
//! # Deviations
//!
//! None from RFC 9380. In the wire form of points (that of ZCash and of RFC 9380's appendices) the
//! point at infinity is refused on decoding, because no protocol of the suite sends it.
#![forbid(unsafe_code)]

pub mod encoding;
mod field;
pub mod fixed_base;
pub mod hash;
pub mod mul;
pub mod pairing;
pub mod polynomial;
pub mod recent;
pub mod scalar;
pub mod schnorr;
mod select;

pub use ark_bls12_381::{Fr as Scalar, G1Affine, G1Projective, G2Affine, G2Projective};
pub use encoding::EncodingError;

/// The target group, an order-r subgroup of F_{p¹²}*, written additively by arkworks.
pub type Gt = ark_ec::pairing::PairingOutput<ark_bls12_381::Bls12_381>;
