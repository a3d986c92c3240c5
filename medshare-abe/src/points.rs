//! Hashing to G1: B and H(u).

use std::sync::OnceLock;

use medshare_curve::comb::FixedBase;
use medshare_curve::hash::hash_to_g1;
use medshare_curve::{G1Affine, G1Projective, Scalar};

use crate::attribute::Attribute;

/// RFC 9380, section 3.1.
const DST: &[u8] = b"MEDSHARE-ABE-V01-CS01-with-BLS12381G1_XMD:SHA-256_SSWU_RO_";

/// Attributes that stand in policies as names. Kinds to come get tags of their own, so that no
/// name can be made to hash like them.
const NAME_TAG: &str = "medshare/abe/attribute-name/v1";
const BASE_TAG: &str = "medshare/abe/base/v1";

/// Width of the table of B: 4096 points, 0.4 MiB.
const BASE_WIDTH: usize = 8;

/// H(u) for an attribute.
pub(crate) fn attribute_point(attribute: &Attribute) -> G1Affine {
    hash_to_g1(DST, &message(NAME_TAG, &[attribute.name().as_bytes()]))
}

/// B = H(⊥), a point whose discrete logarithm nobody knows.
pub(crate) fn base() -> G1Affine {
    static BASE: OnceLock<G1Affine> = OnceLock::new();
    *BASE.get_or_init(|| hash_to_g1(DST, &message(BASE_TAG, &[])))
}

/// k·B from a table: for scalars that are public or used once.
pub(crate) fn base_mul(scalar: &Scalar) -> G1Projective {
    static TABLE: OnceLock<FixedBase<G1Projective>> = OnceLock::new();
    TABLE
        .get_or_init(|| FixedBase::new(&base().into(), BASE_WIDTH))
        .mul(scalar)
}

/// Tag and fields, each after its length.
fn message(tag: &str, fields: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    for bytes in core::iter::once(&tag.as_bytes()).chain(fields) {
        out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        out.extend_from_slice(bytes);
    }
    out
}
