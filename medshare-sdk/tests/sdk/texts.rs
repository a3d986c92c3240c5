//! References and terms as text and in serde's formats, as applications store and send them.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use medshare_sdk::{
    Digest, GrantId, OrganisationId, PersonId, Purpose, RecordId, RecordRef, RecordVersion,
    Timestamp, Window,
};
use medshare_types::consent;
use medshare_types::serde::core::{Serialize, de::DeserializeOwned};

/// A value survives both ways, and altered texts are refused.
fn round_trip<T>(value: T, text: &str)
where
    T: Display + FromStr + Serialize + DeserializeOwned + PartialEq + Debug,
{
    assert_eq!(value.to_string(), text);
    assert_eq!(text.parse::<T>().ok().as_ref(), Some(&value));
    let json = serde_json::to_string(&value).unwrap();
    assert_eq!(json, format!("\"{text}\""));
    assert_eq!(serde_json::from_str::<T>(&json).unwrap(), value);
    let bytes = serde_json::to_vec(&value).unwrap();
    assert_eq!(serde_json::from_slice::<T>(&bytes).unwrap(), value);
    let reader = bytes.as_slice();
    assert_eq!(serde_json::from_reader::<_, T>(reader).unwrap(), value);
    for bad in [String::new(), text[1..].to_owned(), format!("{text}.")] {
        assert!(bad.parse::<T>().is_err(), "{bad:?}");
        let json = serde_json::to_string(&bad).unwrap();
        assert!(serde_json::from_str::<T>(&json).is_err(), "{json}");
    }
}

#[test]
fn texts_and_serde_agree() {
    let digest = Digest::from_bytes([0xab; 32]);
    let zeros = Digest::from_bytes([0; 32]);
    let body = "q".repeat(52);
    let text = |prefix: &str, checksum: &str| format!("{prefix}1{body}{checksum}");
    round_trip(PersonId::from_digest(zeros), &text("person", "h4l2zv"));
    round_trip(
        OrganisationId::from_digest(zeros),
        &text("organisation", "xu2exj"),
    );
    round_trip(GrantId::from_digest(zeros), &text("grant", "572aqs"));
    let record = RecordRef {
        id: RecordId::from_digest(digest),
        version: RecordVersion(3),
    };
    round_trip(
        record,
        "record14w46h2at4w46h2at4w46h2at4w46h2at4w46h2at4w46h2at4w4sqqqqqvqrd6js",
    );
    for purpose in Purpose::ALL {
        round_trip(purpose, purpose.code());
    }
    let begin = Timestamp::from_seconds(1_800_000_000);
    round_trip(begin, "2027-01-15T08:00:00.000Z");
    let window = consent::Window::new(begin, Timestamp::MAX).unwrap();
    round_trip(window, "2027-01-15T08:00:00.000Z/open-ended");
}

/// A text of one kind is no text of another, and one wrong character is found.
#[test]
fn identifiers_are_not_mistaken() {
    let digest = Digest::from_bytes([0xab; 32]);
    let person = PersonId::from_digest(digest).to_string();
    let record = RecordRef {
        id: RecordId::from_digest(digest),
        version: RecordVersion(1),
    };
    let record = record.to_string();
    assert_eq!(
        person.to_uppercase().parse(),
        Ok(PersonId::from_digest(digest)),
        "as in a QR code"
    );
    let pasted = format!(" {person}\r\n").parse();
    assert_eq!(pasted, Ok(PersonId::from_digest(digest)), "out of a mail");
    let error = person.parse::<OrganisationId>().unwrap_err();
    assert!(error.to_string().contains("organisation1"), "{error}");
    assert!(person.parse::<GrantId>().is_err());
    assert!(record.parse::<RecordId>().is_err());
    assert!("ab".repeat(32).parse::<PersonId>().is_err(), "no checksum");
    for other in "qpzry9x8gf2tvdw0s3jn54khce6mua7l".chars() {
        for at in 0..person.len() {
            let typo = format!("{}{other}{}", &person[..at], &person[at + 1..]);
            assert!(
                typo == person || typo.parse::<PersonId>().is_err(),
                "{typo}"
            );
        }
        for at in 0..record.len() {
            let typo = format!("{}{other}{}", &record[..at], &record[at + 1..]);
            assert!(
                typo == record || typo.parse::<RecordRef>().is_err(),
                "{typo}"
            );
        }
    }
}

#[test]
fn a_window_parses_with_its_zones() {
    let begin = "2026-01-30T23:00:00Z".parse().unwrap();
    let window = Window::between(begin, Timestamp::MAX).unwrap();
    assert_eq!("2026-01-31+01:00/open-ended".parse(), Ok(window));
    for bad in [
        "2026-01-31/open-ended",
        "open-ended/2026-01-31Z",
        "2026-01-31Z",
    ] {
        assert!(bad.parse::<Window>().is_err(), "{bad}");
    }
}
