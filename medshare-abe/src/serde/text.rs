//! Names and dates, which are texts in every format, and pairs of dates.

use core::fmt;

use serde_core::de::{Error, Visitor};
use serde_core::{Deserialize, Deserializer, Serialize, Serializer};

use crate::name::Name;
use crate::scheme::validity::Validity;
use crate::value::Date;

/// As it is, without quotation marks.
impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// As by [`Name::new`], so that it is normalised.
impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (parse, expected) = (Self::new, "a name");
        deserializer.deserialize_str(Text { parse, expected })
    }
}

/// `2026-01-31`
impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (parse, expected) = (str::parse, "a date like 2026-01-31");
        deserializer.deserialize_str(Text { parse, expected })
    }
}

/// Its first and its last day.
impl Serialize for Validity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.first(), self.last()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Validity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (first, last) = Deserialize::deserialize(deserializer)?;
        Self::of_days(first, last).ok_or_else(|| D::Error::custom("a validity of no day"))
    }
}

struct Text<T, E> {
    parse: fn(&str) -> Result<T, E>,
    expected: &'static str,
}

impl<T, R: fmt::Display> Visitor<'_> for Text<T, R> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use core::fmt::Debug;

    use serde::de::DeserializeOwned;

    use super::*;
    use crate::attribute::AttributeSet;
    use crate::enumeration::{Enumeration, EnumerationId};

    fn cbor<T: Serialize>(value: &T) -> Vec<u8> {
        let mut out = Vec::new();
        ciborium::into_writer(value, &mut out).unwrap();
        out
    }

    fn assert_reads<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T, json: &str) {
        assert_eq!(serde_json::to_string(&value).unwrap(), json);
        assert_eq!(serde_json::from_str::<T>(json).unwrap(), value);
        // Values that a format owns, and text with escapes, are not borrowed.
        let owned: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::from_value::<T>(owned).unwrap(), value);
        let read: T = ciborium::from_reader(cbor(&value).as_slice()).unwrap();
        assert_eq!(read, value);
    }

    fn refuse<T: DeserializeOwned + Debug>(json: &str) {
        assert!(serde_json::from_str::<T>(json).is_err(), "{json}");
    }

    #[test]
    fn names_and_dates_are_their_texts() {
        assert_reads(Name::new("role:nurse").unwrap(), "\"role:nurse\"");
        assert_reads(Name::new("say \"é\"").unwrap(), r#""say \"é\"""#);
        let composed: Name = serde_json::from_str("\"e\u{301}\"").unwrap();
        assert_eq!(composed.as_str(), "é");
        assert_reads(Date::new(2026, 1, 31).unwrap(), "\"2026-01-31\"");
        let first = Date::new(2026, 1, 1).unwrap();
        let year = Validity::between(first, Date::new(2027, 1, 1).unwrap()).unwrap();
        assert_reads(year, r#"["2026-01-01","2026-12-31"]"#);
        assert_reads(Validity::ALWAYS, r#"["1970-01-01","2149-06-06"]"#);
        for wrong in ["\"\"", "7", "null", "\" a\"", "\"a\\u202eb\""] {
            refuse::<Name>(wrong);
        }
        for wrong in ["\"2026-02-30\"", "\"2026-1-31\"", "20484", "\"\""] {
            refuse::<Date>(wrong);
        }
        for wrong in [
            r#"["2026-01-02","2026-01-01"]"#,
            r#"["2026-01-01"]"#,
            r#""2026-01-01 to 2026-12-31""#,
        ] {
            refuse::<Validity>(wrong);
        }
    }

    #[test]
    fn sets_and_enumerations_are_their_bytes() {
        let set: AttributeSet = "a, n = 3".parse().unwrap();
        let text = |bytes: &[u8]| {
            use base64ct::{Base64UrlUnpadded, Encoding};
            format!("\"{}\"", Base64UrlUnpadded::encode_string(bytes))
        };
        let json = text(&set.to_bytes());
        assert_reads(set, &json);
        let mut list = Enumeration::new(EnumerationId([1; 32]), Name::new("hospital").unwrap());
        list.append(Name::new("a").unwrap()).unwrap();
        let json = text(&list.to_bytes());
        assert_reads(list, &json);
        refuse::<AttributeSet>("\"a, n = 3\"");
    }
}
