//! Encodings: arkworks as oracle, and the set of malformed inputs.

use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use medshare_curve::encoding::{
    GT_LEN, decode_g1, decode_g1_on_curve, decode_g2, decode_gt, decode_scalar, encode_g1,
    encode_g2, encode_gt, encode_scalar,
};
use medshare_curve::hash::hash_to_g1;
use medshare_curve::pairing::{g1, g2, pairing};
use medshare_curve::{EncodingError, G1Affine, G2Affine, Gt, Scalar};
use medshare_types::hash::digest;
use medshare_types::{G1Bytes, G2Bytes, RandomSource};

use crate::samples::{curve_points, curve_points_g2, scalars, torsion_gt};

type Fq = <G1Affine as AffineRepr>::BaseField;

fn number(bytes: &[u8]) -> [u8; 48] {
    let mut out = [0; 48];
    out[48 - bytes.len()..].copy_from_slice(bytes);
    out
}

/// p + n, which is the residue n written a second way; it still leaves the flags free.
fn unreduced(n: u64) -> [u8; 48] {
    let mut p = Fq::MODULUS;
    p.add_with_carry(&n.into());
    number(&p.to_bytes_be())
}

#[test]
fn points_round_trip_in_arkworks_form() {
    for scalar in scalars() {
        let (p, q) = ((g1() * scalar).into_affine(), (g2() * scalar).into_affine());
        let (mut p_oracle, mut q_oracle) = ([0; 48], [0; 96]);
        p.serialize_compressed(p_oracle.as_mut_slice()).unwrap();
        q.serialize_compressed(q_oracle.as_mut_slice()).unwrap();
        assert_eq!((encode_g1(&p).0, encode_g2(&q).0), (p_oracle, q_oracle));
        if scalar != Scalar::ZERO {
            assert_eq!(decode_g1(&G1Bytes(p_oracle)), Ok(p));
            assert_eq!(decode_g1_on_curve(&G1Bytes(p_oracle)), Ok(p));
            assert_eq!(decode_g2(&G2Bytes(q_oracle)), Ok(q));
        }
    }
}

#[test]
fn the_identity_is_refused() {
    let (p, q) = (
        encode_g1(&G1Affine::identity()),
        encode_g2(&G2Affine::identity()),
    );
    assert_eq!((p.0[0], q.0[0]), (0xc0, 0xc0));
    assert_eq!(decode_g1(&p), Err(EncodingError::Identity));
    assert_eq!(decode_g1_on_curve(&p), Err(EncodingError::Identity));
    assert_eq!(decode_g2(&q), Err(EncodingError::Identity));
}

#[test]
fn flags_have_one_form() {
    let not_canonical = Err(EncodingError::NotCanonical);
    let p = encode_g1(&g1()).0;
    let q = encode_g2(&g2()).0;
    let identity = encode_g1(&G1Affine::identity()).0;
    for flags in [0x00, 0x20, 0x40, 0x60, 0xc0, 0xe0] {
        let mut bytes = p;
        bytes[0] = bytes[0] & 0x1f | flags;
        assert_eq!(decode_g1(&G1Bytes(bytes)), not_canonical, "{flags:#x}");
        let mut bytes = q;
        bytes[0] = bytes[0] & 0x1f | flags;
        assert_eq!(
            decode_g2(&G2Bytes(bytes)).map(drop),
            not_canonical.map(drop),
            "{flags:#x}"
        );
        if flags != 0xc0 {
            let mut bytes = identity;
            bytes[0] = flags;
            assert_ne!(
                decode_g1(&G1Bytes(bytes)),
                Err(EncodingError::Identity),
                "{flags:#x}"
            );
        }
    }
    // An identity with something after it, in either half.
    for at in [1, 47, 48, 95] {
        let mut bytes = encode_g2(&G2Affine::identity()).0;
        bytes[at] = 1;
        assert_eq!(
            decode_g2(&G2Bytes(bytes)),
            Err(EncodingError::NotCanonical),
            "{at}"
        );
    }
}

