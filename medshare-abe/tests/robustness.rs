//! Anything at all is read or refused, never a panic; and what is read comes out as it went in.
#![allow(clippy::expect_used, reason = "tests fail by panicking")]

mod common;

use common::{Setting, rng};
use medshare_abe::descriptor::SealedDescriptor;
use medshare_abe::payload::{ContentTree, Preamble};
use medshare_abe::{
    AccessHeader, AccessPolicy, Attribute, AttributeSet, Date, Header, MasterSecretKey, Name,
    PublicParameters, SyntaxError, UserSecretKey, encapsulate,
};
use medshare_types::{Wire, hash};
use proptest::prelude::*;

/// Pieces of the language in any order.
fn soup() -> impl Strategy<Value = String> {
    let pieces = [
        "a",
        "é",
        "e\u{301}",
        "hospital",
        "north",
        "charité",
        "2",
        "4294967295",
        "4294967296",
        "0",
        "2026-01-31",
        "2026-02-30",
        "..",
        ".",
        ",",
        "(",
        ")",
        "\"",
        "\\",
        "<",
        "<=",
        ">",
        ">=",
        "==",
        "!=",
        "!",
        "=",
        " ",
        "  ",
        "\t",
        "and",
        "or",
        "of",
        "in",
        "not",
        "2 of (",
        " and ",
        " or ",
        "a >= ",
        "hospital != ",
        "n in ",
        "\u{0}",
        "\u{feff}",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..24).prop_map(|p| p.concat())
}

/// A policy that parses: conditions of every kind under gates of every kind.
fn policies() -> impl Strategy<Value = String> {
    let label = "[a-c]{1,2}|\"[!#-Z][ -!#-Z]{0,3}[a-z]\"";
    let number = || prop_oneof![any::<u32>(), 0u32..9, Just(u32::MAX)];
    let day = || any::<u16>().prop_map(|days| Date::from_days(days).to_string());
    let comparison = prop::sample::select(vec!["<=", ">=", "=="]);
    let leaf = prop_oneof![
        label.prop_map(|name| name),
        (label, comparison.clone(), number()).prop_map(|(l, c, n)| format!("{l} {c} {n}")),
        (label, comparison, day()).prop_map(|(l, c, d)| format!("{l} {c} {d}")),
        (label, number(), number()).prop_map(|(l, a, b)| format!(
            "{l} in {}..{}",
            a.min(b),
            a.max(b)
        )),
        (label, day(), day()).prop_map(|(l, a, b)| {
            format!("{l} in {} .. {}", a.as_str().min(&b), a.as_str().max(&b))
        }),
        (
            prop::sample::select(vec!["==", "!="]),
            prop::sample::select(vec!["north", "\"charité\""])
        )
            .prop_map(|(c, value)| format!("hospital {c} {value}")),
    ];
    leaf.prop_recursive(4, 12, 4, |inner| {
        let some = || prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            some().prop_map(|parts| format!("({})", parts.join(" and "))),
            some().prop_map(|parts| format!("({})", parts.join(" or "))),
            (some(), any::<prop::sample::Index>()).prop_map(|(parts, index)| {
                format!("{} of ({})", 1 + index.index(parts.len()), parts.join(", "))
            }),
        ]
    })
}

fn check_texts(text: &str, setting: &Setting) -> Result<(), TestCaseError> {
    if let Ok(policy) = AccessPolicy::parse(text, &setting.lists) {
        let printed = AccessPolicy::parse(&policy.to_string(), &setting.lists);
        prop_assert_eq!(printed, Ok(policy.clone()));
        prop_assert_eq!(AccessPolicy::from_bytes(&policy.to_bytes()), Ok(policy));
    }
    if let Ok(set) = AttributeSet::parse(text, &setting.lists) {
        prop_assert_eq!(
            AttributeSet::parse(&set.to_string(), &setting.lists),
            Ok(set)
        );
    }
    if let Ok(attribute) = Attribute::parse(text, &setting.lists) {
        let printed = Attribute::parse(&attribute.to_string(), &setting.lists);
        prop_assert_eq!(printed, Ok(attribute));
    }
    if let Ok(date) = text.parse::<Date>() {
        prop_assert_eq!(date.to_string(), text);
    }
    if let Ok(name) = Name::new(text) {
        prop_assert_eq!(name.to_string().parse(), Ok(name));
    }
    Ok(())
}

