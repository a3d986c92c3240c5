//! Values of serde's formats (feature `serde`): identifiers, times, windows and purposes as their
//! text in every format, all other types as their canonical bytes.
//!
//! Binary formats get a byte string, human-readable ones base64url without padding (RFC 4648,
//! section 5). Decoding is as strict as `from_bytes`. Bytes and texts made here are erased, because
//! some types are secrets; buffers of the formats are not.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_core::de::{Error, Visitor};
use serde_core::{Deserializer, Serializer};
use zeroize::Zeroizing;

/// Implements `Serialize` and `Deserialize` with the type's `to_bytes` and `from_bytes`.
#[doc(hidden)]
#[macro_export]
macro_rules! opaque_serde {
    ($($type:ident)*) => {$(
        impl $crate::serde::core::Serialize for $type {
            fn serialize<S>(&self, serializer: S) -> Result<S::Ok, S::Error>
            where
                S: $crate::serde::core::Serializer,
            {
                $crate::serde::to_opaque(&self.to_bytes(), serializer)
            }
        }

        impl<'de> $crate::serde::core::Deserialize<'de> for $type {
            fn deserialize<D>(deserializer: D) -> Result<Self, D::Error>
            where
                D: $crate::serde::core::Deserializer<'de>,
            {
                $crate::serde::from_opaque(deserializer, Self::from_bytes)
            }
        }
    )*};
}

/// Implements `Serialize` and `Deserialize` with the type's `Display` and `FromStr`.
#[doc(hidden)]
#[macro_export]
macro_rules! text_serde {
    ($($type:ty),* $(,)?) => {$(
        impl $crate::serde::core::Serialize for $type {
            fn serialize<S>(&self, serializer: S) -> Result<S::Ok, S::Error>
            where
                S: $crate::serde::core::Serializer,
            {
                serializer.collect_str(self)
            }
        }

        impl<'de> $crate::serde::core::Deserialize<'de> for $type {
            fn deserialize<D>(deserializer: D) -> Result<Self, D::Error>
            where
                D: $crate::serde::core::Deserializer<'de>,
            {
                $crate::serde::from_text(deserializer)
            }
        }
    )*};
}

text_serde! {
    crate::hash::Digest,
    crate::id::ChainId,
    crate::id::OrganisationId,
    crate::id::PersonId,
    crate::id::RecordId,
    crate::id::GrantId,
    crate::id::TicketId,
    crate::id::TransactionId,
    crate::id::GateKeyId,
    crate::time::Timestamp,
    crate::consent::Purpose,
    crate::consent::Window,
}

#[doc(hidden)]
pub use serde_core as core;

/// Deserialises a text and parses it.
///
/// # Errors
/// Those of the deserialiser and of the parser.
pub fn from_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    deserializer.deserialize_str(Text(PhantomData))
}

struct Text<T>(PhantomData<T>);

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// Serialises canonical bytes as a byte string or as base64url.
///
/// # Errors
/// Those of the serialiser.
pub fn to_opaque<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        let text = Zeroizing::new(Base64UrlUnpadded::encode_string(bytes));
        serializer.serialize_str(&text)
    } else {
        serializer.serialize_bytes(bytes)
    }
}

/// Deserialises the output of [`to_opaque`] and parses it with `parse`.
///
/// # Errors
/// Those of the deserialiser and of `parse`.
pub fn from_opaque<'de, D, T, E>(
    deserializer: D,
    parse: impl Fn(&[u8]) -> Result<T, E>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    E: fmt::Display,
{
    let visitor = Opaque {
        parse,
        result: PhantomData,
    };
    // Owned values: some formats refuse long ones when asked for borrowed ones.
    if deserializer.is_human_readable() {
        deserializer.deserialize_string(visitor)
    } else {
        deserializer.deserialize_byte_buf(visitor)
    }
}

struct Opaque<P, T> {
    parse: P,
    result: PhantomData<T>,
}

/// Accepts bytes and text alike: within flattened and untagged types, serde calls every format
/// human-readable.
impl<P, T, R> Visitor<'_> for Opaque<P, Result<T, R>>
where
    P: Fn(&[u8]) -> Result<T, R>,
    R: fmt::Display,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes, or base64url without padding")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<T, E> {
        (self.parse)(bytes).map_err(E::custom)
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<T, E> {
        self.visit_bytes(&Zeroizing::new(bytes))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        // A buffer of our own: the library's is not erased when the end of the text is invalid.
        let mut buffer = Zeroizing::new(vec![0; text.len() / 4 * 3 + 2]);
        let bytes = Base64UrlUnpadded::decode(text, &mut buffer).map_err(E::custom)?;
        self.visit_bytes(bytes)
    }

    fn visit_string<E: Error>(self, text: String) -> Result<T, E> {
        self.visit_str(&Zeroizing::new(text))
    }
}
