//! Points that are none, or of another group.

use ark_ec::CurveGroup;
use medshare_abe::DecapsulateError;
use medshare_curve::encoding::{decode_g1, encode_g1, encode_g2};
use medshare_curve::{G1Affine, G2Affine, Scalar};
use medshare_types::G1Bytes;

use crate::common::{RawKey, choices, order_three, outside_g2, torsion_g1, torsion_g2};
use crate::mauling::target::{Places, Target};

#[test]
fn points_that_are_none_are_refused_or_rejected() {
    let target = Target::new("a or b");
    let Places { c1, c2, c3 } = target.places();
    let (a, b) = (target.key("a"), target.key("b"));
    let mut identity = [0; 96];
    identity[0] = 0xc0;
    let outside = encode_g2(&outside_g2()).0;
    let mut uncompressed = [0; 96];
    uncompressed.copy_from_slice(&target.bytes[c1..c1 + 96]);
    uncompressed[0] &= 0x7f;
    for bytes in [identity, outside, uncompressed, [0xff; 96]] {
        for at in [c1, c2] {
            let header = target.with(at, &bytes);
            for key in [&a, &b] {
                let refused = target.open(&header, key).expect_err("no point");
                assert_eq!(refused, DecapsulateError::InvalidHeader);
            }
        }
    }
    let outside = encode_g1(&torsion_g1()).0;
    for bytes in [&identity[..48], &outside, &[0xff; 48]] {
        target.assert_rejected(&target.with(c3, bytes), &a);
    }
}

/// Every repeat's C2 is checked, also where the rows that are read do not need it.
#[test]
fn points_outside_the_subgroup_are_refused_in_every_c2() {
    let target = Target::new("a or (a and b)");
    let Places { c1, c2, .. } = target.places();
    let honest = target.raw();
    assert_eq!(honest.c2.len(), 2);
    for (at, point) in [(c1, honest.c1), (c2, honest.c2[0]), (c2 + 96, honest.c2[1])] {
        let shifted = (point + torsion_g2()).into_affine();
        for bad in [shifted, torsion_g2(), outside_g2(), G2Affine::identity()] {
            let header = target.with(at, &encode_g2(&bad).0);
            for key in [target.key("a"), target.key("a,b")] {
                let refused = target.open(&header, &key).expect_err("no point");
                assert_eq!(refused, DecapsulateError::InvalidHeader);
                let strict = target.open_strict(&header, &key);
                assert_eq!(strict.expect_err("no point"), refused);
            }
        }
    }
}

/// Torsion that cancels in the sum passes the one subgroup check there is; the comparison of
/// encodings catches it.
#[test]
fn torsion_that_cancels_is_rejected() {
    let target = Target::new("a and b");
    let key = target.key("a,b");
    let c3 = target.places().c3;
    let mut rows: Vec<G1Affine> = target.bytes[c3..c3 + 96]
        .chunks_exact(48)
        .map(|row| decode_g1(&G1Bytes(row.try_into().expect("48 bytes"))).expect("in G1"))
        .collect();
    let sum = rows[0] + rows[1];
    let torsion = torsion_g1();
    rows[0] = (rows[0] + torsion).into_affine();
    rows[1] = (rows[1] + -torsion).into_affine();
    assert!(!rows[0].is_in_correct_subgroup_assuming_on_curve());
    assert_eq!(rows[0] + rows[1], sum);
    let encoded: Vec<u8> = rows.iter().flat_map(|row| encode_g1(row).0).collect();
    target.assert_rejected(&target.with(c3, &encoded), &key);
    // A sealer can even make the right m come out.
    let honest = target.raw();
    let masking = honest.product(&["a", "b"], &RawKey::of(&key), &choices(2)[0b11]);
    let resealed = target.carrying(&honest.message(&masking), &masking, c3, &encoded);
    target.assert_rejected(&resealed, &key);
}

/// Coefficients of `2 of (a, b, c)` are multiples of 6, so torsion of order 3 is gone from the sum,
/// and with it from the mask: the comparison alone is left.
#[test]
fn torsion_that_a_coefficient_cancels_is_rejected() {
    let target = Target::new("2 of (a, b, c)");
    let key = target.key("a,b");
    let c3 = target.places().c3;
    let honest = target.raw();
    let weights = [12i64, -6]
        .map(Scalar::from)
        .into_iter()
        .enumerate()
        .collect();
    let masking = honest.product(&["a", "b", "c"], &RawKey::of(&key), &weights);
    assert_eq!(&honest.key_from(&masking, b"aad"), target.secret.as_bytes());
    let message = honest.message(&masking);
    for row in 0..2 {
        let shifted = encode_g1(&(honest.c3[row] + order_three()).into_affine()).0;
        let at = c3 + 48 * row;
        let carrying = target.carrying(&message, &masking, at, &shifted);
        target.assert_rejected(&carrying, &key);
    }
}
