//! Serde's formats: JSON for people, CBOR as a binary one.

use core::fmt::Debug;

use base64ct::{Base64UrlUnpadded, Encoding};
use medshare_policy::{AttributeSet, Date, Enumeration, EnumerationId, Name};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn cbor<T: Serialize>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    ciborium::into_writer(value, &mut out).expect("valid");
    out
}

fn assert_reads<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T, json: &str) {
    assert_eq!(serde_json::to_string(&value).expect("valid"), json);
    assert_eq!(serde_json::from_str::<T>(json).expect("valid"), value);
    // Owned values, and text with escapes, are not borrowed.
    let owned: serde_json::Value = serde_json::from_str(json).expect("valid");
    assert_eq!(serde_json::from_value::<T>(owned).expect("valid"), value);
    let read: T = ciborium::from_reader(cbor(&value).as_slice()).expect("valid");
    assert_eq!(read, value);
}

fn refuse<T: DeserializeOwned + Debug>(json: &str) {
    assert!(serde_json::from_str::<T>(json).is_err(), "{json}");
}

#[test]
fn names_and_dates_are_texts() {
    assert_reads(Name::new("role:nurse").expect("valid"), "\"role:nurse\"");
    assert_reads(Name::new("say \"é\"").expect("valid"), r#""say \"é\"""#);
    let composed: Name = serde_json::from_str("\"e\u{301}\"").expect("valid");
    assert_eq!(composed.as_str(), "é");
    assert_reads(Date::new(2026, 1, 31).expect("valid"), "\"2026-01-31\"");
    for wrong in ["\"\"", "7", "null", "\" a\"", "\"a\\u202eb\""] {
        refuse::<Name>(wrong);
    }
    for wrong in ["\"2026-02-30\"", "\"2026-1-31\"", "20484", "\"\""] {
        refuse::<Date>(wrong);
    }
}

#[test]
fn sets_and_enumerations_are_bytes() {
    let set: AttributeSet = "a, n = 3".parse().expect("valid");
    let text = |bytes: &[u8]| format!("\"{}\"", Base64UrlUnpadded::encode_string(bytes));
    let json = text(&set.to_bytes());
    assert_reads(set, &json);
    let mut list = Enumeration::new(
        EnumerationId([1; 32]),
        Name::new("hospital").expect("valid"),
    );
    list.append(Name::new("a").expect("valid")).expect("valid");
    let json = text(&list.to_bytes());
    assert_reads(list, &json);
    refuse::<AttributeSet>("\"a, n = 3\"");
}
