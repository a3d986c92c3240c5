//! Formulas: their texts, canonical forms and limits.

use medshare_policy::{
    AccessPolicy, AttributeSet, Condition, MAX_DEPTH, MAX_POLICY_LEN, MAX_ROWS, Name, NameError,
    PolicyNode, SyntaxError,
};

use crate::{error, policy};

/// Number of gates on the longest path.
fn gates(node: PolicyNode<'_>) -> usize {
    match node {
        PolicyNode::All(operands)
        | PolicyNode::Any(operands)
        | PolicyNode::AtLeast { operands, .. } => 1 + operands.map(gates).max().unwrap_or(0),
        PolicyNode::Condition(_) => 0,
    }
}

#[test]
fn one_formula_has_one_form() {
    for (text, canonical) in [
        ("a", "a"),
        ("((a))", "a"),
        ("\"a\" AND b", "a and b"),
        ("a and b and c", "a and b and c"),
        ("a and (b and (c and d))", "a and b and c and d"),
        ("a or b and c", "a or (b and c)"),
        ("(a or b) and c", "(a or b) and c"),
        ("(a or(b or c))and\td", "(a or b or c) and d"),
        ("\"x and y\" or \"and\"", "\"x and y\" or \"and\""),
        ("a and a", "a and a"),
        ("b and a", "b and a"),
        ("2 OF(a,b,c)", "2 of (a, b, c)"),
        ("2 of (a and b, c or d, (e))", "2 of (a and b, c or d, e)"),
        ("1 of (a, b or c)", "a or b or c"),
        ("2 of (a, b and c) and d", "a and b and c and d"),
        ("1 of (a)", "a"),
        (
            "(2 of (a, b, c)) or 3 of (a, b, c, 2 of (d, e, f))",
            "2 of (a, b, c) or 3 of (a, b, c, 2 of (d, e, f))",
        ),
        ("2 and 002 of (2, 3, of4)", "2 and 2 of (2, 3, of4)"),
    ] {
        let parsed = policy(text);
        assert_eq!(parsed.to_string(), canonical);
        assert_eq!(policy(canonical), parsed);
        assert_eq!(AccessPolicy::from_bytes(&parsed.to_bytes()), Ok(parsed));
    }
    assert_ne!(policy("a and b").digest(), policy("b and a").digest());
    assert_ne!(policy("a and b").digest(), policy("a or b").digest());
}

#[test]
fn canonical_bytes_do_not_drift() {
    assert_eq!(
        policy("a and (b or \"é\")").to_bytes(),
        b"\x01\x02\x00\x00\x01\x00a\x02\x02\x00\x00\x01\x00b\x00\x02\x00\xc3\xa9"
    );
    assert_eq!(
        policy("2 of (a, b, c)").to_bytes(),
        b"\x03\x03\x00\x02\x00\x00\x01\x00a\x00\x01\x00b\x00\x01\x00c"
    );
}

