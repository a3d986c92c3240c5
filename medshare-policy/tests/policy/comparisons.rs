//! Comparisons: their spellings, their meaning and their bytes.

use medshare_policy::{AccessPolicy, AttributeSet, Enumerations, MAX_ROWS, SyntaxError};

use crate::{error, lists, policy};

fn compared(text: &str) -> AccessPolicy {
    AccessPolicy::parse(text, &lists()).expect(text)
}

#[test]
fn one_comparison_has_one_form() {
    for (text, canonical) in [
        ("age >= 18", "age >= 18"),
        ("age>17 AND x", "age >= 18 and x"),
        ("age < 5", "age <= 4"),
        ("age<=4", "age <= 4"),
        ("age == 007", "age == 7"),
        ("age in 7..7", "age == 7"),
        ("age IN 3 .. 5", "age in 3..5"),
        ("age in 0..5", "age <= 5"),
        ("age in 5..4294967295", "age >= 5"),
        ("age in 0..4294967295", "age >= 0"),
        ("age < 1", "age == 0"),
        ("age > 4294967294", "age == 4294967295"),
        ("\"my age\" > 3", "\"my age\" >= 4"),
        ("3 >= 4", "3 >= 4"),
        ("since > 2026-01-31", "since >= 2026-02-01"),
        ("since<2024-03-01", "since <= 2024-02-29"),
        (
            "since in 2026-01-01..2026-12-31",
            "since in 2026-01-01..2026-12-31",
        ),
        ("since == 1970-01-01", "since == 1970-01-01"),
        (
            "hospital != a or hospital == \"b\"",
            "hospital != a or hospital == b",
        ),
        ("hospital == 3", "hospital == 3"),
        ("hospital != \"new one\"", "hospital != \"new one\""),
        (
            "2 of (a >= 1, hospital != a, b)",
            "2 of (a >= 1, hospital != a, b)",
        ),
    ] {
        let parsed = compared(text);
        assert_eq!(parsed.to_string(), canonical, "{text}");
        assert_eq!(compared(canonical), parsed);
        assert!(parsed.agrees_with(&lists()));
        assert_eq!(AccessPolicy::from_bytes(&parsed.to_bytes()), Ok(parsed));
    }
}

#[test]
fn comparisons_without_meaning_are_refused() {
    let error = |text: &str| AccessPolicy::parse(text, &lists()).expect_err(text);
    let empty = |position| SyntaxError::EmptyRange { position };
    let mixed = |position| SyntaxError::MixedRange { position };
    let unordered = |position| SyntaxError::Unordered { position };
    for (text, expected) in [
        ("x and age < 0", empty(12)),
        ("age > 4294967295", empty(6)),
        ("since < 1970-01-01", empty(8)),
        ("since > 2149-06-06", empty(8)),
        ("age in 5..4", empty(7)),
        ("since in 2026-01-31..2026-01-30", empty(9)),
        ("age in 5..2026-01-31", mixed(7)),
        ("since in 2026-01-31..5", mixed(9)),
        ("hospital < b", unordered(11)),
        ("hospital in a..b", unordered(12)),
        (
            "age == 4294967296",
            SyntaxError::InvalidNumber { position: 7 },
        ),
        (
            "age <= 2026-02-29",
            SyntaxError::InvalidDate { position: 7 },
        ),
        ("hospital == c", SyntaxError::UnknownValue { position: 12 }),
        (
            "hospital == 2026-01-31",
            SyntaxError::UnknownValue { position: 12 },
        ),
    ] {
        assert_eq!(error(text), expected, "{text}");
    }
    for (text, position) in [
        ("age >=", 6),
        ("age >= and", 7),
        ("age >= (3)", 7),
        (">= 3", 0),
        ("age > > 3", 6),
        ("3 <= 4 <= 5", 7),
        ("age in 3", 8),
        ("age in 3..", 10),
        ("age in ..3", 7),
        ("in in 3..4", 0),
        ("a..b", 1),
        ("(age >= 3) >= 4", 11),
        ("not age", 0),
    ] {
        let found = match error(text) {
            SyntaxError::Unexpected { position, .. }
            | SyntaxError::Misspelling { position, .. } => position,
            other => panic!("{text}: {other}"),
        };
        assert_eq!(found, position, "{text}");
    }
}

