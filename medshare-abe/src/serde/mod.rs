//! Keys and headers as opaque bytes in serde's formats, names and dates as texts (feature `serde`).
//!
//! The canonical bytes of each type: a byte string in binary formats, base64url without padding
//! (RFC 4648, section 5) in human-readable ones. Decoding is as strict as `from_bytes`.

mod text;

use core::fmt;

use medshare_types::serde::{from_opaque, to_opaque};
use medshare_types::{RandomSource, opaque_serde};
use serde_core::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::access::AccessHeader;
use crate::descriptor::SealedDescriptor;
use crate::issuance::{
    AuthorityDeal, IssuanceRequest, SealedKey, SealedPartialKey, SharedAuthority,
};
use crate::scheme::error::KeyError;
use crate::scheme::header::Header;
use crate::scheme::key::UserSecretKey;
use crate::scheme::master::MasterSecretKey;
use crate::scheme::parameters::PublicParameters;
use crate::wrapped::WrappedKey;

/// A user's key from outside, which must be checked against its authority's parameters before use.
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
/// This crate erases its intermediate bytes and text. It cannot erase those of a format: the output
/// of a serialiser, a parser's buffer for text with escapes, values buffered for untagged or
/// flattened types. For keys that must leave no copies use [`UserSecretKey::to_bytes`].
pub struct UncheckedUserKey(Zeroizing<Vec<u8>>);

impl UncheckedUserKey {
    /// Checks that the key is one of this authority.
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

opaque_serde! {
    MasterSecretKey
    PublicParameters
    Header
    AccessHeader
    SealedDescriptor
    SharedAuthority
    AuthorityDeal
    IssuanceRequest
    SealedPartialKey
    SealedKey
    WrappedKey
}
