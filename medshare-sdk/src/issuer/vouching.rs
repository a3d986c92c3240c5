//! The attributes of keys: what an organisation vouches for, and what the chain says of a record.

use medshare_abe::{Attribute, AttributeSet, KeyError};
use medshare_contract::state::PersonState;
use medshare_contract::{
    MAX_ATTRIBUTE_LEN, MAX_ATTRIBUTES, RESERVED_ATTRIBUTE_PREFIXES, SUBJECT_PREFIX, VOUCHER_PREFIX,
};
use medshare_types::{Denial, Genesis, RecordId};

use crate::error::{Error, Result};

/// The attribute that names the organisation whose word a key of enrolled attributes rests on. A
/// policy can demand it, as in `role:cardiologist and vouched-by:st-mary`; otherwise any
/// organisation's word will do.
#[must_use]
pub fn voucher(organisation: &str) -> String {
    format!("{VOUCHER_PREFIX}{organisation}")
}

/// The attribute of a record's subject. It names the record and not the person, so the policies in
/// headers do not tell which records are about one person.
pub(crate) fn subject_attribute(record: &RecordId) -> Attribute {
    #[expect(
        clippy::expect_used,
        reason = "letters, hexadecimal digits and punctuation"
    )]
    Attribute::new(&format!("{SUBJECT_PREFIX}{}", record.digest())).expect("a valid name")
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

/// Refuses attributes that the contract denies an enrolment for; the error names the first and the
/// rule that it breaks.
pub(crate) fn check_enrollable(texts: &[String]) -> Result<()> {
    let broken = |text: &String| {
        if text.len() > MAX_ATTRIBUTE_LEN {
            return Some(format!(
                "its {} bytes are more than {MAX_ATTRIBUTE_LEN}",
                text.len()
            ));
        }
        if has_empty_segment(text) {
            return Some(
                "it has nothing before, after or between its colons, as \"role:\"; name a value, as in \
                 \"role:cardiologist\""
                    .to_owned(),
            );
        }
        let mut reserved = RESERVED_ATTRIBUTE_PREFIXES.iter();
        let prefix = reserved.find(|prefix| text.contains(**prefix))?;
        Some(format!(
            "{prefix:?} is reserved, the attribute authority alone gives it"
        ))
    };
    let invalid = |attribute: &str, rule: String| Error::InvalidAttribute {
        attribute: attribute.to_owned(),
        source: rule.into(),
    };
    if let Some((text, rule)) = texts.iter().find_map(|text| Some((text, broken(text)?))) {
        return Err(invalid(text, rule));
    }
    match texts.get(MAX_ATTRIBUTES) {
        Some(text) => {
            let (count, place) = (texts.len(), MAX_ATTRIBUTES + 1);
            let rule = format!(
                "of {count} attributes it is number {place}; a person has no more than {MAX_ATTRIBUTES}"
            );
            Err(invalid(text, rule))
        }
        // What is left is the contract's to refuse.
        None => Ok(medshare_contract::check_enrollable(texts)?),
    }
}

/// Whether a part of a name that colons divide is empty. The chain takes such names: to it, a colon is
/// a character like another. Here it is most often a value that was left out, and an enrolment cannot
/// be corrected.
fn has_empty_segment(text: &str) -> bool {
    // Names with spaces are written in quotation marks; a label is followed by its value.
    let quoted = text.strip_prefix('"').and_then(|rest| rest.split_once('"'));
    let name = quoted.map_or_else(
        || text.split(" = ").next().unwrap_or(text),
        |(name, _)| name,
    );
    name.contains(':') && name.split(':').any(|segment| segment.trim().is_empty())
}

/// Refuses attributes that are too many for one key, or contradict each other.
pub(crate) fn check_issuable(attributes: &AttributeSet) -> Result<()> {
    medshare_abe::check_issuable(attributes).map_err(|source| {
        let at_fault: Vec<_> = match &source {
            KeyError::ConflictingValues { label } => {
                let of_label = attributes
                    .iter()
                    .filter(|found| found.label() == Some(label));
                of_label.map(ToString::to_string).collect()
            }
            _ => attributes.iter().map(ToString::to_string).collect(),
        };
        Error::InvalidAttribute {
            attribute: at_fault.join(", "),
            source: Box::new(source),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::has_empty_segment;

    #[test]
    fn an_empty_segment_is_found_in_every_spelling() {
        for text in [
            "role:",
            ":",
            ":::",
            "role:a:b:",
            ":a",
            "a::b",
            "role: = 3",
            "\"role: \"",
            "\"role :\"",
            "\": a\" = 2026-01-31",
        ] {
            assert!(has_empty_segment(text), "{text}");
        }
        for text in [
            "role",
            "role:a",
            "a:b:c",
            "n = 3",
            "\"ward 3:b\"",
            "a:n = 3",
            "t:12:30",
        ] {
            assert!(!has_empty_segment(text), "{text}");
        }
    }
}