#[test]
fn values_meet_comparisons_of_their_own_kind_only() {
    let lists = lists();
    let met = |text: &str, held: &str| {
        compared(text).is_satisfied_by(&AttributeSet::parse(held, &lists).expect(held))
    };
    for (text, held, expected) in [
        ("age >= 18", "age = 18", true),
        ("age >= 18", "age = 17", false),
        ("age >= 18", "height = 18", false),
        ("age >= 18", "age", false),
        ("age", "age = 18", false),
        ("\"age = 18\"", "age = 18", false),
        ("age == 20484", "age = 2026-01-31", false),
        ("age == 2026-01-31", "age = 20484", false),
        ("since <= 2026-01-31", "since = 2026-01-31", true),
        ("since < 2026-01-31", "since = 2026-01-31", false),
        ("age in 3..5", "age = 5", true),
        ("age in 3..5", "age = 6", false),
        ("hospital == a", "hospital = a", true),
        ("hospital == b", "hospital = a", false),
        ("hospital != b", "hospital = a", true),
        ("hospital != a", "hospital = a", false),
        ("hospital != a", "x", false),
        ("hospital != a", "country = at", false),
        ("hospital:a", "hospital = a", false),
        ("hospital == a", "hospital:a", false),
    ] {
        assert_eq!(met(text, held), expected, "{text} with {held}");
    }
}

/// A dishonest author can combine the number of one value with the name of another.
#[test]
fn a_policy_with_a_wrong_name_is_detected() {
    let good = compared("x and hospital != a").to_bytes();
    let at = good.len() - 5;
    assert_eq!(good[at..], [0, 0, 1, 0, b'a']);
    let mut bytes = good;
    bytes[at] = 1;
    let forged = AccessPolicy::from_bytes(&bytes).expect("canonical bytes");
    assert_eq!(forged.to_string(), "x and hospital != a");
    assert!(!forged.agrees_with(&lists()));
    assert!(!compared("hospital == a").agrees_with(&Enumerations::new()));
    // The number 3, for a label whose enumeration has a value named 3.
    for text in ["hospital == 3", "hospital == 2026-01-31", "hospital >= 3"] {
        let number = AccessPolicy::from_bytes(&policy(text).to_bytes()).expect("canonical bytes");
        assert_eq!(number.to_string(), text);
        assert!(AccessPolicy::parse(text, &lists()) != Ok(number.clone()));
        assert!(!number.agrees_with(&lists()) && number.agrees_with(&Enumerations::new()));
    }
}

#[test]
fn canonical_bytes_of_comparisons_do_not_drift() {
    assert_eq!(
        policy("n in 3..258").to_bytes(),
        b"\x04\x01\x00n\x03\x00\x00\x00\x02\x01\x00\x00"
    );
    assert_eq!(
        policy("d >= 1970-01-02").to_bytes(),
        b"\x05\x01\x00d\x01\x00\xff\xff"
    );
    let id = [1; 32];
    let bytes_of = |kind| [&[kind, 8, 0], &b"hospital"[..], &id, b"\x01\x00\x01\x00b"].concat();
    assert_eq!(compared("hospital == b").to_bytes(), bytes_of(6));
    assert_eq!(compared("hospital != b").to_bytes(), bytes_of(7));
    let refuse = |bytes: &[u8]| assert!(AccessPolicy::from_bytes(bytes).is_err(), "{bytes:?}");
    refuse(b"\x04\x01\x00n\x04\x00\x00\x00\x03\x00\x00\x00"); // backwards
    refuse(b"\x05\x01\x00d\x04\x00\x03\x00");
    refuse(b"\x04\x00\x00\x03\x00\x00\x00\x03\x00\x00\x00"); // no label
    refuse(b"\x08\x01\x00n\x03\x00\x00\x00\x03\x00\x00\x00"); // an unknown kind
    let whole = bytes_of(7);
    (0..whole.len()).for_each(|end| refuse(&whole[..end]));
}

/// The limit is on rows, not on conditions: the most expensive range has 62.
#[test]
fn comparisons_count_by_their_rows() {
    let expensive = |count: usize| vec!["n in 1..4294967294"; count].join(" and ");
    let limit = MAX_ROWS / 62;
    assert_eq!(policy(&expensive(limit)).conditions().count(), limit);
    let position = (" and n in 1..4294967294".len()) * limit;
    let too_many = SyntaxError::TooManyRows {
        position,
        limit: MAX_ROWS,
    };
    assert_eq!(error(&expensive(limit + 1)), too_many);
    let one = policy(&expensive(1)).to_bytes();
    let gate = |count: usize| [&[1, count as u8, 0][..], &one.repeat(count)].concat();
    assert!(AccessPolicy::from_bytes(&gate(limit)).is_ok());
    assert!(AccessPolicy::from_bytes(&gate(limit + 1)).is_err());
}
