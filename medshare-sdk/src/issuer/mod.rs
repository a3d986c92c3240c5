//! Attribute keys: asking for one, and the authority that issues them.

mod authority;
mod request;

use medshare_abe::AttributeSet;
use medshare_contract::RESERVED_ATTRIBUTE_PREFIX;
use medshare_contract::state::PersonState;
use medshare_types::keystore::BoxFuture;
use medshare_types::{Denial, Genesis};

pub use authority::{AttributeAuthority, CLOCK_TOLERANCE_DAYS, DEFAULT_KEY_LIFETIME_DAYS};
pub use medshare_abe::issuance::{RecipientKey, RecipientKeyPair, SealedKey};
pub use request::KeyRequest;

#[cfg(feature = "in-process")]
pub(crate) use authority::Refusal;
pub(crate) use request::ask;

use crate::error::{Error, Result};

/// Issues attribute keys. The authority is apart from the gate's holders.
///
/// Its answer is sealed to the recipient whom the signed request names, so whoever carries requests
/// and answers, or asks with somebody else's request, learns nothing of the key. The SDK takes no
/// answer for a key that is not one of the authority's, so a carrier can withhold it and no more.
pub trait AttributeIssuer: Send + Sync {
    /// The attribute key of a person, for the attributes that an organisation vouched for on the
    /// chain, sealed to [`KeyRequest::recipient`] under the digest of [`KeyRequest::statement`].
    fn issue<'a>(&'a self, request: &'a KeyRequest) -> BoxFuture<'a, Result<SealedKey>>;
}

/// The name that every attribute key also carries: whose word it rests on. A policy can demand it,
/// as in `role:cardiologist and vouched-by:st-mary`; otherwise any organisation's word will do.
#[must_use]
pub fn voucher(organisation: &str) -> String {
    format!("{RESERVED_ATTRIBUTE_PREFIX}{organisation}")
}

/// What a person's key is for: the attributes on the chain, and whose word they rest on.
pub(crate) fn vouched_attributes(genesis: &Genesis, person: &PersonState) -> Result<AttributeSet> {
    let mut members = genesis.members.iter();
    let vouches = members.find(|member| member.organisation() == person.organisation);
    let vouches = vouches.ok_or(Error::Denied(Denial::UnknownSender))?;
    vouched_for(&parse_attributes(&person.attributes)?, &vouches.name)
}

/// What a key for these attributes is for, on an organisation's word.
pub(crate) fn vouched_for(attributes: &AttributeSet, organisation: &str) -> Result<AttributeSet> {
    let voucher = parse_attributes(&[voucher(organisation)])?;
    Ok(attributes.iter().chain(&voucher).cloned().collect())
}

/// Attributes by their text; the first that is none is told.
pub(crate) fn parse_attributes<T: AsRef<str>>(texts: &[T]) -> Result<AttributeSet> {
    texts
        .iter()
        .map(|text| {
            let text = text.as_ref();
            text.parse::<medshare_abe::Attribute>()
                .map_err(|error| Error::InvalidAttribute {
                    attribute: text.to_owned(),
                    reason: error.to_string(),
                })
        })
        .collect()
}
