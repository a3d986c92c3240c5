//! The hash inputs of docs/spec/abe/attributes.md, written a second time.

use medshare_curve::G1Affine;
use medshare_curve::hash::hash_to_g1;

const DST: &[u8] = b"MEDSHARE-ABE-V01-CS01-with-BLS12381G1_XMD:SHA-256_SSWU_RO_";

pub fn hash_to_point(fields: &[&[u8]]) -> G1Affine {
    let with_length = |field: &&[u8]| [&(field.len() as u64).to_le_bytes(), *field].concat();
    let input: Vec<u8> = fields.iter().flat_map(with_length).collect();
    hash_to_g1(DST, &input)
}

/// H of a name.
pub fn attribute_point(name: &str) -> G1Affine {
    hash_to_point(&[b"medshare/abe/attribute-name/v1", name.as_bytes()])
}

/// H of a prefix of a sealing date.
pub fn day_point(depth: u8, bits: u32) -> G1Affine {
    let tag: &[u8] = b"medshare/abe/attribute-prefix/v1";
    hash_to_point(&[
        tag,
        b"validity",
        b"",
        b"date",
        b"",
        &[depth],
        &bits.to_le_bytes(),
    ])
}

/// B = H(⊥).
pub fn base() -> G1Affine {
    hash_to_point(&[b"medshare/abe/base/v1"])
}