#[test]
fn errors_have_byte_offsets() {
    let unexpected = |text| match error(text) {
        SyntaxError::Unexpected { position, .. } => position,
        other => panic!("{text}: {other}"),
    };
    assert_eq!(unexpected(""), 0);
    assert_eq!(unexpected("  "), 2);
    assert_eq!(unexpected("a b"), 2);
    assert_eq!(unexpected("a and"), 5);
    assert_eq!(unexpected("a and or b"), 6);
    assert_eq!(unexpected("(a or b"), 7);
    assert_eq!(unexpected("a)"), 1);
    assert_eq!(unexpected("()"), 1);
    assert_eq!(unexpected("a, b"), 1);
    assert_eq!(unexpected("é and )"), 7);
    assert_eq!(
        error("a%b"),
        SyntaxError::InvalidCharacter {
            position: 1,
            character: '%'
        }
    );
    assert_eq!(unexpected("of (a, b)"), 0);
    assert_eq!(unexpected("a and b of (a, b)"), 8);
    assert_eq!(unexpected("\"2\" of (a, b)"), 4);
    assert_eq!(unexpected("2 of a"), 5);
    assert_eq!(unexpected("2 of ()"), 6);
    assert_eq!(unexpected("2 of (a,)"), 8);
    assert_eq!(unexpected("2 of (a, b c)"), 11);
    assert_eq!(unexpected("2 of (a, b"), 10);
    assert_eq!(unexpected("(a, b)"), 2);
    for (number, operands) in [("0", 2), ("3", 2), ("18446744073709551616", 2)] {
        assert_eq!(
            error(&format!("x or {number} of (a, b)")),
            SyntaxError::InvalidThreshold {
                position: 5,
                operands
            }
        );
    }
    assert_eq!(
        error("a or \"b"),
        SyntaxError::UnclosedQuote { position: 5 }
    );
    assert_eq!(
        error("a or \"b\\"),
        SyntaxError::UnclosedQuote { position: 5 }
    );
    assert_eq!(
        error("\"a\\n\""),
        SyntaxError::InvalidEscape { position: 2 }
    );
    assert_eq!(
        error("a or \"\""),
        SyntaxError::InvalidName {
            position: 5,
            source: NameError::Empty
        }
    );
}

#[test]
fn hostile_nesting_is_refused_at_the_limit() {
    let nested = |depth: usize| "(".repeat(depth) + "a" + &")".repeat(depth);
    assert_eq!(policy(&nested(MAX_DEPTH)), policy("a"));
    // The parser gives up at the first parenthesis too many, so its work does not grow.
    for depth in [MAX_DEPTH + 1, 10_000, 90_000] {
        assert_eq!(
            error(&nested(depth)),
            SyntaxError::TooDeep {
                position: MAX_DEPTH,
                limit: MAX_DEPTH
            }
        );
    }
    assert!(matches!(
        error(&nested(100_000)),
        SyntaxError::TooLong {
            length: 200_001,
            ..
        }
    ));
}

#[test]
fn gates_are_nested_no_deeper_in_text_than_in_bytes() {
    let alternating = |gates: usize| {
        let step = |inner: String, i: usize| {
            let word = if i.is_multiple_of(2) { "and" } else { "or" };
            format!("a {word} ({inner})")
        };
        (0..gates).fold("a".to_owned(), step)
    };
    let deepest = policy(&alternating(MAX_DEPTH));
    assert_eq!(
        AccessPolicy::from_bytes(&deepest.to_bytes()),
        Ok(deepest.clone())
    );
    assert_eq!(policy(&deepest.to_string()), deepest);
    // `x or y and (…)` makes two gates of one parenthesis.
    let step = |inner: String, _| format!("a or a and ({inner})");
    let dense = (0..MAX_DEPTH / 2 + 1).fold("a or a".to_owned(), step);
    assert!(matches!(error(&dense), SyntaxError::TooDeep { .. }));
    let step = |inner: String, _| format!("2 of (a, b, {inner})");
    let thresholds = |gates: usize| (0..gates).fold("a".to_owned(), step);
    let deepest = policy(&thresholds(MAX_DEPTH));
    assert_eq!(AccessPolicy::from_bytes(&deepest.to_bytes()), Ok(deepest));
    let at = "2 of (a, b, ".len() * MAX_DEPTH + 5;
    for gates in [MAX_DEPTH + 1, 10_000] {
        assert!(
            matches!(error(&thresholds(gates)), SyntaxError::TooDeep { position, .. } if position == at)
        );
    }
}

#[test]
fn size_limits_hold() {
    let many = |count: usize| vec!["a"; count].join(" and ");
    assert_eq!(gates(policy(&many(MAX_ROWS)).node()), 1);
    assert!(matches!(
        error(&many(MAX_ROWS + 1)),
        SyntaxError::TooManyRows { .. }
    ));
    let long = vec!["x".repeat(250); 300].join(" or ");
    assert!(matches!(error(&long), SyntaxError::PolicyTooLong { .. }));
}

