//! Numbers, dates and enumerations, end to end and against the algebra.

use medshare_abe::{Attribute, AttributeSet, Date, KeyError, Validity, decapsulate, encapsulate};

use crate::common::{RawHeader, Setting, hospitals, name, rng};

#[test]
fn a_value_opens_what_it_meets() {
    let setting = Setting::new();
    let key = setting
        .issue("role:nurse, clearance = 3, hired = 2026-01-31, hospital = charité")
        .expect("a key");
    for (text, expected) in [
        ("clearance >= 3", true),
        ("clearance > 3", false),
        ("clearance <= 3", true),
        ("clearance < 3", false),
        ("clearance == 3", true),
        ("clearance == 4", false),
        ("clearance in 1..4294967294", true),
        ("clearance in 4..4294967294", false),
        ("clearance >= 0", true),
        ("hired <= 2026-01-31", true),
        ("hired < 2026-01-31", false),
        ("hired in 2026-01-01..2026-12-31", true),
        ("hired in 2025-01-01..2025-12-31", false),
        ("hospital == charité", true),
        ("hospital == north", false),
        ("hospital != north", true),
        ("hospital != charité", false),
        ("clearance >= 1970-01-02", false),
        ("hired >= 3", false),
        ("age >= 0", false),
        ("clearance", false),
        (
            "role:nurse and clearance >= 2 and hired >= 2020-01-01 and hospital != west",
            true,
        ),
        (
            "2 of (clearance >= 4, hired >= 2020-01-01, hospital != north)",
            true,
        ),
        (
            "2 of (clearance >= 4, hired >= 2020-01-01, hospital != charité)",
            false,
        ),
        // The same prefixes twice: τ is 2.
        (
            "clearance >= 2 and (clearance >= 2 or role:nurse) and clearance <= 3",
            true,
        ),
    ] {
        assert_eq!(setting.opens(text, &key), expected, "{text}");
    }
}

#[test]
fn refusals_name_conditions() {
    let setting = Setting::new();
    let key = setting.issue("clearance = 3").expect("a key");
    let policy = setting.policy("clearance > 3 and (hospital != north or x)");
    let (header, _) = encapsulate(&setting.parameters, &policy, b"", &mut rng(3));
    let refused = decapsulate(&setting.parameters, &header, &key, b"").expect_err("unsatisfied");
    assert_eq!(
        refused.to_string(),
        "the policy is not satisfied; missing: clearance >= 4, hospital != north"
    );
}

/// A holder of two values would satisfy the unsatisfiable: `n <= 3 and n >= 8`, and every `!=`.
#[test]
fn no_key_has_two_values_of_one_label() {
    let setting = Setting::new();
    for (held, label) in [
        ("n = 3, n = 8", "n"),
        ("n = 3, m = 3, n = 2026-01-31", "n"),
        ("a, hospital = north, hospital = south", "hospital"),
    ] {
        let label = name(label);
        let refused = setting.issue(held).expect_err("two values");
        assert_eq!(refused, KeyError::ConflictingValues { label });
    }
    let both: AttributeSet = "n = 3, n = 8".parse().expect("a list");
    let impossible = setting.policy("n <= 3 and n >= 8");
    assert!(impossible.is_satisfied_by(&both));
    assert!(!impossible.is_satisfied_by(&"n = 3".parse().expect("a list")));
    // The same value twice is one value.
    assert!(setting.issue("n = 3, n = 003, m = 3").is_ok());
    // Values of two enumerations under one label.
    let north = |id| {
        let lists = hospitals(id, &["north"]);
        let list = lists.of(&name("hospital")).expect("registered");
        list.attribute(&name("north")).expect("a value")
    };
    let set: AttributeSet = [north(1), north(2)].into_iter().collect();
    let refused = setting
        .master
        .issue(&setting.parameters, &set, Validity::ALWAYS, &mut rng(1));
    let label = name("hospital");
    assert_eq!(
        refused.expect_err("two values"),
        KeyError::ConflictingValues { label }
    );
}

#[test]
fn values_to_come_meet_what_was_sealed_before() {
    let mut setting = Setting::new();
    let policy = setting.policy("hospital != north");
    let (header, secret) = encapsulate(&setting.parameters, &policy, b"", &mut rng(3));
    let mut longer = setting
        .lists
        .of(&name("hospital"))
        .expect("registered")
        .clone();
    longer.append(name("new")).expect("a new value");
    setting.lists.register(longer).expect("it continues");
    let key = setting.issue("hospital = new").expect("a key");
    let recovered = decapsulate(&setting.parameters, &header, &key, b"").expect("satisfied");
    assert_eq!(recovered.as_bytes(), secret.as_bytes());
    // Another list under the same label is another thing.
    let other = hospitals(2, &["north", "south"]);
    let set = AttributeSet::parse("hospital = south", &other).expect("a list");
    let foreign = setting
        .master
        .issue(&setting.parameters, &set, Validity::ALWAYS, &mut rng(1))
        .expect("a key");
    assert!(decapsulate(&setting.parameters, &header, &foreign, b"").is_err());
    assert!(!policy.agrees_with(&other) && policy.agrees_with(&setting.lists));
}

#[test]
fn headers_grow_by_one_row_a_prefix() {
    let setting = Setting::new();
    let rows = |text: &str| {
        let policy = setting.policy(text);
        let (header, _) = encapsulate(&setting.parameters, &policy, b"", &mut rng(3));
        RawHeader::of(&header).c3.len()
    };
    assert_eq!(rows("n >= 1"), 32);
    assert_eq!(rows("n >= 0"), 1);
    assert_eq!(rows("n >= 2147483648"), 1);
    assert_eq!(rows("n == 7"), 1);
    assert_eq!(rows("n in 1..4294967294"), 62);
    assert_eq!(rows("d <= 2149-06-05"), 16);
    assert_eq!(rows("hospital != charité"), 16);
    assert_eq!(rows("hospital == charité"), 1);
}

#[test]
fn attributes_are_made_without_text_too() {
    let n = Attribute::integer(name("clearance"), 3);
    let date = Attribute::date(name("hired"), Date::from_days(20_484));
    assert_eq!(n, "clearance = 3".parse().expect("an attribute"));
    assert_eq!(date, "hired = 2026-01-31".parse().expect("an attribute"));
    let lists = hospitals(1, &["north"]);
    let north = Attribute::parse("hospital = north", &lists).expect("an attribute");
    let list = lists.of(&name("hospital")).expect("registered");
    assert_eq!(list.attribute(&name("north")), Some(north));
    assert_eq!(list.attribute(&name("south")), None);
}