#[test]
fn coordinates_are_reduced() {
    // Every x < 2^381 − p has a second form; these are on the curve in the first.
    let mut tried = 0;
    for x in 0..40 {
        let mut reduced = number(&u64::to_be_bytes(x));
        reduced[0] |= 0x80;
        let mut twin = unreduced(x);
        twin[0] |= 0x80;
        if decode_g1_on_curve(&G1Bytes(reduced)).is_ok() {
            tried += 1;
            assert_eq!(
                decode_g1_on_curve(&G1Bytes(twin)),
                Err(EncodingError::NotCanonical)
            );
            assert_eq!(decode_g1(&G1Bytes(twin)), Err(EncodingError::NotCanonical));
        }
    }
    assert!(tried > 5);

    let q = encode_g2(&g2()).0;
    for (range, flags) in [(0..48, 0x80), (48..96, 0)] {
        let mut bytes = q;
        bytes[range.clone()].copy_from_slice(&unreduced(5));
        bytes[range.start] |= flags;
        assert_eq!(decode_g2(&G2Bytes(bytes)), Err(EncodingError::NotCanonical));
    }
    // c0 has no flags: its top bits are not masked away.
    for bit in [0x20, 0x40, 0x80] {
        let mut bytes = q;
        bytes[48] |= bit;
        assert_eq!(decode_g2(&G2Bytes(bytes)), Err(EncodingError::NotCanonical));
    }
}

#[test]
fn points_off_the_curve_and_off_the_subgroup_are_told_apart() {
    let mut off_curve = 0;
    for x in 0..40u64 {
        let mut bytes = number(&x.to_be_bytes());
        bytes[0] |= 0x80;
        let exists = (Fq::from(x).pow([3]) + Fq::from(4u64)).legendre().is_qr();
        let expected = if exists {
            // No point of G1 has so small an x here: arkworks says so in the next test.
            EncodingError::NotInSubgroup
        } else {
            off_curve += 1;
            EncodingError::NotOnCurve
        };
        assert_eq!(decode_g1(&G1Bytes(bytes)), Err(expected), "x = {x}");
        assert_eq!(decode_g1_on_curve(&G1Bytes(bytes)).is_ok(), exists);
    }
    assert!((10..30).contains(&off_curve));
}

#[test]
fn the_subgroup_check_agrees_with_arkworks() {
    for point in curve_points() {
        let bytes = encode_g1(&point);
        let inside = point.is_in_correct_subgroup_assuming_on_curve();
        assert_eq!(decode_g1(&bytes).is_ok(), inside);
        // Into the subgroup by the cofactor; out of it, to an order that divides the cofactor, by
        // r.
        let cleared = point.mul_by_cofactor();
        let expected = if cleared.is_zero() {
            Err(EncodingError::Identity)
        } else {
            Ok(cleared)
        };
        assert_eq!(decode_g1(&encode_g1(&cleared)), expected);
        let small = point.mul_bigint(Scalar::MODULUS).into_affine();
        assert!(decode_g1(&encode_g1(&small)).is_err());
        let shifted = (cleared + small).into_affine();
        assert_eq!(
            decode_g1(&encode_g1(&shifted)),
            Err(EncodingError::NotInSubgroup)
        );
    }
    for point in curve_points_g2() {
        let bytes = encode_g2(&point);
        assert_eq!(decode_g2(&bytes), Err(EncodingError::NotInSubgroup));
        let cleared = point.mul_by_cofactor();
        assert_eq!(decode_g2(&encode_g2(&cleared)), Ok(cleared));
    }
}

#[test]
fn whatever_decodes_encodes_to_the_same_bytes() {
    let p = encode_g1(&hash_to_g1(b"a tag for a test", b"point"));
    let q = encode_g2(&(g2() * Scalar::from(1_234_567u64)).into_affine());
    for bit in 0..384 {
        let mut bytes = p;
        bytes.0[bit / 8] ^= 1 << (bit % 8);
        if let Ok(point) = decode_g1_on_curve(&bytes) {
            assert_eq!(encode_g1(&point), bytes);
            assert_ne!(encode_g1(&point), p);
        }
    }
    let sign_flipped = |byte: u8| byte ^ 0x20;
    for bit in 0..768 {
        let mut bytes = q;
        bytes.0[bit / 8] ^= 1 << (bit % 8);
        let expected = bytes.0[0] == sign_flipped(q.0[0]);
        assert_eq!(
            decode_g2(&bytes).is_ok(),
            expected,
            "only −Q is a neighbour"
        );
    }
}

