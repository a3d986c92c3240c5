//! Keys made from keys: what they open, and that nothing is won by having several.

use std::collections::BTreeMap;

use ark_ec::CurveGroup;
use medshare_abe::{
    Attribute, AttributeSet, Header, KeyError, MasterSecretKey, UserSecretKey, Validity,
    decapsulate, encapsulate, encapsulate_dated,
};
use medshare_curve::encoding::encode_g1;
use medshare_curve::scalar::{random_scalar, wide_reduce};
use medshare_curve::{G1Affine, Scalar, pairing};
use medshare_types::hash::Xof;
use medshare_types::{RandomSource, wire};

use crate::common::{
    RawHeader, RawKey, Setting, attribute_point, attributes, base, choices, policy, rng,
};

fn set(key: &UserSecretKey) -> AttributeSet {
    key.attributes().clone()
}

#[test]
fn a_delegated_key_opens_what_its_attributes_open() {
    let setting = Setting::new();
    let held = "role:nurse, ward:3, clearance = 5, hired = 2019-04-01, hospital = charité";
    let key = setting.issue(held).expect("a key");
    let some = "ward:3, clearance = 5, hospital = charité";
    let some = AttributeSet::parse(some, &setting.lists).expect("a list");
    let delegated = key.delegate(&setting.parameters, &some, &mut rng(2));
    let delegated = delegated.expect("held");
    assert_eq!(set(&delegated), some);
    assert_eq!(delegated.validity(), key.validity());
    for (text, opened) in [
        ("ward:3", true),
        ("clearance >= 3 and clearance <= 9 and clearance == 5", true),
        ("2 of (role:nurse, ward:3, hospital != north)", true),
        ("role:nurse", false),
        ("hired < 2020-01-01", false),
        ("clearance > 5", false),
        ("hospital != charité", false),
        ("ward:3 and role:nurse", false),
    ] {
        assert!(setting.opens(text, &key) || !opened, "{text}");
        assert_eq!(setting.opens(text, &delegated), opened, "{text}");
    }
    // It is a key like any other: stored, read in, delegated again.
    let bytes = delegated.to_bytes();
    let read = UserSecretKey::from_bytes(&bytes, &setting.parameters, &mut rng(3));
    let again = read.expect("a key");
    let ward = attributes("ward:3");
    let again = again.delegate(&setting.parameters, &ward, &mut rng(4));
    let again = again.expect("held");
    assert!(setting.opens("ward:3", &again));
    assert!(!setting.opens("clearance == 5", &again));
    let back = again.delegate(&setting.parameters, &some, &mut rng(5));
    assert!(matches!(back, Err(KeyError::NotHeld { missing }) if missing.len() == 2));
}

/// A delegated key is for the days of the key that it comes from, no more and no fewer.
#[test]
fn a_delegated_key_has_the_whole_validity() {
    let (parameters, master) = MasterSecretKey::setup(&mut rng(1));
    let day = |text: &str| text.parse().expect("a date");
    let validity = Validity::between(day("2026-01-31"), day("2026-03-01")).expect("days");
    let key = master.issue(&parameters, &attributes("a, b"), validity, &mut rng(2));
    let key = key.expect("a key");
    let delegated = key.delegate(&parameters, &attributes("b"), &mut rng(3));
    let delegated = delegated.expect("held");
    assert_eq!(delegated.validity(), validity);
    for (sealed_on, open) in [
        ("2026-01-30", false),
        ("2026-01-31", true),
        ("2026-02-14", true),
        ("2026-02-28", true),
        ("2026-03-01", false),
    ] {
        let (policy, date) = (policy("b"), day(sealed_on));
        let (header, secret) = encapsulate_dated(&parameters, &policy, date, b"", &mut rng(4));
        for key in [&key, &delegated] {
            let opened = decapsulate(&parameters, &header, key, b"");
            let opened = opened.is_ok_and(|opened| opened.as_bytes() == secret.as_bytes());
            assert_eq!(opened, open, "sealed on {sealed_on}");
        }
    }
}

#[test]
fn only_what_is_held_is_delegated() {
    let setting = Setting::new();
    let held = "role:nurse, clearance = 5, hospital = charité";
    let key = setting.issue(held).expect("a key");
    let delegate = |list: &str| {
        let wanted = AttributeSet::parse(list, &setting.lists).expect("a list");
        let delegated = key.delegate(&setting.parameters, &wanted, &mut rng(2));
        delegated.map(|key| set(&key))
    };
    let missing = |list: &str| {
        let missing = AttributeSet::parse(list, &setting.lists).expect("a list");
        let missing: Vec<Attribute> = missing.iter().cloned().collect();
        Err(KeyError::NotHeld { missing })
    };
    assert_eq!(delegate("role:nurse"), Ok(attributes("role:nurse")));
    for list in [
        "role:physician",
        "Role:nurse",
        "clearance",
        "clearance = 4",
        "hospital = north",
        "\"clearance = 5\"",
    ] {
        assert_eq!(delegate(list), missing(list), "{list}");
        let mixed = format!("role:nurse, {list}");
        assert_eq!(delegate(&mixed), missing(list), "{mixed}");
    }
    assert!(matches!(delegate(""), Err(KeyError::AttributeCount { .. })));
    let (other, _) = MasterSecretKey::setup(&mut rng(99));
    let delegated = key.delegate(&other, &attributes("role:nurse"), &mut rng(2));
    assert_eq!(delegated.expect_err("foreign"), KeyError::OtherAuthority);
}