/// Whatever a decoder takes, it gives back.
fn check_bytes(bytes: &[u8], setting: &Setting) -> Result<(), TestCaseError> {
    if let Ok(policy) = AccessPolicy::from_bytes(bytes) {
        prop_assert_eq!(policy.to_bytes(), bytes);
    }
    if let Ok(header) = Header::from_bytes(bytes) {
        prop_assert_eq!(header.to_bytes(), bytes);
    }
    if let Ok(parameters) = PublicParameters::from_bytes(bytes) {
        prop_assert_eq!(parameters.to_bytes(), bytes);
    }
    if let Ok(master) = MasterSecretKey::from_bytes(bytes) {
        prop_assert_eq!(master.to_bytes().to_vec(), bytes);
    }
    if let Ok(key) = UserSecretKey::from_bytes(bytes, &setting.parameters, &mut rng(1)) {
        prop_assert_eq!(key.to_bytes().to_vec(), bytes);
    }
    if let Ok(header) = AccessHeader::from_wire(bytes) {
        prop_assert_eq!(header.to_wire(), bytes);
    }
    if let Ok(preamble) = Preamble::from_wire(bytes) {
        prop_assert_eq!(preamble.to_wire(), bytes);
    }
    // No tree has this root.
    let root = hash::digest("root", &[]);
    prop_assert!(ContentTree::from_bytes(bytes, &root).is_err());
    if let Ok(descriptor) = SealedDescriptor::from_wire(bytes) {
        prop_assert_eq!(descriptor.to_wire(), bytes);
    }
    Ok(())
}

/// One good encoding of everything that has a header, key or policy in it.
fn good(setting: &Setting) -> Vec<Vec<u8>> {
    let policy = setting.policy("2 of (a, n in 3..9, hospital != north and d < 2020-01-01)");
    let (header, _) = encapsulate(&setting.parameters, &policy, b"", &mut rng(2));
    let key = setting
        .issue("a, n = 3, d = 2019-01-01, hospital = west")
        .expect("a key");
    vec![
        policy.to_bytes(),
        header.to_bytes(),
        key.to_bytes().to_vec(),
        setting.master.to_bytes().to_vec(),
    ]
}

fn quiet(cases: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    }
}

const KINDS: [&[u8; 4]; 8] = [
    b"mABE", b"mPUB", b"mMSK", b"mUSK", b"mACC", b"mPRE", b"mTRE", b"mDSC",
];

proptest! {
    #![proptest_config(quiet(256))]

    #[test]
    fn any_text_is_read_or_refused(text in prop_oneof![soup(), any::<String>()]) {
        check_texts(&text, &Setting::new())?;
    }

    #[test]
    fn policies_of_every_kind_round_trip(text in policies()) {
        let setting = Setting::new();
match AccessPolicy::parse(&text, &setting.lists) {
            Ok(_) | Err(SyntaxError::TooManyRows { .. }) => {}
            Err(error) => prop_assert!(false, "{}: {}", text, error),
        }
        check_texts(&text, &setting)?;
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        kind in prop::sample::select(KINDS.to_vec()),
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            prop::collection::vec(0u8..8, 0..300),
        ],
    ) {
        let setting = Setting::new();
        check_bytes(&body, &setting)?;
        check_bytes(&[&kind[..], &[0, 1], &body].concat(), &setting)?;
    }
}

/// Good encodings with bytes changed, put in, taken out, or cut off.
#[test]
fn damaged_encodings_are_read_or_refused() {
    let setting = Setting::new();
    let encodings = good(&setting);
    let damage = (
        0..encodings.len(),
        prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..4),
    );
    let mut runner = proptest::test_runner::TestRunner::new(quiet(400));
    let outcome = runner.run(&damage, |(which, changes)| {
        let mut bytes = encodings[which].clone();
        for (index, byte, how) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = index.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => drop(bytes.remove(at)),
                _ => bytes.truncate(at),
            }
        }
        check_bytes(&bytes, &setting)
    });
    outcome.expect("every encoding is read or refused");
}

/// Ten thousand gates, of every kind, as text and as bytes.
#[test]
fn depth_is_refused_before_it_is_descended_into() {
    let setting = Setting::new();
    for (open, middle, close) in [
        ("(", "a", ")"),
        ("2 of (a, b, ", "c", ")"),
        ("a and (b or ", "c", ")"),
        ("n >= 3 or 1 of (", "c", ")"),
    ] {
        let text = open.repeat(10_000) + middle + &close.repeat(10_000);
        assert!(AccessPolicy::parse(&text, &setting.lists).is_err());
        assert!(AttributeSet::parse(&text, &setting.lists).is_err());
        assert!(Attribute::parse(&text, &setting.lists).is_err());
    }
    for gate in [&[1, 2, 0, 2, 2, 0][..], &[3, 3, 0, 2, 0]] {
        assert!(AccessPolicy::from_bytes(&gate.repeat(10_000)).is_err());
    }
}