#[test]
fn random_bytes_decode_where_arkworks_decodes_them() {
    let mut rng = crate::samples::rng(1);
    let (mut accepted, mut accepted_2) = (0, 0);
    for _ in 0..200 {
        let mut bytes: [u8; 48] = rng.array();
        bytes[0] = bytes[0] & 0x3f | 0x80;
        let oracle = G1Affine::deserialize_compressed_unchecked(bytes.as_slice());
        let ours = decode_g1_on_curve(&G1Bytes(bytes));
        assert_eq!(ours.ok(), oracle.ok());
        accepted += usize::from(ours.is_ok());

        let mut bytes: [u8; 96] = rng.array();
        (bytes[0], bytes[48]) = (bytes[0] & 0x3f | 0x80, bytes[48] & 0x1f);
        let oracle = G2Affine::deserialize_compressed_unchecked(bytes.as_slice());
        let ours = decode_g2(&G2Bytes(bytes));
        assert_eq!(ours == Err(EncodingError::NotInSubgroup), oracle.is_ok());
        accepted_2 += usize::from(oracle.is_ok());
    }
    assert!(accepted > 50 && accepted_2 > 40, "{accepted}, {accepted_2}");
}

#[test]
fn scalars_are_little_endian_and_reduced() {
    for scalar in scalars() {
        let bytes = encode_scalar(&scalar);
        assert_eq!(bytes.to_vec(), scalar.into_bigint().to_bytes_le());
        assert_eq!(decode_scalar(&bytes), Ok(scalar));
    }
    let mut r = [0; 32];
    r.copy_from_slice(&Scalar::MODULUS.to_bytes_le());
    assert_eq!(decode_scalar(&r), Err(EncodingError::NotCanonical));
    r[0] += 1;
    assert_eq!(decode_scalar(&r), Err(EncodingError::NotCanonical));
    assert_eq!(decode_scalar(&[0xff; 32]), Err(EncodingError::NotCanonical));
}

#[test]
fn the_form_of_gt_is_pinned() {
    let element = pairing(&g1(), &g2());
    let value = encode_gt(&element);
    let pinned = "5eb938a6fb68c74b33d94fb9b119e2a9095389934691725bff7b8cbd88cb1b46";
    assert_eq!(digest("medshare/test/gt/v1", &[&value]).to_string(), pinned);
    // Coefficients of the generator as arkworks has them, each big-endian.
    let coefficients = element.0.to_base_prime_field_elements();
    let oracle: Vec<u8> = coefficients
        .flat_map(|c| c.into_bigint().to_bytes_be())
        .collect();
    assert_eq!(value.to_vec(), oracle);
}

#[test]
fn elements_of_gt_are_of_order_r() {
    for scalar in scalars() {
        let element = pairing(&g1(), &g2()) * scalar;
        let expected = if scalar == Scalar::ZERO {
            Err(EncodingError::Identity)
        } else {
            Ok(element)
        };
        assert_eq!(decode_gt(&encode_gt(&element)), expected, "{scalar}");
    }
    let good = pairing(&g1(), &g2());
    let torsion = torsion_gt();
    let negative = |mut element: Gt| {
        element.0 = -element.0;
        element
    };
    // −1 has order 2, and the others' orders are multiples of it or of the cofactor's divisors.
    for outside in [torsion, torsion + good, negative(Gt::ZERO), negative(good)] {
        let refused = decode_gt(&encode_gt(&outside));
        assert_eq!(refused, Err(EncodingError::NotInSubgroup));
    }
    let mut bytes = [0; GT_LEN];
    assert_eq!(decode_gt(&bytes), Err(EncodingError::NotInSubgroup), "zero");
    bytes[47] = 2;
    assert_eq!(decode_gt(&bytes), Err(EncodingError::NotInSubgroup), "two");
}

#[test]
fn coefficients_of_gt_are_reduced() {
    let identity = encode_gt(&Gt::ZERO);
    for at in (0..GT_LEN).step_by(48) {
        // The identity written a second way, a number beyond every form, and a flag.
        let mut twin = identity;
        twin[at..at + 48].copy_from_slice(&unreduced(u64::from(at == 0)));
        let mut most = identity;
        most[at..at + 48].fill(0xff);
        let mut flagged = encode_gt(&pairing(&g1(), &g2()));
        flagged[at] |= 0x80;
        for bytes in [twin, most, flagged] {
            assert_eq!(decode_gt(&bytes), Err(EncodingError::NotCanonical), "{at}");
        }
    }
}
