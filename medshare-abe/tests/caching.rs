//! Cached points change times, and nothing else.
#![allow(clippy::expect_used, reason = "tests fail by panicking")]

mod common;

use common::{attributes, policy, rng};
use medshare_abe::hazmat::decapsulate_unchecked;
use medshare_abe::{
    DecapsulateError, Header, MasterSecretKey, PublicParameters, UserSecretKey, Validity,
    decapsulate, decapsulate_strict, encapsulate,
};

fn setting() -> (PublicParameters, UserSecretKey) {
    let (parameters, master) = MasterSecretKey::setup(&mut rng(1));
    let held = attributes("a, b, c");
    let key = master.issue(&parameters, &held, Validity::ALWAYS, &mut rng(2));
    (parameters, key.expect("a key"))
}

#[test]
fn headers_and_secrets_are_the_same_with_any_cache() {
    let (parameters, key) = setting();
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
    assert_eq!(made(&parameters), expected);
}

#[test]
fn strict_decapsulation_still_sees_a_changed_row() {
    let (parameters, key) = setting();
    let policy = policy("a or unread");
    let (header, _) = encapsulate(&parameters, &policy, b"aad", &mut rng(3));
    let (other, _) = encapsulate(&parameters, &policy, b"aad", &mut rng(4));
    // The last row, before C4.
    let (mut bytes, other) = (header.to_bytes(), other.to_bytes());
    let row = bytes.len() - 32 - 48..bytes.len() - 32;
    bytes[row.clone()].copy_from_slice(&other[row]);
    let header = Header::from_bytes(&bytes).expect("a header");
    for _ in 0..2 {
        let opened = decapsulate_strict(&parameters, &header, &key, b"aad");
        assert!(matches!(opened, Err(DecapsulateError::Rejected)));
    }
}

#[test]
fn the_unchecked_half_opens_what_is_honest() {
    let (parameters, key) = setting();
    let (header, sealed) = encapsulate(&parameters, &policy("a and c"), b"aad", &mut rng(3));
    let unchecked = decapsulate_unchecked(&parameters, &header, &key, b"aad").expect("opens");
    assert_eq!(unchecked.as_bytes(), sealed.as_bytes());
    let checked = decapsulate(&parameters, &header, &key, b"aad").expect("opens");
    assert_eq!(checked.as_bytes(), sealed.as_bytes());
}
