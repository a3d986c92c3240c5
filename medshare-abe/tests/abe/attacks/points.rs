//! Points outside the prime-order subgroups, and identities, in keys and parameters. In headers
//! they are in `mauling.rs`.

use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, Field};
use medshare_abe::{KeyError, MasterSecretKey, PublicParameters, UserSecretKey};
use medshare_curve::encoding::{decode_gt, encode_g1, encode_g2, encode_gt};
use medshare_curve::{EncodingError, G1Affine, G2Affine, Gt};

use crate::common::{Setting, order_three, outside_g2, rng, torsion_g1, torsion_g2, torsion_gt};

/// Small torsion in one part would pass the check of the key one time in three, were points not
/// checked on their own.
#[test]
fn keys_with_torsion_are_not_read() {
    let setting = Setting::new();
    let held = "a, n = 3";
    let bytes = setting.issue(held).expect("a key").to_bytes();
    let raw = setting.raw_key(held, 7);
    let read = |at: usize, point: &[u8], seed| {
        let mut changed = bytes.to_vec();
        changed[at..at + point.len()].copy_from_slice(point);
        UserSecretKey::from_bytes(&changed, &setting.parameters, &mut rng(seed)).map(|_| ())
    };
    let place = |point: &[u8]| {
        let mut windows = bytes.windows(point.len());
        windows
            .position(|window| window == point)
            .expect("in the key")
    };
    let outside = Err(KeyError::Point {
        source: EncodingError::NotInSubgroup,
    });
    let identity = Err(KeyError::Point {
        source: EncodingError::Identity,
    });
    let parts = raw.parts.values().chain(raw.values.values().flatten());
    for point in parts.chain(&raw.days).chain([&raw.k1]) {
        let at = place(&encode_g1(point).0);
        for torsion in [order_three(), torsion_g1()] {
            for seed in 0..3 {
                let shifted = encode_g1(&(*point + torsion).into_affine());
                assert_eq!(read(at, &shifted.0, seed), outside);
                assert_eq!(read(at, &encode_g1(&torsion).0, seed), outside);
            }
        }
        assert_eq!(read(at, &encode_g1(&G1Affine::identity()).0, 1), identity);
    }
    let at = place(&encode_g2(&raw.k3).0);
    for torsion in [torsion_g2(), outside_g2()] {
        let shifted = encode_g2(&(raw.k3 + torsion).into_affine());
        assert_eq!(read(at, &shifted.0, 1), outside);
        assert_eq!(read(at, &encode_g2(&torsion).0, 1), outside);
    }
    assert_eq!(read(at, &encode_g2(&G2Affine::identity()).0, 1), identity);
}

#[test]
fn master_keys_with_torsion_are_not_read() {
    let setting = Setting::new();
    let bytes = setting.master.to_bytes();
    for torsion in [order_three(), torsion_g1()] {
        let mut changed = bytes.to_vec();
        changed[6..].copy_from_slice(&encode_g1(&torsion).0);
        let source = EncodingError::NotInSubgroup;
        let read = MasterSecretKey::from_bytes(&changed).map(|_| ());
        assert_eq!(read, Err(KeyError::Point { source }));
    }
}

/// With a small component in E a sealer's mask would tell s modulo its order.
#[test]
fn parameters_with_torsion_are_not_read() {
    let setting = Setting::new();
    let bytes = setting.parameters.to_bytes();
    let e: [u8; 576] = bytes[6..].try_into().expect("E");
    let e = decode_gt(&e).expect("in GT");
    let read = |value: &Gt| {
        let changed = [&bytes[..6], &encode_gt(value)].concat();
        PublicParameters::from_bytes(&changed).map(|_| ())
    };
    assert_eq!(read(&e), Ok(()));
    let torsion = torsion_gt();
    assert!(torsion.0 != Field::ONE && decode_gt(&encode_gt(&torsion)).is_err());
    let shifted = e + torsion;
    let mut minus = e;
    minus.0 = -minus.0;
    let mut zero = e;
    zero.0 = AdditiveGroup::ZERO;
    let source = EncodingError::NotInSubgroup;
    for value in [shifted, torsion, minus, zero] {
        assert_eq!(read(&value), Err(KeyError::Element { source }));
    }
    let source = EncodingError::Identity;
    assert_eq!(read(&(e - e)), Err(KeyError::Element { source }));
}
