//! The attributes that an organisation's word gives a person.

use medshare_abe::{Attribute, AttributeSet};
use medshare_contract::RESERVED_ATTRIBUTE_PREFIX;
use medshare_contract::state::PersonState;
use medshare_types::{Denial, Genesis};

use crate::error::{Error, Result};

/// The attribute that names the organisation whose word a key rests on; every key carries one. A
/// policy can demand it, as in `role:cardiologist and vouched-by:st-mary`; otherwise any
/// organisation's word will do.
#[must_use]
pub fn voucher(organisation: &str) -> String {
    format!("{RESERVED_ATTRIBUTE_PREFIX}{organisation}")
}

/// The attributes of a person's key: those on the chain, and their voucher.
pub(crate) fn vouched_attributes(genesis: &Genesis, person: &PersonState) -> Result<AttributeSet> {
    let mut members = genesis.members.iter();
    let member = members.find(|member| member.organisation() == person.organisation);
    let member = member.ok_or(Error::Denied(Denial::UnknownSender))?;
    vouched_for(&parse_attributes(&person.attributes)?, &member.name)
}

/// Attributes together with their voucher.
pub(crate) fn vouched_for(attributes: &AttributeSet, organisation: &str) -> Result<AttributeSet> {
    let voucher = parse_attributes(&[voucher(organisation)])?;
    Ok(attributes.iter().chain(&voucher).cloned().collect())
}

/// Attributes by their texts; the error names the first text that is not an attribute.
pub(crate) fn parse_attributes<T: AsRef<str>>(texts: &[T]) -> Result<AttributeSet> {
    let parse = |text: &T| {
        let text = text.as_ref();
        text.parse::<Attribute>()
            .map_err(|source| Error::InvalidAttribute {
                attribute: text.to_owned(),
                source: Box::new(source),
            })
    };
    texts.iter().map(parse).collect()
}

/// Refuses attributes that are too many for one key, or contradict each other.
pub(crate) fn check_issuable(attributes: &AttributeSet) -> Result<()> {
    medshare_abe::check_issuable(attributes).map_err(|source| Error::InvalidAttribute {
        attribute: attributes.to_string(),
        source: Box::new(source),
    })
}