#[test]
fn the_longest_printing_can_be_parsed() {
    // Every character is escaped, and every second leaf is in a gate of its own.
    let name = Name::new(&"\\\"".repeat(50)).expect("a name");
    let pair = AccessPolicy::all([name.clone().into(), name.into()]).expect("two operands");
    let pairs = vec![pair; MAX_POLICY_LEN / 209];
    let longest = AccessPolicy::any(pairs).expect("within the limits");
    assert!(longest.to_bytes().len() > MAX_POLICY_LEN - 209);
    assert_eq!(policy(&longest.to_string()), longest);
}

#[test]
fn bytes_that_are_not_canonical_are_refused() {
    let refuse = |bytes: &[u8]| assert!(AccessPolicy::from_bytes(bytes).is_err(), "{bytes:?}");
    let good = policy("a and (b or c)").to_bytes();
    for end in 0..good.len() {
        refuse(&good[..end]);
    }
    refuse(&[good.as_slice(), b"\0"].concat());
    refuse(b"\x01\x01\x00\x00\x01\x00a"); // a gate of one
    refuse(b"\x01\x00\x00"); // an empty gate
    refuse(b"\x00\x00\x00"); // an empty name
    refuse(b"\x7f\x02\x00\x00\x01\x00a\x00\x01\x00b"); // an unknown kind
    for needed in 0..5 {
        let three = [
            b"\x03\x03\x00",
            &[needed, 0][..],
            &b"\x00\x01\x00a".repeat(3),
        ]
        .concat();
        assert_eq!(
            AccessPolicy::from_bytes(&three).is_ok(),
            needed == 2,
            "{needed} of 3"
        );
    }
    refuse(b"\x01\x02\x00\x00\x01\x00a\x01\x02\x00\x00\x01\x00b\x00\x01\x00c"); // and in and
    refuse(b"\x00\x01\x00\xff"); // not UTF-8
    refuse("\x00\x03\x00e\u{301}".as_bytes()); // not normalised
    refuse(&b"\x01\x02\x00".repeat(10_000)); // never a leaf
    let deep: Vec<u8> = (0..10_000u32)
        .flat_map(|i| [1 + (i % 2) as u8, 2, 0])
        .collect();
    refuse(&deep);
    refuse(&b"\x03\x03\x00\x02\x00".repeat(10_000));
}

#[test]
fn missing_is_the_cheapest_completion() {
    let missing = |text: &str, held: &str| {
        let missing = policy(text).missing(&held.parse().expect("a list"));
        let names: Vec<String> = missing.iter().map(Condition::to_string).collect();
        names.join(",")
    };
    assert_eq!(missing("a and b", "a"), "b");
    assert_eq!(missing("a and (b or c)", ""), "a,b");
    assert_eq!(missing("(a and b) or c", ""), "c");
    assert_eq!(missing("(a and b and c) or (d and e)", "a,b"), "c");
    assert_eq!(missing("x and (x or y)", "y"), "x");
    assert_eq!(missing("(a and a) or (b and c)", ""), "a");
    assert_eq!(missing("a or b", "b"), "");
    assert_eq!(missing("2 of (a, b, c)", ""), "a,b");
    assert_eq!(missing("2 of (a and b, c, d)", "d"), "c");
    assert_eq!(missing("2 of (a and b, c, d and e)", "d"), "c,e");
    assert_eq!(missing("2 of (a, b, c)", "b,c"), "");
}

#[test]
fn attributes_match_whole() {
    let held: AttributeSet = "ward_A, \"DOCTOR AND NURSE\"".parse().expect("a list");
    for text in [
        "ward",
        "ward_",
        "ward_A1",
        "A",
        "DOCTOR and NURSE",
        "DOCTOR",
        "ward_a",
    ] {
        assert!(!policy(text).is_satisfied_by(&held), "{text}");
    }
    assert!(policy("\"DOCTOR AND NURSE\" and ward_A").is_satisfied_by(&held));
}
