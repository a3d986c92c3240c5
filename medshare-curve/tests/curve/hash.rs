//! Hashing to G1 against RFC 9380, appendix J.9.1, and against arkworks' implementation.

use ark_bls12_381::{G1Affine, G1Projective, g1};
use ark_ec::hashing::HashToCurve;
use ark_ec::hashing::curve_maps::wb::WBMap;
use ark_ec::hashing::map_to_curve_hasher::MapToCurveBasedHasher;
use ark_ff::field_hashers::DefaultFieldHasher;
use ark_ff::{BigInteger, PrimeField};
use medshare_curve::hash::hash_to_g1;
use sha2::Sha256;

fn hex(number: &impl PrimeField) -> String {
    let bytes = number.into_bigint().to_bytes_be();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn rfc_9380_appendix_j_9_1() {
    let dst = b"QUUX-V01-CS02-with-BLS12381G1_XMD:SHA-256_SSWU_RO_";
    let long_q = format!("q128_{}", "q".repeat(128));
    let long_a = format!("a512_{}", "a".repeat(512));
    let vectors = [
        (
            "",
            "052926add2207b76ca4fa57a8734416c8dc95e24501772c814278700eed6d1e4e8cf62d9c09db0fac349612b759e79a1",
            "08ba738453bfed09cb546dbb0783dbb3a5f1f566ed67bb6be0e8c67e2e81a4cc68ee29813bb7994998f3eae0c9c6a265",
        ),
        (
            "abc",
            "03567bc5ef9c690c2ab2ecdf6a96ef1c139cc0b2f284dca0a9a7943388a49a3aee664ba5379a7655d3c68900be2f6903",
            "0b9c15f3fe6e5cf4211f346271d7b01c8f3b28be689c8429c85b67af215533311f0b8dfaaa154fa6b88176c229f2885d",
        ),
        (
            "abcdef0123456789",
            "11e0b079dea29a68f0383ee94fed1b940995272407e3bb916bbf268c263ddd57a6a27200a784cbc248e84f357ce82d98",
            "03a87ae2caf14e8ee52e51fa2ed8eefe80f02457004ba4d486d6aa1f517c0889501dc7413753f9599b099ebcbbd2d709",
        ),
        (
            long_q.as_str(),
            "15f68eaa693b95ccb85215dc65fa81038d69629f70aeee0d0f677cf22285e7bf58d7cb86eefe8f2e9bc3f8cb84fac488",
            "1807a1d50c29f430b8cafc4f8638dfeeadf51211e1602a5f184443076715f91bb90a48ba1e370edce6ae1062f5e6dd38",
        ),
        (
            long_a.as_str(),
            "082aabae8b7dedb0e78aeb619ad3bfd9277a2f77ba7fad20ef6aabdc6c31d19ba5a6d12283553294c1825c4b3ca2dcfe",
            "05b84ae5a942248eea39e1d91030458c40153f3b654ab7872d779ad1e942856a20c438e8d99bc8abfbf74729ce1f7ac8",
        ),
    ];
    for (message, x, y) in vectors {
        let point = hash_to_g1(dst, message.as_bytes());
        assert_eq!(
            (hex(&point.x).as_str(), hex(&point.y).as_str()),
            (x, y),
            "{message:.20}"
        );
    }
}

/// arkworks' own route to the same suite: affine maps, two isogenies, a generic cofactor product.
fn oracle(dst: &[u8], message: &[u8]) -> G1Affine {
    type Hasher =
        MapToCurveBasedHasher<G1Projective, DefaultFieldHasher<Sha256, 128>, WBMap<g1::Config>>;
    Hasher::new(dst).unwrap().hash(message).unwrap()
}

#[test]
fn agrees_with_arkworks() {
    let message: Vec<u8> = (0..=255).cycle().take(700).collect();
    let dst: Vec<u8> = (1..=255).cycle().take(300).collect();
    // 255 bytes is the longest tag that is used as it is; longer ones are hashed first.
    for dst_len in [1, 16, 50, 255, 256, 300] {
        for message_len in [0, 1, 31, 63, 64, 65, 700] {
            let (dst, message) = (&dst[..dst_len], &message[..message_len]);
            let point = hash_to_g1(dst, message);
            assert_eq!(
                point,
                oracle(dst, message),
                "tag {dst_len}, message {message_len}"
            );
            assert!(point.is_in_correct_subgroup_assuming_on_curve() && point.is_on_curve());
        }
    }
}

#[test]
fn tags_separate() {
    assert_ne!(hash_to_g1(b"tag one", b"m"), hash_to_g1(b"tag two", b"m"));
    assert_ne!(hash_to_g1(b"ab", b"c"), hash_to_g1(b"a", b"bc"));
}
