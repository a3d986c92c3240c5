//! What the scheme hashes: a name, one prefix of a value under a label, or one of a sealing date.

use crate::name::Name;
use crate::scheme::points::hash_input;
use crate::value::{Domain, Prefix, Value};

/// Names in policies and keys. Kinds of elements have tags of their own, so that no name can be
/// made to hash like a prefix.
const NAME_TAG: &str = "medshare/abe/attribute-name/v1";
const PREFIX_TAG: &str = "medshare/abe/attribute-prefix/v1";
/// Labels that policies name.
const POLICY_SPACE: &[u8] = b"policy";
/// Sealing dates, which have no label.
const VALIDITY_SPACE: &[u8] = b"validity";

/// Two elements are equal exactly when the bytes that are hashed for them are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Element<'a> {
    Name(&'a Name),
    Prefix {
        label: &'a Name,
        domain: Domain,
        prefix: Prefix,
    },
    /// One prefix of a sealing date.
    Day(Prefix),
}

impl<'a> Element<'a> {
    /// The elements of a value, from the empty prefix on.
    pub(crate) fn of_value(label: &'a Name, value: &Value) -> impl Iterator<Item = Self> {
        let domain = value.domain();
        value.prefixes().map(move |prefix| Self::Prefix {
            label,
            domain,
            prefix,
        })
    }

    /// The bytes of which H(u) is the hash.
    pub(crate) fn hash_input(&self) -> Vec<u8> {
        match self {
            Self::Name(name) => hash_input(NAME_TAG, &[name.as_str().as_bytes()]),
            Self::Prefix {
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
            Self::Day(prefix) => prefix_input(VALIDITY_SPACE, "", (b"date", b""), *prefix),
        }
    }
}

fn prefix_input(space: &[u8], label: &str, (kind, id): (&[u8], &[u8]), prefix: Prefix) -> Vec<u8> {
    let (label, bits) = (label.as_bytes(), prefix.bits.to_le_bytes());
    let fields = [space, label, kind, id, &[prefix.depth], &bits];
    hash_input(PREFIX_TAG, &fields)
}
