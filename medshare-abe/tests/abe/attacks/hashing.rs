//! What is hashed to the curve, and that nothing else hashes alike; nothing of α where it is seen.

use ark_ec::CurveGroup;
use medshare_abe::Validity;
use medshare_curve::encoding::decode_g1;
use medshare_curve::{G1Affine, pairing};
use medshare_types::G1Bytes;

use crate::common::{RawKey, Setting, attribute_point, base, day_point, name, rng};

/// H is hashing to the curve as the specification says, not a multiple of a known point.
#[test]
fn attributes_and_days_are_hashed_to_the_curve() {
    let setting = Setting::new();
    let key = setting.raw_key("role:nurse", 2);
    for (part, point) in [
        (key.parts["role:nurse"], attribute_point("role:nurse")),
        (key.days[0], day_point(0, 0)),
    ] {
        let left = pairing::pairing(&part, &pairing::g2());
        assert_eq!(left, pairing::pairing(&point, &key.k3));
        assert!(point != pairing::g1() && point != base());
    }
    // K1 = α·g1 + r·B.
    let alpha = master_point(&setting);
    let rest = (key.k1 - alpha).into_affine();
    let left = pairing::pairing(&rest, &pairing::g2());
    assert_eq!(left, pairing::pairing(&base(), &key.k3));
}

/// Names that others are cut from, that look alike, that spell what is hashed beside names, and two
/// spellings of the policy language: each opens itself and nothing else.
#[test]
fn names_match_whole_and_only_themselves() {
    let long = "x".repeat(256);
    let names = [
        "ward",
        "ward_",
        "ward_A",
        "ward_A1",
        "Ward_A",
        "WARD_A",
        "ward_\u{410}",
        "ward_a",
        "DOCTOR AND NURSE",
        "DOCTOR",
        "NURSE",
        "AND",
        "DOCTOR and NURSE",
        "a",
        "b",
        "ab",
        "a b",
        "a, b",
        "a\",\"b",
        "charité",
        "charite",
        "charit\u{e9}\u{301}",
        "medshare/abe/base/v1",
        "medshare/abe/attribute-name/v1",
        "medshare/abe/attribute-prefix/v1",
        "policy",
        "validity",
        "date",
        "2024-10-04",
        "n = 3",
        "n == 3",
        "n",
        long.as_str(),
        &long[1..],
    ];
    let setting = Setting::new();
    let quoted: Vec<String> = names.iter().map(|text| name(text).to_string()).collect();
    let key = setting.raw_key(&quoted.join(", "), 3);
    assert_eq!(key.parts.len(), names.len());
    for (name, quoted) in names.iter().zip(&quoted) {
        let (header, secret) = setting.raw_header(quoted);
        let start = [(key.k1, header.c1), (-header.c3[0], key.k3)];
        let start = pairing::multi_pairing(&start);
        let opens = |part: &G1Affine| {
            let sum = start + pairing::pairing(part, &header.c2[0]);
            header.key_from(&sum, b"aad") == secret
        };
        for (held, part) in &key.parts {
            assert_eq!(opens(part), held.as_str() == *name, "{name} with {held}");
        }
        assert!(!key.days.iter().any(opens), "{name}");
    }
}

fn master_point(setting: &Setting) -> G1Affine {
    let bytes = setting.master.to_bytes();
    let point = bytes[6..].try_into().map(G1Bytes).expect("48 bytes");
    decode_g1(&point).expect("in G1")
}

/// e(α·g1, C1) is the mask: a commitment to α in G1 opens everything, and so does r·B beside K1,
/// which the holder of an attribute that hashes like ⊥ would have. No component of any key is either.
#[test]
fn a_commitment_to_alpha_would_open_everything() {
    let setting = Setting::new();
    let (header, secret) = setting.raw_header("a and b and c");
    let alpha = master_point(&setting);
    let mask = pairing::pairing(&alpha, &header.c1);
    assert_eq!(header.key_from(&mask, b"aad"), secret);
    let tags = "\"medshare/abe/base/v1\", base, \"⊥\", n = 0, d = 1970-01-01, hospital = st-mary";
    let key = setting.raw_key(tags, 3);
    let until = Validity::until("2026-01-01".parse().expect("a day")).expect("days");
    let set = "a".parse().expect("a list");
    let lapsed = setting
        .master
        .issue(&setting.parameters, &set, until, &mut rng(4));
    let lapsed = RawKey::of(&lapsed.expect("a key"));
    for key in [&key, &lapsed] {
        let values = key.values.values().flatten();
        let parts = key.parts.values().chain(values).chain(&key.days);
        for part in parts {
            let rest = (key.k1 - *part).into_affine();
            assert!(rest != alpha && *part != alpha);
        }
    }
}

/// No two points that everybody sees pair to the mask.
#[test]
fn nothing_public_pairs_to_the_mask() {
    let setting = Setting::new();
    assert_eq!(setting.parameters.to_bytes().len(), 6 + 576);
    let (raw, secret) = setting.raw_header("a or (b and c)");
    let g1 = [pairing::g1(), base()]
        .into_iter()
        .chain(raw.c3.iter().copied());
    let g2 = [pairing::g2(), raw.c1]
        .into_iter()
        .chain(raw.c2.iter().copied());
    let g2: Vec<_> = g2.collect();
    for p in g1 {
        for q in &g2 {
            let key = raw.key_from(&pairing::pairing(&p, q), b"aad");
            assert_ne!(key, secret);
        }
    }
}
