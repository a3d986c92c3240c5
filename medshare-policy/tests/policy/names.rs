//! Attacks by names that look like other names, or rearrange the text around them.

use medshare_policy::{AccessPolicy, Attribute, AttributeSet, NameError, SyntaxError};

/// The visible characters of a text.
fn visible(text: &str) -> String {
    let invisible = |c: char| {
        matches!(c, '\u{34f}' | '\u{115f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe0f}' | '\u{feff}' | '\u{e0100}')
    };
    text.chars().filter(|c| !invisible(*c)).collect()
}

/// The canonical bytes of a policy of one name, without the checks of [`Attribute::new`].
fn bytes_of(name: &str) -> Vec<u8> {
    [&[0, name.len() as u8, 0], name.as_bytes()].concat()
}

/// The name is refused in text, quoted or bare, as one attribute, in a list and in bytes.
fn assert_refused(name: &str) {
    let quoted = format!("\"{name}\"");
    let policy = quoted.parse::<AccessPolicy>();
    assert!(
        matches!(
            policy,
            Err(SyntaxError::InvalidName {
                source: NameError::InvisibleCharacter { .. },
                ..
            })
        ),
        "{policy:?}"
    );
    assert!(name.parse::<AccessPolicy>().is_err());
    assert!(quoted.parse::<AttributeSet>().is_err());
    assert!(name.parse::<AttributeSet>().is_err());
    assert!(Attribute::new(name).is_err());
    assert!(AccessPolicy::from_bytes(&bytes_of(name)).is_err());
}

#[test]
fn names_that_differ_in_invisible_characters_are_refused() {
    assert!(AccessPolicy::from_bytes(&bytes_of("role:nurse")).is_ok());
    for hidden in [
        '\u{34f}',
        '\u{115f}',
        '\u{200b}',
        '\u{200d}',
        '\u{2060}',
        '\u{3164}',
        '\u{fe0f}',
        '\u{feff}',
        '\u{e0100}',
    ] {
        for twin in [
            format!("role:nurse{hidden}"),
            format!("role:{hidden}nurse"),
            format!("{hidden}role:nurse"),
        ] {
            assert_eq!(visible(&twin), "role:nurse");
            assert_refused(&twin);
        }
    }
    for space in ['\u{a0}', '\u{2003}', '\u{202f}', '\u{3000}', '\u{2800}'] {
        assert_refused(&format!("ward{space}3"));
    }
}

/// Right-to-left overrides between isolates, which hide operands of a policy, and line breaks, which
/// forge lines of a log.
#[test]
fn no_name_rearranges_the_text_around_it() {
    for name in [
        "x\u{202e}\u{2066} or role:chief\u{2069}",
        "x\u{2067}\u{2066}",
        "\u{202d}x",
        "x\u{200f}",
        "x\u{61c}",
        "x\u{2028}2026-01-31 permitted",
        "x\u{2029}y",
        "x\u{85}y",
        "x\ny",
        "x\u{1b}[2Ky",
        "x\u{e000}",
    ] {
        assert_refused(name);
    }
}

/// A leading mark is drawn over the operator before the name: `n >=` would appear struck through.
#[test]
fn no_name_begins_with_a_mark() {
    for mark in ['\u{338}', '\u{301}', '\u{20dd}'] {
        let name = format!("{mark}a");
        assert!(name.parse::<AccessPolicy>().is_err());
        assert!(Attribute::new(&name).is_err());
        assert!(AccessPolicy::from_bytes(&bytes_of(&name)).is_err());
    }
}
