//! Serde's formats (feature `serde`): names and dates are texts, all else canonical bytes as
//! [`medshare_types::serde`] says.

use core::fmt;

use medshare_types::serde::core::de::{Error, Visitor};
use medshare_types::serde::core::{Deserialize, Deserializer, Serialize, Serializer};

use crate::attribute::AttributeSet;
use crate::date::Date;
use crate::enumeration::Enumeration;
use crate::name::Name;
use crate::policy::AccessPolicy;

medshare_types::opaque_serde!(AccessPolicy AttributeSet Enumeration);

/// The text without quotation marks.
impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Normalised and checked as by [`Name::new`].
impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text {
            parse: Self::new,
            expected: "a name",
        })
    }
}

/// A text such as `2026-01-31`.
impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text {
            parse: str::parse,
            expected: "a date like 2026-01-31",
        })
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
