//! The bytes that the scheme hashes for a name, a prefix of a value or a prefix of a sealing date.

use medshare_policy::element::{Domain, Element, Prefix};

use crate::scheme::points::hash_input;

/// Names in policies and keys. Each kind of element has its own tag, so that no name hashes like a
/// prefix.
const NAME_TAG: &str = "medshare/abe/attribute-name/v1";
const PREFIX_TAG: &str = "medshare/abe/attribute-prefix/v1";
/// Labels that policies name.
const POLICY_SPACE: &[u8] = b"policy";
/// Sealing dates, which have no label.
const VALIDITY_SPACE: &[u8] = b"validity";

/// The bytes of which H(u) is the hash.
pub(crate) fn input_of(element: &Element<'_>) -> Vec<u8> {
    match element {
        Element::Name(name) => hash_input(NAME_TAG, &[name.as_str().as_bytes()]),
        Element::Prefix {
            label,
            domain,
            prefix,
        } => {
            let (kind, id) = match domain {
                Domain::Integer => (&b"integer"[..], &[][..]),
                Domain::Date => (&b"date"[..], &[][..]),
                Domain::Enumeration(id) => (&b"enumeration"[..], &id.0[..]),
            };
            prefix_input(POLICY_SPACE, label.as_str(), (kind, id), *prefix)
        }
        Element::Day(prefix) => prefix_input(VALIDITY_SPACE, "", (b"date", b""), *prefix),
    }
}

fn prefix_input(space: &[u8], label: &str, (kind, id): (&[u8], &[u8]), prefix: Prefix) -> Vec<u8> {
    let label = label.as_bytes();
    let bits = prefix.bits.to_le_bytes();
    let fields = [space, label, kind, id, &[prefix.depth], &bits];
    hash_input(PREFIX_TAG, &fields)
}
