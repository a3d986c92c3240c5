//! Anything at all is read or refused, never a panic; and what is read comes out as it went in.

use medshare_abe::{AccessPolicy, Attribute, AttributeSet, Date, SyntaxError};
use proptest::prelude::*;

use crate::common::properties::{self, PROPERTIES, setting};
use crate::common::seeds::seeds;

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
        "\u{202e}",
        "\u{fe0f}",
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

fn quiet(cases: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    }
}

const KINDS: [&[u8; 4]; 19] = [
    b"mABE", b"mPUB", b"mMSK", b"mUSK", b"mENC", b"mACC", b"mWRP", b"mPRE", b"mTRE", b"mPTH",
    b"mDSC", b"mSHA", b"mISH", b"mADL", b"mADS", b"mIRQ", b"mSPK", b"mSKY", b"mENU",
];

/// Every property of these bytes.
fn check(bytes: &[u8]) {
    PROPERTIES.iter().for_each(|(_, holds)| holds(bytes));
}

proptest! {
    #![proptest_config(quiet(256))]

    #[test]
    fn any_text_is_read_or_refused(text in prop_oneof![soup(), any::<String>()]) {
        properties::policy_text(text.as_bytes());
        properties::attribute_text(text.as_bytes());
    }

    #[test]
    fn policies_of_every_kind_round_trip(text in policies()) {
        match AccessPolicy::parse(&text, &setting().lists) {
            Ok(_) | Err(SyntaxError::TooManyRows { .. }) => {}
            Err(error) => prop_assert!(false, "{}: {}", text, error),
        }
        properties::policy_text(text.as_bytes());
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        kind in prop::sample::select(KINDS.to_vec()),
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            prop::collection::vec(0u8..8, 0..300),
        ],
    ) {
        check(&body);
        check(&[&kind[..], &[0, 1], &body].concat());
    }

    #[test]
    fn curve_encodings_are_read_or_refused(
        mut bytes in prop::collection::vec(any::<u8>(), 576),
        flags in prop::sample::select(vec![0x80u8, 0xa0, 0xc0, 0]),
    ) {
        for chunk in bytes.chunks_exact_mut(48) {
            chunk[0] &= 0x1f;
        }
        bytes[0] |= flags;
        properties::g1(&bytes[..48]);
        properties::g2(&bytes[..96]);
        properties::gt(&bytes);
        properties::scalar(&bytes[..32]);
    }
}

/// Every seed has the property that it is a seed of.
#[test]
fn good_inputs_have_every_property() {
    for (name, holds) in PROPERTIES {
        let seeds = seeds(name);
        assert!(!seeds.is_empty());
        seeds.iter().for_each(|seed| holds(seed));
    }
}

/// Good inputs with bytes changed, put in, taken out, doubled, or cut off.
#[test]
fn damaged_inputs_are_read_or_refused() {
    let seeds: Vec<_> = PROPERTIES.map(|(name, _)| seeds(name)).to_vec();
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..6u8);
    let damage = (
        0..PROPERTIES.len(),
        any::<prop::sample::Index>(),
        prop::collection::vec(change, 1..4),
    );
    let mut runner = proptest::test_runner::TestRunner::new(quiet(1600));
    let outcome = runner.run(&damage, |(which, seed, changes)| {
        let mut bytes = seed.get(&seeds[which]).clone();
        for (index, byte, how) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = index.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes[at] ^= 1 << (byte % 8),
                2 => bytes.insert(at, byte),
                3 => drop(bytes.remove(at)),
                4 => bytes.extend_from_within(at..),
                _ => bytes.truncate(at),
            }
        }
        PROPERTIES[which].1(&bytes);
        Ok(())
    });
    outcome.expect("every input is read or refused");
}

/// Ten thousand gates, of every kind, as text and as bytes.
#[test]
fn depth_is_refused_before_it_is_descended_into() {
    let lists = &setting().lists;
    for (open, middle, close) in [
        ("(", "a", ")"),
        ("2 of (a, b, ", "c", ")"),
        ("a and (b or ", "c", ")"),
        ("n >= 3 or 1 of (", "c", ")"),
    ] {
        let text = open.repeat(10_000) + middle + &close.repeat(10_000);
        assert!(AccessPolicy::parse(&text, lists).is_err());
        assert!(AttributeSet::parse(&text, lists).is_err());
        assert!(Attribute::parse(&text, lists).is_err());
    }
    for gate in [&[1, 2, 0, 2, 2, 0][..], &[3, 3, 0, 2, 0]] {
        assert!(AccessPolicy::from_bytes(&gate.repeat(10_000)).is_err());
    }
}
