//! Sealing dates: which keys open what was sealed when, and that nothing else makes a day.

use ark_ec::CurveGroup;
use medshare_abe::{
    Date, DecapsulateError, Header, KeyError, SharedSecret, UserSecretKey, Validity, decapsulate,
    decapsulate_strict, encapsulate, encapsulate_dated,
};
use medshare_curve::{G1Affine, Gt, pairing};

use crate::common::{RawHeader, RawKey, Setting, policy, rng};

fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

fn seal(setting: &Setting, text: &str, date: Date) -> (Header, SharedSecret) {
    let policy = policy(text);
    encapsulate_dated(&setting.parameters, &policy, date, b"aad", &mut rng(2))
}

fn open(
    setting: &Setting,
    header: &Header,
    key: &UserSecretKey,
) -> Result<[u8; 32], DecapsulateError> {
    let opened = decapsulate(&setting.parameters, header, key, b"aad");
    let strict = decapsulate_strict(&setting.parameters, header, key, b"aad");
    assert_eq!(opened.is_ok(), strict.is_ok());
    opened.map(|secret| *secret.as_bytes())
}

#[test]
fn a_key_opens_what_was_sealed_on_its_days() {
    let setting = Setting::new();
    let validity = Validity::between(day("2025-03-01"), day("2026-03-01")).expect("a year");
    let key = setting.key("a,b", validity);
    assert_eq!(key.validity(), validity);
    for (date, opens) in [
        ("1970-01-01", false),
        ("2025-02-28", false),
        ("2025-03-01", true),
        ("2025-09-17", true),
        ("2026-02-28", true),
        ("2026-03-01", false),
        ("2149-06-06", false),
    ] {
        let (header, secret) = seal(&setting, "a and b", day(date));
        let sealed_on = day(date);
        assert_eq!(header.sealed_on(), Some(sealed_on));
        let expected = if opens {
            Ok(*secret.as_bytes())
        } else {
            Err(DecapsulateError::NotValid {
                sealed_on,
                validity,
            })
        };
        assert_eq!(open(&setting, &header, &key), expected, "{date}");
        let always = setting.key("a,b", Validity::ALWAYS);
        assert_eq!(open(&setting, &header, &always), Ok(*secret.as_bytes()));
    }
    // What names no day opens to every key.
    let policy = policy("a");
    let (header, secret) = encapsulate(&setting.parameters, &policy, b"aad", &mut rng(5));
    assert_eq!(header.sealed_on(), None);
    assert_eq!(open(&setting, &header, &key), Ok(*secret.as_bytes()));
}

#[test]
fn attributes_are_told_first() {
    let setting = Setting::new();
    let key = setting.key("a", Validity::until(day("2020-01-01")).expect("days"));
    let (header, _) = seal(&setting, "a and b", day("2026-01-01"));
    let refused = open(&setting, &header, &key);
    assert!(matches!(
        refused,
        Err(DecapsulateError::PolicyUnsatisfied { missing }) if missing.len() == 1
    ));
    let (header, _) = seal(&setting, "a", day("2026-01-01"));
    let refused = open(&setting, &header, &key).expect_err("lapsed");
    let text = "sealed on 2026-01-01, but the key is for 1970-01-01 to 2019-12-31";
    assert_eq!(refused.to_string(), text);
}

#[test]
fn keys_and_headers_keep_their_days() {
    let setting = Setting::new();
    let validity = Validity::between(day("2025-03-01"), day("2026-03-01")).expect("a year");
    let key = setting.key("a", validity);
    let bytes = key.to_bytes();
    let read = UserSecretKey::from_bytes(&bytes, &setting.parameters, &mut rng(4));
    let read = read.expect("a key");
    assert_eq!(
        (read.validity(), read.to_bytes()),
        (validity, bytes.clone())
    );
    let (header, secret) = seal(&setting, "a", day("2025-12-24"));
    let header = Header::from_bytes(&header.to_bytes()).expect("a header");
    assert_eq!(open(&setting, &header, &read), Ok(*secret.as_bytes()));

    // Days backwards, more days than parts, and a day's part where another's belongs.
    let first = bytes.len() - 4 - 4 - 48 * RawKey::of(&key).days.len();
    let with = |first_day: u16, last_day: u16| {
        let mut changed = bytes.to_vec();
        changed[first..first + 2].copy_from_slice(&first_day.to_le_bytes());
        changed[first + 2..first + 4].copy_from_slice(&last_day.to_le_bytes());
        UserSecretKey::from_bytes(&changed, &setting.parameters, &mut rng(4))
    };
    let (from, to) = (validity.first().days(), validity.last().days());
    assert!(with(from, to).is_ok());
    for (from, to) in [(to, from), (0, u16::MAX), (from, from)] {
        assert!(matches!(with(from, to), Err(KeyError::Decode { .. })));
    }
    // The same number of parts, for other days.
    let shifted = with(from + 4096, to + 4096);
    assert_eq!(shifted.map(drop), Err(KeyError::Inconsistent));
}

