//! A key decapsulates exactly if its attributes satisfy the policy.

use std::collections::BTreeMap;

use medshare_abe::{
    AccessPolicy, DecapsulateError, KeyError, MasterSecretKey, UserSecretKey, Validity,
    decapsulate, decapsulate_strict, encapsulate,
};
use proptest::prelude::*;

use crate::common::{Formula, Setting, attributes, policy, rng, subset};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// A key that also holds an attribute which no policy names.
fn key(setting: &Setting, held: &[&str]) -> UserSecretKey {
    let list = [held, &["unused"]].concat().join(",");
    setting.key(&list, Validity::ALWAYS)
}

#[test]
fn every_small_formula_opens_to_exactly_those_who_satisfy_it() {
    let setting = Setting::new();
    let keys: BTreeMap<usize, UserSecretKey> = (0..16)
        .map(|bits| (bits, key(&setting, &subset(&NAMES, bits))))
        .collect();
    let leaves: [&[&'static str]; 6] = [
        &["a"],
        &["a", "b"],
        &["a", "b", "c"],
        &["a", "b", "c", "d"],
        &["a", "b", "a"],
        &["a", "a", "b", "a"],
    ];
    let formulas: Vec<Formula> = leaves.iter().flat_map(|l| Formula::all(l)).collect();
    assert_eq!(formulas.len(), 1 + 2 + 7 + 34 + 7 + 34);
    let mut opened = 0;
    for formula in &formulas {
        let policy = policy(&formula.text());
        let (header, secret) = encapsulate(&setting.parameters, &policy, b"", &mut rng(3));
        for (bits, key) in &keys {
            let held = subset(&NAMES, *bits);
            match decapsulate(&setting.parameters, &header, key, b"") {
                Ok(recovered) => {
                    assert!(formula.is_true(&held), "{policy} opened by {held:?}");
                    assert_eq!(recovered.as_bytes(), secret.as_bytes(), "{policy} {held:?}");
                    opened += 1;
                }
                Err(DecapsulateError::PolicyUnsatisfied { missing }) => {
                    assert!(!formula.is_true(&held), "{policy} refused to {held:?}");
                    let names: Vec<String> = missing.iter().map(ToString::to_string).collect();
                    let names = names.iter().map(String::as_str);
                    let completed: Vec<&str> = held.iter().copied().chain(names).collect();
                    assert!(
                        formula.is_true(&completed),
                        "{policy}: {held:?} and {missing:?}"
                    );
                }
                Err(other) => panic!("{policy}: {other}"),
            }
        }
    }
    assert!(opened > formulas.len(), "{opened}");
}

#[test]
fn strict_recovers_the_same() {
    let setting = Setting::new();
    let key = key(&setting, &["a", "c"]);
    for text in [
        "(a or b) and (c or (a and d)) and a",
        "3 of (b, c, 2 of (a, c, d), d, a or b)",
    ] {
        let (header, secret) = encapsulate(&setting.parameters, &policy(text), b"x", &mut rng(2));
        for decapsulate in [decapsulate, decapsulate_strict] {
            let recovered = decapsulate(&setting.parameters, &header, &key, b"x");
            assert_eq!(recovered.expect("satisfied").as_bytes(), secret.as_bytes());
        }
    }
}

#[test]
fn spellings_of_one_attribute_count_and_open_alike() {
    let setting = Setting::new();
    let policy = policy("\"x\" and (x or y) and (hospital:charite\u{301} or z)");
    let (header, secret) = encapsulate(&setting.parameters, &policy, b"", &mut rng(2));
    let y = key(&setting, &["y", "hospital:charité"]);
    let refused = decapsulate(&setting.parameters, &header, &y, b"").expect_err("without x");
    assert_eq!(
        refused.to_string(),
        "the policy is not satisfied; missing: x"
    );
    let x = key(&setting, &["x", "\"hospital:charité\""]);
    let recovered = decapsulate(&setting.parameters, &header, &x, b"").expect("satisfied");
    assert_eq!(recovered.as_bytes(), secret.as_bytes());
}

#[test]
fn a_hundred_leaves() {
    let setting = Setting::new();
    let names: Vec<String> = (0..100).map(|i| format!("attribute-{i}")).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let list = names.join(", ");
    for (policy, held) in [
        (policy(&names.join(" and ")), &all[..]),
        (policy(&names.join(" or ")), &all[98..99]),
        (policy(&format!("60 of ({list})")), &all[40..]),
        (
            policy(&format!("8 of ({})", names[..16].join(", "))),
            &all[5..13],
        ),
    ] {
        let (header, secret) = encapsulate(&setting.parameters, &policy, b"", &mut rng(2));
        let key = key(&setting, held);
        let recovered = decapsulate(&setting.parameters, &header, &key, b"");
        assert_eq!(recovered.expect("satisfied").as_bytes(), secret.as_bytes());
    }
}

#[test]
fn keys_of_another_authority_are_told_apart() {
    let here = Setting::new();
    let (parameters, master) = MasterSecretKey::setup(&mut rng(2));
    let (header, _) = encapsulate(&here.parameters, &policy("a"), b"", &mut rng(3));
    let issue = |parameters| {
        let held = attributes("a");
        master.issue(parameters, &held, Validity::ALWAYS, &mut rng(4))
    };
    let foreign = issue(&parameters).expect("a key");
    assert_eq!(
        decapsulate(&here.parameters, &header, &foreign, b"").expect_err("foreign"),
        DecapsulateError::OtherAuthority
    );
    assert_eq!(
        issue(&here.parameters).expect_err("other parameters"),
        KeyError::OtherAuthority
    );
    let read = UserSecretKey::from_bytes(&foreign.to_bytes(), &here.parameters, &mut rng(5));
    assert_eq!(read.expect_err("foreign"), KeyError::OtherAuthority);
}

#[test]
fn keys_have_at_least_one_attribute_and_not_too_many() {
    let setting = Setting::new();
    let issue = |set| {
        setting
            .master
            .issue(&setting.parameters, &set, Validity::ALWAYS, &mut rng(1))
    };
    assert!(matches!(
        issue(attributes("")).expect_err("none"),
        KeyError::AttributeCount { count: 0, .. }
    ));
    let many: Vec<String> = (0..1025).map(|i| i.to_string()).collect();
    assert!(matches!(
        issue(attributes(&many.join(","))).expect_err("too many"),
        KeyError::AttributeCount { count: 1025, .. }
    ));
}

#[test]
fn secrets_do_not_print() {
    let setting = Setting::new();
    let key = key(&setting, &["a"]);
    let (_, secret) = encapsulate(&setting.parameters, &policy("a"), b"", &mut rng(3));
    assert_eq!(format!("{:?}", setting.master), "MasterSecretKey(secret)");
    let printed = "UserSecretKey(a, unused; 1970-01-01 to 2149-06-06; secret)";
    assert_eq!(format!("{key:?}"), printed);
    assert_eq!(format!("{secret:?}"), "SharedSecret(secret)");
}

fn formula() -> impl Strategy<Value = Formula> {
    let names = ["a", "b", "c", "d", "e"];
    let leaf = prop::sample::select(names.to_vec()).prop_map(Formula::Leaf);
    leaf.prop_recursive(3, 12, 5, |inner| {
        let some = prop::collection::vec(inner, 1..5);
        prop_oneof![
            some.clone().prop_map(Formula::And),
            some.clone().prop_map(Formula::Or),
            (some, any::<prop::sample::Index>())
                .prop_map(|(parts, index)| Formula::Of(1 + index.index(parts.len()), parts)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn satisfies_exactly_when_it_decapsulates(formula in formula(), bits in 0usize..32) {
        let setting = Setting::new();
        let held = subset(&["a", "b", "c", "d", "e"], bits);
        let policy = policy(&formula.text());
        let key = key(&setting, &held);
        prop_assert_eq!(policy.is_satisfied_by(&attributes(&held.join(","))), formula.is_true(&held));
        let (header, secret) = encapsulate(&setting.parameters, &policy, b"", &mut rng(3));
        match decapsulate(&setting.parameters, &header, &key, b"") {
            Ok(recovered) => {
                prop_assert!(formula.is_true(&held));
                prop_assert_eq!(recovered.as_bytes(), secret.as_bytes());
            }
            Err(DecapsulateError::PolicyUnsatisfied { .. }) => prop_assert!(!formula.is_true(&held)),
            Err(other) => prop_assert!(false, "{}", other),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn policies_round_trip(formula in formula(), names in prop::collection::vec("\\PC{1,12}", 3)) {
        let parsed = policy(&formula.text());
        prop_assert_eq!(&policy(&parsed.to_string()), &parsed);
        prop_assert_eq!(AccessPolicy::from_bytes(&parsed.to_bytes()), Ok(parsed));
        for name in &names {
            if let Ok(attribute) = medshare_abe::Attribute::new(name) {
                let inside = policy(&format!("x and {attribute} or(y)"));
                let second = inside.conditions().nth(1).map(ToString::to_string);
                prop_assert_eq!(second, Some(attribute.to_string()));
                prop_assert_eq!(attribute.to_string().parse(), Ok(attribute));
            }
        }
    }
}
