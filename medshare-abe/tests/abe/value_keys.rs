//! Keys with values: their bytes, their hashes, and their parts against the algebra.

use medshare_abe::{Attribute, AttributeSet, KeyError, UserSecretKey, Validity};
use medshare_curve::pairing;

use crate::common::{RawKey, Setting, hash_to_point, rng};

/// Prefixes are hashed as the specification says: under a tag of their own, which no name reaches.
#[test]
fn prefixes_have_a_space_of_their_own() {
    let setting = Setting::new();
    let key = setting
        .issue("n = 2147483653, d = 1970-01-08, hospital = north")
        .expect("a key");
    let key = RawKey::of(&key);
    for (label, kind, id, number, width) in [
        ("n", "integer", &[][..], 2_147_483_653u64, 32),
        ("d", "date", &[], 7, 16),
        ("hospital", "enumeration", &[1; 32], 2, 16),
    ] {
        let parts = &key.values[label];
        assert_eq!(parts.len(), width + 1);
        for (depth, part) in parts.iter().enumerate() {
            let bits = ((number >> (width - depth)) as u32).to_le_bytes();
            let point = hash_to_point(&[
                b"medshare/abe/attribute-prefix/v1",
                b"policy",
                label.as_bytes(),
                kind.as_bytes(),
                id,
                &[depth as u8],
                &bits,
            ]);
            let (left, right) = ((*part, pairing::g2()), ((-point), key.k3));
            assert_eq!(
                pairing::multi_pairing(&[left, right]),
                pairing::multi_pairing(&[])
            );
        }
    }
    // Names that spell values, prefixes or tags open nothing.
    for spelled in [
        "n = 3",
        "n=3",
        "n == 3",
        "n",
        "medshare/abe/attribute-prefix/v1",
        "policy",
    ] {
        let name = Attribute::new(spelled).expect("a name");
        let set: AttributeSet = [name].into_iter().collect();
        let key = setting
            .master
            .issue(&setting.parameters, &set, Validity::ALWAYS, &mut rng(1))
            .expect("a key");
        assert!(!setting.opens("n == 3", &key), "{spelled}");
        assert!(!setting.opens("n >= 0", &key), "{spelled}");
    }
}

#[test]
fn keys_with_values_round_trip_and_are_read_strictly() {
    let setting = Setting::new();
    let held = "role:nurse, clearance = 3, hired = 2026-01-31, hospital = charité";
    let key = setting.issue(held).expect("a key");
    let bytes = key.to_bytes();
    let read = |bytes: &[u8]| UserSecretKey::from_bytes(bytes, &setting.parameters, &mut rng(5));
    let copy = read(&bytes).expect("a key");
    assert_eq!(copy.to_bytes(), bytes);
    assert_eq!(copy.attributes(), key.attributes());
    assert_eq!(
        *copy.attributes(),
        AttributeSet::parse(held, &setting.lists).expect("a list")
    );
    assert!(setting.opens("clearance >= 3 and hospital != north", &copy));
    for end in (0..bytes.len()).step_by(29) {
        assert!(read(&bytes[..end]).is_err(), "cut at {end}");
    }
    for at in (0..bytes.len()).step_by(17) {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1 << (at % 8);
        assert!(read(&changed).is_err(), "byte {at}");
    }
    // Another value with the parts of this one, and a part too few.
    let place = bytes
        .windows(9)
        .position(|w| w == b"clearance")
        .expect("the label")
        + 9;
    assert_eq!(bytes[place..place + 5], [0, 3, 0, 0, 0]);
    let mut moved = bytes.to_vec();
    moved[place + 1] = 4;
    assert_eq!(
        read(&moved).expect_err("other parts"),
        KeyError::Inconsistent
    );
    let mut fewer = bytes.to_vec();
    assert_eq!(fewer[place + 5], 33);
    fewer[place + 5] = 32;
    fewer.drain(place + 9..place + 9 + 48);
    assert!(matches!(read(&fewer), Err(KeyError::Decode { .. })));
}