/// One row of the 17 is read, and they come after the policy's.
#[test]
fn a_date_costs_seventeen_rows() {
    let setting = Setting::new();
    let (dated, _) = seal(&setting, "a and a", day("2026-01-01"));
    let policy = policy("a and a");
    let (plain, _) = encapsulate(&setting.parameters, &policy, b"aad", &mut rng(2));
    assert_eq!(dated.to_bytes().len(), plain.to_bytes().len() + 2 + 17 * 48);
    assert_eq!(RawHeader::of(&dated).c2.len(), 2);
}

/// A sealing date that is changed, added or left out in a header that was made: the coins depend on
/// it, and the number of rows too.
#[test]
fn a_header_cannot_be_redated() {
    let setting = Setting::new();
    let lapsed = Validity::until(day("2026-01-01")).expect("days");
    let (key, always) = (setting.key("a", lapsed), setting.key("a", Validity::ALWAYS));
    let (header, secret) = seal(&setting, "a", day("2026-01-01"));
    let bytes = header.to_bytes();
    let at = 6 + 4 + policy("a").to_bytes().len();
    let days = day("2026-01-01").days();
    assert_eq!(
        bytes[at..at + 3],
        [1, days.to_le_bytes()[0], days.to_le_bytes()[1]]
    );
    let mut earlier = bytes.clone();
    earlier[at + 1..at + 3].copy_from_slice(&(days - 1).to_le_bytes());
    let earlier = Header::from_bytes(&earlier).expect("as many rows");
    for key in [&key, &always] {
        let opened = decapsulate(&setting.parameters, &earlier, key, b"aad").expect("implicit");
        assert_ne!(opened.as_bytes(), secret.as_bytes());
        let strict = decapsulate_strict(&setting.parameters, &earlier, key, b"aad");
        assert_eq!(strict.expect_err("redated"), DecapsulateError::Rejected);
    }
    let mut undated = bytes;
    undated.splice(at..at + 3, [0]);
    assert!(Header::from_bytes(&undated).is_err(), "too many rows");
}

/// The product over one row of the policy and one day's row.
fn product(header: &RawHeader, (key, part): (&RawKey, &str), day: G1Affine, row: usize) -> Gt {
    let attribute = key.parts[part];
    let read = (attribute + day).into_affine();
    let rows = (header.c3[0] + header.c3[row]).into_affine();
    pairing::multi_pairing(&[(key.k1, header.c1), (read, header.c2[0]), (-rows, key.k3)])
}

/// Past every check: a key's days open its own dates only, and another key's days do not help.
#[test]
fn days_of_two_keys_do_not_mix() {
    let setting = Setting::new();
    let (header, secret) = seal(&setting, "a", day("2026-01-01"));
    let raw = RawHeader::of(&header);
    let lapsed = Validity::until(day("2026-01-01")).expect("days");
    let (doctor, clerk, both) = (
        RawKey::of(&setting.key("a", lapsed)),
        RawKey::of(&setting.key("b", Validity::ALWAYS)),
        RawKey::of(&setting.key("a", Validity::ALWAYS)),
    );
    let opens = |gt: Gt| raw.key_from(&gt, b"aad") == *secret.as_bytes();
    // The empty prefix is the first of the date's rows and the one part of such a key.
    assert!(opens(product(&raw, (&both, "a"), both.days[0], 1)));
    for row in 1..18 {
        for day in doctor.days.iter().chain(&clerk.days) {
            assert!(!opens(product(&raw, (&doctor, "a"), *day, row)));
        }
        // Without a day, or with the attribute's own part again.
        let own = doctor.parts["a"];
        for part in [G1Affine::identity(), own, -own] {
            assert!(!opens(product(&raw, (&doctor, "a"), part, row)));
        }
    }
}

/// No name and no label that a policy or a list can spell is hashed like a day.
#[test]
fn attributes_do_not_make_days() {
    let setting = Setting::new();
    let lapsed = Validity::until(day("2026-01-01")).expect("days");
    let spelled = "a, validity, \"medshare/abe/attribute-prefix/v1\", validity = 2026-01-01, \
                   policy = 2026-01-01, date = 2026-01-01, 2026-01-01";
    let key = setting.key(spelled, lapsed);
    let (header, _) = seal(&setting, "a", day("2026-01-01"));
    assert!(matches!(
        open(&setting, &header, &key),
        Err(DecapsulateError::NotValid { .. })
    ));
    let raw = RawKey::of(&key);
    let valid = RawKey::of(&setting.key("a", Validity::ALWAYS));
    // r·H(day) for the key's r: e(K_day, r'·g2) = e(r'·H(day), K3), of the valid key's part.
    let day_point = |part: &G1Affine| {
        pairing::pairing(part, &valid.k3) == pairing::pairing(&valid.days[0], &raw.k3)
    };
    let mut parts = raw.parts.values().chain(raw.values.values().flatten());
    assert!(!parts.any(day_point));
}
