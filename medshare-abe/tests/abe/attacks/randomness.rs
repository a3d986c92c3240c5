//! Random sources that repeat themselves, or that an attacker knows.

use ark_ec::CurveGroup;
use medshare_abe::{KeyError, MasterSecretKey, UserSecretKey, Validity};
use medshare_curve::encoding::encode_g1;
use medshare_curve::{G1Projective, Scalar, pairing};
use medshare_types::RandomSource;
use medshare_types::hash::Xof;

use crate::common::{RawKey, attributes, rng};

/// Two keys with one r are one key for the attributes of both: a source that gives the same bytes
/// twice, as that of a copied machine, must not make two.
#[test]
fn a_source_that_repeats_itself_gives_no_two_keys_one_r() {
    let (parameters, master) = MasterSecretKey::setup(&mut rng(1));
    let until = Validity::until("2027-01-01".parse().expect("a date")).expect("days");
    let issue = |held: &str, validity| {
        let key = master.issue(&parameters, &attributes(held), validity, &mut rng(2));
        key.expect("a key")
    };
    let keys = [
        issue("a,b", Validity::ALWAYS),
        issue("a,c", Validity::ALWAYS),
        issue("a,b", until),
    ];
    let delegate = |held: &str| {
        let key = keys[0].delegate(&parameters, &attributes(held), &mut rng(2));
        key.expect("held")
    };
    let delegated = [delegate("a"), delegate("b")];
    let k3 = |key: &UserSecretKey| RawKey::of(key).k3;
    let all: Vec<_> = keys.iter().chain(&delegated).map(k3).collect();
    for (i, one) in all.iter().enumerate() {
        assert!(!all[..i].contains(one), "key {i}");
    }
}

/// Parts that are wrong by errors which cancel under the weights (w_a, w_b): K_a + w_b·X and
/// K_b − w_a·X. An attacker that knew the weights could hand out a bad key that passes the check.
#[test]
fn weights_are_not_foreseen() {
    let (parameters, master) = MasterSecretKey::setup(&mut rng(1));
    let held = attributes("a,b");
    let key = master.issue(&parameters, &held, Validity::ALWAYS, &mut rng(2));
    let key = key.expect("a key");
    let raw = RawKey::of(&key);
    let bytes = key.to_bytes();
    let find = |part: &[u8]| bytes.windows(48).position(|window| window == part);
    let place = |name: &str| find(&encode_g1(&raw.parts[name]).0).expect("a part");
    let (a, b) = (place("a"), place("b"));
    let read = |(wa, wb): (Scalar, Scalar)| {
        let x = G1Projective::from(pairing::g1());
        let mut changed = bytes.to_vec();
        let moved = (x * wb + raw.parts["a"]).into_affine();
        changed[a..a + 48].copy_from_slice(&encode_g1(&moved).0);
        let moved = (-x * wa + raw.parts["b"]).into_affine();
        changed[b..b + 48].copy_from_slice(&encode_g1(&moved).0);
        UserSecretKey::from_bytes(&changed, &parameters, &mut rng(4)).map(drop)
    };
    let zero = Scalar::from(0u64);
    assert_eq!(read((zero, zero)), Ok(()));
    let mut weights: Vec<(Scalar, Scalar)> = [(1u64, 1), (1, 2), (2, 3), (2, 4)]
        .map(|(wa, wb)| (wa.into(), wb.into()))
        .into();
    // What follows from the reader's source alone, which gives σ and then the fresh bytes.
    let mut known = rng(4);
    known.fill(&mut [0; 32]);
    let tag = "medshare/abe/key-check/v1";
    let mut derived = Xof::new(tag, &[&known.clone().array::<32>()]);
    let mut weight = || Scalar::from(u128::from_le_bytes(derived.take()));
    weights.push((weight(), weight()));
    let mut weight = || Scalar::from(u128::from_le_bytes(known.array()));
    weights.push((weight(), weight()));
    for weights in weights {
        assert_eq!(read(weights), Err(KeyError::Inconsistent));
    }
}
