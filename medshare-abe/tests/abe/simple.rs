//! The simple interface: bytes sealed for a policy.

use medshare_abe::{AccessError, DecapsulateError, Validity, open, seal};

use crate::common::{Setting, policy, rng, snapshot};

#[test]
fn satisfying_keys_open_what_was_sealed() {
    let setting = Setting::new();
    let key = setting.key("a, b", Validity::ALWAYS);
    let policy = policy("a and b");
    for length in [0, 1, 65_535, 65_536, 65_537, 200_000] {
        let bytes: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        let sealed_as = |seed| {
            let sealed = seal(&setting.parameters, &policy, &bytes, &mut rng(seed));
            sealed.expect("short enough")
        };
        let sealed = sealed_as(4);
        let opened = open(&setting.parameters, &key, &sealed).expect("satisfied");
        assert_eq!(*opened, bytes);
        assert_ne!(sealed, sealed_as(5));
    }
}

#[test]
fn other_keys_open_nothing() {
    let setting = Setting::new();
    let sealed =
        seal(&setting.parameters, &policy("a and b"), b"ECG", &mut rng(4)).expect("short enough");
    let key = setting.key("a", Validity::ALWAYS);
    let refused = open(&setting.parameters, &key, &sealed).expect_err("b is missing");
    let AccessError::Decapsulate { source } = refused else {
        panic!("{refused:?}");
    };
    assert!(
        matches!(source, DecapsulateError::PolicyUnsatisfied { missing } if missing.len() == 1)
    );
}

#[test]
fn changed_bytes_do_not_open() {
    let setting = Setting::new();
    let key = setting.key("a", Validity::ALWAYS);
    let sealed =
        seal(&setting.parameters, &policy("a"), b"ECG", &mut rng(4)).expect("short enough");
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(
            open(&setting.parameters, &key, &changed).is_err(),
            "byte {at}"
        );
    }
    for length in 0..sealed.len() {
        let cut = open(&setting.parameters, &key, &sealed[..length]);
        assert!(
            matches!(cut, Err(AccessError::Decode { .. })),
            "{length} bytes"
        );
    }
    let extended = [sealed.as_slice(), &[0]].concat();
    let opened = open(&setting.parameters, &key, &extended);
    assert!(matches!(opened, Err(AccessError::Decode { .. })));
}

#[test]
fn the_format_does_not_drift() {
    let setting = Setting::new();
    let sealed =
        seal(&setting.parameters, &policy("a"), b"ECG", &mut rng(4)).expect("short enough");
    assert_eq!(&sealed[..6], b"mSBY\0\x01");
    assert_eq!(
        snapshot(&sealed),
        "e6baffe54469d668b388f8da2959834bc124dfe953c540b03b5d2a1f77d47a95"
    );
}