/// A key of `a` and `b`, and its points.
fn parent() -> (medshare_abe::PublicParameters, UserSecretKey, RawKey) {
    let (parameters, master) = MasterSecretKey::setup(&mut rng(1));
    let key = master.issue(
        &parameters,
        &attributes("a,b"),
        Validity::ALWAYS,
        &mut rng(2),
    );
    let key = key.expect("a key");
    let raw = RawKey::of(&key);
    (parameters, key, raw)
}

fn merged(parts: [&BTreeMap<String, G1Affine>; 2]) -> BTreeMap<String, G1Affine> {
    let all = parts.into_iter().flatten();
    all.map(|(name, point)| (name.clone(), *point)).collect()
}

/// Every way to take K1, K3 and the parts from two keys for `a` and for `b`.
fn pool_opens(first: &RawKey, second: &RawKey, header: &RawHeader, secret: &[u8; 32]) -> bool {
    let parts = merged([&first.parts, &second.parts]);
    let k1 = [first.k1, second.k1, (first.k1 + second.k1).into_affine()];
    let k3 = [first.k3, second.k3, (first.k3 + second.k3).into_affine()];
    k1.into_iter().any(|k1| {
        k3.into_iter().any(|k3| {
            let pooled = RawKey::of_names(k1, k3, parts.clone());
            header.is_opened_by(&["a", "b"], &choices(2), &pooled, secret)
        })
    })
}

/// A shift of every point by d·B, d·H(u), d·g2: what delegation does, by hand.
fn shifted(key: &RawKey, name: &str, d: &Scalar) -> RawKey {
    let part = (key.parts[name] + attribute_point(name) * d).into_affine();
    RawKey::of_names(
        (key.k1 + base() * d).into_affine(),
        (key.k3 + pairing::g2() * d).into_affine(),
        BTreeMap::from([(name.to_owned(), part)]),
    )
}

/// The attack works where both keys are made with one d, by hand or because a random source repeats
/// itself; with a d for each it does not.
#[test]
fn two_delegated_keys_are_not_pooled() {
    let (parameters, key, raw) = parent();
    let (header, secret) = encapsulate(&parameters, &policy("a and b"), b"aad", &mut rng(3));
    let header = RawHeader::of(&header);
    let opens =
        |first: &RawKey, second: &RawKey| pool_opens(first, second, &header, secret.as_bytes());
    let [d, other] = [4, 5].map(|seed| random_scalar(&mut rng(seed)));
    assert!(opens(&shifted(&raw, "a", &d), &shifted(&raw, "b", &d)));
    assert!(!opens(&shifted(&raw, "a", &d), &shifted(&raw, "b", &other)));

    let delegate = |name: &str, random: &mut _| {
        let delegated = key.delegate(&parameters, &attributes(name), random);
        RawKey::of(&delegated.expect("held"))
    };
    // d hangs on the attributes too, so not even a source that repeats itself makes two such keys.
    let repeated = [delegate("a", &mut rng(6)), delegate("b", &mut rng(6))];
    assert!(!opens(&repeated[0], &repeated[1]));
    let mut random = rng(6);
    let (a, b) = (delegate("a", &mut random), delegate("b", &mut random));
    assert!(!opens(&a, &b));
    // Nor with a key that the authority issued to another person, or with the parent's points.
    let strangers = RawKey {
        parts: BTreeMap::from([("b".to_owned(), raw.parts["b"])]),
        ..raw
    };
    assert!(!opens(&a, &strangers));
}

/// A delegated key is the key that issuing with r + d would give: the same distribution.
#[test]
fn a_delegated_key_is_the_parents_with_r_shifted() {
    let (parameters, key, raw) = parent();
    let delegated = key.delegate(&parameters, &attributes("a"), &mut rng(7));
    let delegated = RawKey::of(&delegated.expect("held"));
    let held = wire::to_borsh(&attributes("a"));
    let fields = [
        &encode_g1(&raw.k1).0,
        held.as_slice(),
        &rng(7).array::<32>(),
    ];
    let d = wide_reduce(&Xof::new("medshare/abe/delegation-randomness/v1", &fields).take());
    let expected = shifted(&raw, "a", &d);
    assert_eq!((delegated.k1, delegated.k3), (expected.k1, expected.k3));
    assert_eq!(delegated.parts, expected.parts);
    // Nothing of the parent's stands in it.
    let points = |key: &RawKey| {
        [
            &[key.k1][..],
            &key.parts.values().copied().collect::<Vec<_>>(),
        ]
        .concat()
    };
    assert!(points(&delegated).iter().all(|p| !points(&raw).contains(p)));
    assert_ne!(delegated.k3, raw.k3);
}

/// What rejected headers decapsulate to is different for every copy of a key.
#[test]
fn a_delegated_key_rejects_in_its_own_way() {
    let (parameters, key, _) = parent();
    let mut random = rng(8);
    let mut delegate = || {
        let delegated = key.delegate(&parameters, &attributes("a"), &mut random);
        delegated.expect("held")
    };
    let keys = [&delegate(), &delegate(), &key];
    let (header, secret) = encapsulate(&parameters, &policy("a"), b"", &mut rng(3));
    let mut bytes = header.to_bytes();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let mauled = Header::from_bytes(&bytes).expect("a header");
    let open = |header: &Header, key: &UserSecretKey| {
        let opened = decapsulate(&parameters, header, key, b"").expect("satisfied");
        *opened.as_bytes()
    };
    let rejected = keys.map(|key| open(&mauled, key));
    assert!(rejected[0] != rejected[1] && rejected[0] != rejected[2] && rejected[1] != rejected[2]);
    assert!(
        keys.iter()
            .all(|key| open(&header, key) == *secret.as_bytes())
    );
}
