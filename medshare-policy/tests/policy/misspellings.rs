//! Common mistakes, and the advice in their errors.

use medshare_policy::{Attribute, AttributeSet, NameError, SyntaxError};

use crate::error;

/// Byte offset and text of the advice.
fn advice(error: &SyntaxError) -> (usize, &'static str) {
    match error {
        SyntaxError::Misspelling { position, advice } => {
            assert!(error.to_string().contains(advice));
            assert_eq!(error.position(), Some(*position));
            (*position, advice)
        }
        other => panic!("{other}"),
    }
}

#[test]
fn misspellings_are_answered_with_advice() {
    for (text, position, expected) in [
        ("a && b", 2, "`and`"),
        ("a&b", 1, "`and`"),
        ("a || b", 2, "`or`"),
        ("a and (b|c)", 8, "`or`"),
        ("!a", 0, "no `not`"),
        ("a and ! b", 6, "no `not`"),
        ("a and NOT b", 6, "no `not`"),
        ("not hospital == a", 0, "no `not`"),
        ("a and 'ward 3'", 6, "\"ward 3\""),
        ("\u{201c}ward 3\u{201d}", 0, "\"ward 3\""),
        ("\u{201e}ward 3\u{201c}", 0, "\"ward 3\""),
        ("a or d\u{2019}or", 6, "\"ward 3\""),
        ("age = 3", 4, "`==`"),
        ("a and \"b\" = c", 10, "`==`"),
        ("age ≥ 3", 4, "`>=`"),
        ("age ≠ 3", 4, "`!=`"),
        ("age != 3", 7, "`n < 3 or n > 3`"),
        ("since != 2026-01-31", 9, "`n < 3 or n > 3`"),
        ("3 <= age", 0, "`clearance >= 3`"),
        ("2026-01-31 < since", 0, "`clearance >= 3`"),
        ("age in 3-5", 7, "`in 3..5`"),
        ("age in 3...5", 8, "`in 3..5`"),
        ("age in 3…5", 8, "`in 3..5`"),
        ("age in 3–5", 8, "`in 3..5`"),
    ] {
        let (found, advice) = advice(&error(text));
        assert_eq!(found, position, "{text}: {advice}");
        assert!(advice.contains(expected), "{text}: {advice}");
    }
    for (text, position, expected) in [
        ("a, n == 3", 5, "`=`"),
        ("a && b", 2, "`and`"),
        ("not a", 0, "no `not`"),
    ] {
        let error = text.parse::<AttributeSet>().expect_err(text);
        let (found, advice) = advice(&error);
        assert_eq!(
            (found, advice.contains(expected)),
            (position, true),
            "{text}"
        );
    }
}

/// The offset is that of the value, not of the label.
#[test]
fn words_that_are_not_values_are_refused() {
    for (text, position) in [
        ("clearance >= -1", 13),
        ("clearance >= 1.5", 13),
        ("clearance >= \"3\"", 13),
        ("clearance != b", 13),
        ("clearance in 3..x", 16),
        ("hired < 2026-1-31", 8),
        ("hired < 31.01.2026", 8),
        ("hired < 2026-01-31T00:00:00Z", 8),
        ("x or ward == b", 13),
    ] {
        let error = error(text);
        assert_eq!(error, SyntaxError::NotAValue { position }, "{text}");
        assert_eq!(error.position(), Some(position));
    }
    for (text, position) in [
        ("a, n = -1", 7),
        ("d = 2026-1-1", 4),
        ("name = \"Dr. Lee\"", 7),
    ] {
        let error = text.parse::<AttributeSet>().expect_err(text);
        assert_eq!(error, SyntaxError::NotAValue { position }, "{text}");
    }
    assert!(matches!(
        "n = x".parse::<Attribute>(),
        Err(SyntaxError::NotAValue { position: 4 })
    ));
}

#[test]
fn quotation_marks_are_advised_only_where_they_help() {
    for (text, position) in [("a\u{202e}b", 1), ("a and \u{200b}b", 6), ("a\u{fe0f}", 0)] {
        let source = match text.chars().find(|c| !c.is_ascii()) {
            Some(character) => NameError::InvisibleCharacter { character },
            None => unreachable!(),
        };
        assert_eq!(error(text), SyntaxError::InvalidName { position, source });
    }
    assert_eq!(error(&"x".repeat(200_000)).position(), None);
}
