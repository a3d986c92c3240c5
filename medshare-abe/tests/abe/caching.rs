//! Cached points change times, and nothing else.

use medshare_abe::{
    DecapsulateError, Header, PublicParameters, Validity, decapsulate_strict, encapsulate,
};

use crate::common::{Setting, policy, rng};

#[test]
fn headers_and_secrets_are_the_same_with_any_cache() {
    let setting = Setting::new();
    let (parameters, key) = (
        &setting.parameters,
        setting.key("a, b, c", Validity::ALWAYS),
    );
    let policies = [
        "a and (b or x)",
        "2 of (a, y, c, a)",
        "z or a or b",
        "a and (b or x)",
    ];
    let made = |parameters: &PublicParameters| -> Vec<(Header, [u8; 32])> {
        let make = |text: &&str| {
            let (header, sealed) = encapsulate(parameters, &policy(text), b"aad", &mut rng(3));
            let opened = decapsulate_strict(parameters, &header, &key, b"aad");
            assert_eq!(opened.expect("opens").as_bytes(), sealed.as_bytes());
            (header, *sealed.as_bytes())
        };
        policies.iter().map(make).collect()
    };
    let expected = made(&parameters.clone().with_cache_capacity(0));
    for capacity in [1, 2, 4, 100] {
        let cached = parameters.clone().with_cache_capacity(capacity);
        assert_eq!(made(&cached), expected, "capacity {capacity}");
        assert_eq!(made(&cached.clone()), expected, "capacity {capacity}");
    }
    assert_eq!(made(parameters), expected);
}

#[test]
fn strict_decapsulation_still_sees_a_changed_row() {
    let setting = Setting::new();
    let (parameters, key) = (
        &setting.parameters,
        setting.key("a, b, c", Validity::ALWAYS),
    );
    let policy = policy("a or unread");
    let (header, _) = encapsulate(parameters, &policy, b"aad", &mut rng(3));
    let (other, _) = encapsulate(parameters, &policy, b"aad", &mut rng(4));
    // The last row, before C4.
    let (mut bytes, other) = (header.to_bytes(), other.to_bytes());
    let row = bytes.len() - 32 - 48..bytes.len() - 32;
    bytes[row.clone()].copy_from_slice(&other[row]);
    let header = Header::from_bytes(&bytes).expect("a header");
    for _ in 0..2 {
        let opened = decapsulate_strict(parameters, &header, &key, b"aad");
        assert!(matches!(opened, Err(DecapsulateError::Rejected)));
    }
}
