//! Keys and headers as opaque bytes in serde's formats, names and dates as texts (feature `serde`).
//!
//! The canonical bytes of each type: a byte string in binary formats, base64url without padding
//! (RFC 4648, section 5) in those for people. Decoding is as strict as everywhere.

mod text;

use core::fmt;
use core::marker::PhantomData;

use base64ct::{Base64UrlUnpadded, Encoding};
use medshare_types::RandomSource;
use serde_core::de::{Error, Visitor};
use serde_core::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::access::AccessHeader;
use crate::attribute::AttributeSet;
use crate::descriptor::SealedDescriptor;
use crate::enumeration::Enumeration;
use crate::error::KeyError;
use crate::issuance::{
    AuthorityDeal, IssuanceRequest, SealedKey, SealedPartialKey, SharedAuthority,
};
use crate::payload::{AuditPath, Preamble};
use crate::policy::AccessPolicy;
use crate::scheme::header::Header;
use crate::scheme::key::UserSecretKey;
use crate::scheme::master::MasterSecretKey;
use crate::scheme::parameters::PublicParameters;
use crate::wrapped::WrappedKey;

/// A user's key as it came from outside: of use only once it was checked against its authority's
/// parameters.
///
/// [`UserSecretKey`] serialises, and this deserialises. Erased when dropped, never printed.
///
/// ```
/// use medshare_abe::{MasterSecretKey, UncheckedUserKey, Validity};
///
/// let mut rng = rand::rng();
/// let (parameters, authority) = MasterSecretKey::setup(&mut rng);
/// let key = authority.issue(&parameters, &"role:nurse".parse()?, Validity::ALWAYS, &mut rng)?;
/// let text = serde_json::to_string(&key)?;
/// let unchecked: UncheckedUserKey = serde_json::from_str(&text)?;
/// let key = unchecked.check(&parameters, &mut rng)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Security
/// What this crate makes on the way, bytes and text, is erased. What a format makes is not within
/// its reach: the output of a serialiser, a parser's buffer for text with escapes, values that are
/// buffered for untagged or flattened types. A key that must leave no copies goes through
/// [`UserSecretKey::to_bytes`].
pub struct UncheckedUserKey(Zeroizing<Vec<u8>>);

impl UncheckedUserKey {
    /// The key, if it is one of this authority.
    ///
    /// # Errors
    /// As [`UserSecretKey::from_bytes`].
    pub fn check(
        &self,
        parameters: &PublicParameters,
        rng: &mut impl RandomSource,
    ) -> Result<UserSecretKey, KeyError> {
        UserSecretKey::from_bytes(&self.0, parameters, rng)
    }
}

impl fmt::Debug for UncheckedUserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UncheckedUserKey(secret)")
    }
}

impl Serialize for UserSecretKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        to_opaque(&self.to_bytes(), serializer)
    }
}

impl<'de> Deserialize<'de> for UncheckedUserKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let keep = |bytes: &[u8]| Ok::<_, KeyError>(Self(Zeroizing::new(bytes.to_vec())));
        from_opaque(deserializer, keep)
    }
}

macro_rules! opaque {
    ($($type:ident)*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                to_opaque(&self.to_bytes(), serializer)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                from_opaque(deserializer, Self::from_bytes)
            }
        }
    )*};
}

opaque! {
    MasterSecretKey
    PublicParameters
    AccessPolicy
    AttributeSet
    Enumeration
    Header
    AccessHeader
    Preamble
    SealedDescriptor
    SharedAuthority
    AuthorityDeal
    IssuanceRequest
    SealedPartialKey
    SealedKey
    WrappedKey
    AuditPath
}

fn to_opaque<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        let text = Zeroizing::new(Base64UrlUnpadded::encode_string(bytes));
        serializer.serialize_str(&text)
    } else {
        serializer.serialize_bytes(bytes)
    }
}

fn from_opaque<'de, D, T, E>(
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
    // The owned forms: some formats refuse long values where a borrowed one is asked for.
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

/// Takes bytes and text alike: within flattened and untagged types serde calls every format one for
/// people.
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
        // The library's own buffer would not be erased where only the end of the text is wrong.
        let mut buffer = Zeroizing::new(vec![0; text.len() / 4 * 3 + 2]);
        let bytes = Base64UrlUnpadded::decode(text, &mut buffer).map_err(E::custom)?;
        self.visit_bytes(bytes)
    }

    fn visit_string<E: Error>(self, text: String) -> Result<T, E> {
        self.visit_str(&Zeroizing::new(text))
    }
}
