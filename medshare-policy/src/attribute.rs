//! Attributes, and sets of them.

use core::fmt;
use std::collections::BTreeSet;
use std::collections::btree_set;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{DecodeError, wire};

use crate::date::Date;
use crate::enumeration::{Enumeration, Enumerations};
use crate::name::{Name, NameError};
use crate::value::Value;

/// A name such as `role:cardiologist`, or a label with a value, such as `clearance = 3`,
/// `hired = 2026-01-31` or, from an [`Enumeration`], `hospital = charité`.
///
/// A name and a label are different things even if they are spelled alike.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Attribute(Kind<Value>);

/// A name alone, or a label with a value or a comparison.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub(crate) enum Kind<V> {
    Name(Name),
    Value { label: Name, value: V },
}

impl<V> Kind<V> {
    pub(crate) const fn name(&self) -> Option<&Name> {
        match self {
            Self::Name(name) => Some(name),
            Self::Value { .. } => None,
        }
    }

    pub(crate) const fn label(&self) -> Option<&Name> {
        match self {
            Self::Name(_) => None,
            Self::Value { label, .. } => Some(label),
        }
    }

    pub(crate) const fn value(&self) -> Option<&V> {
        match self {
            Self::Name(_) => None,
            Self::Value { value, .. } => Some(value),
        }
    }
}

impl Attribute {
    /// Makes an attribute of a name without quotation marks or escapes.
    ///
    /// # Errors
    /// As [`Name::new`].
    pub fn new(name: &str) -> Result<Self, NameError> {
        Name::new(name).map(Self::from)
    }

    /// The attribute `label = value`, as in text.
    #[must_use]
    pub const fn with_value(label: Name, value: Value) -> Self {
        Self(Kind::Value { label, value })
    }

    /// The attribute `label = number`, as in text.
    #[must_use]
    pub const fn integer(label: Name, number: u32) -> Self {
        Self::with_value(label, Value::Integer(number))
    }

    /// The attribute `label = date`, as in text.
    #[must_use]
    pub const fn date(label: Name, date: Date) -> Self {
        Self::with_value(label, Value::Date(date))
    }

    /// The name, if the attribute has no value.
    #[must_use]
    pub const fn name(&self) -> Option<&Name> {
        self.0.name()
    }

    /// The label, if the attribute has a value.
    #[must_use]
    pub const fn label(&self) -> Option<&Name> {
        self.0.label()
    }

    /// The label's value, if there is one.
    #[must_use]
    pub const fn value(&self) -> Option<&Value> {
        self.0.value()
    }

    /// Whether the attribute means what its text says: see [`AttributeSet::agrees_with`].
    #[must_use]
    pub fn agrees_with(&self, enumerations: &Enumerations) -> bool {
        match &self.0 {
            Kind::Name(_) => true,
            Kind::Value { label, value } => enumerations.agree(label, value.as_enum()),
        }
    }

    pub(crate) const fn kind(&self) -> &Kind<Value> {
        &self.0
    }

    pub(crate) fn into_kind(self) -> Kind<Value> {
        self.0
    }
}

impl Enumeration {
    /// `label = value`; `None` if the list does not have the value.
    #[must_use]
    pub fn attribute(&self, value: &Name) -> Option<Attribute> {
        let value = Value::Enum(self.value(value)?);
        Some(Attribute::with_value(self.label().clone(), value))
    }
}

impl From<Name> for Attribute {
    fn from(name: Name) -> Self {
        Self(Kind::Name(name))
    }
}

impl fmt::Display for Attribute {
    /// The spelling of policies and lists: names are quoted where a character needs it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Name(name) => write!(f, "{name}"),
            Kind::Value { label, value } => write!(f, "{label} = {value}"),
        }
    }
}

impl fmt::Debug for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attribute({self})")
    }
}

/// The attributes of one person.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize,
)]
pub struct AttributeSet(BTreeSet<Attribute>);

impl AttributeSet {
    /// Whether the set holds the attribute.
    #[must_use]
    pub fn contains(&self, attribute: &Attribute) -> bool {
        self.0.contains(attribute)
    }

    /// Number of attributes, names and values together.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All attributes: names in ascending order of their bytes, then values by their labels.
    pub fn iter(&self) -> btree_set::Iter<'_, Attribute> {
        self.0.iter()
    }

    /// Whether every value of an enumeration has the number that is registered for its name, and no
    /// label with an enumeration has a number or a date.
    ///
    /// The scheme uses numbers, people read names, and the author of a set chooses both. Before a
    /// set from elsewhere, such as that of a key request, is displayed or a key is issued for it,
    /// it must pass this check: otherwise a set displayed as `hospital = charité` may give a key of
    /// another hospital. The text of a set that passes parses to the same set, with these
    /// enumerations.
    #[must_use]
    pub fn agrees_with(&self, enumerations: &Enumerations) -> bool {
        self.iter().all(|a| a.agrees_with(enumerations))
    }

    /// The canonical bytes, as in a key request.
    ///
    /// The text is not sufficient: it drops the number and the enumeration of a value.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::to_borsh(self)
    }

    /// Parses the canonical bytes and nothing else; see [`Self::agrees_with`].
    ///
    /// # Errors
    /// [`DecodeError`] for bytes that [`Self::to_bytes`] does not produce.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        wire::from_borsh(bytes)
    }

    /// The values of a label: at most one in a set that a key can be issued for.
    pub(crate) fn values_of<'a>(&'a self, label: &'a Name) -> impl Iterator<Item = &'a Value> {
        let first = Attribute::integer(label.clone(), 0);
        let of_label = move |attribute: &'a Attribute| match attribute.kind() {
            Kind::Value {
                label: found,
                value,
            } if found == label => Some(value),
            _ => None,
        };
        self.0.range(first..).map_while(of_label)
    }
}

impl FromIterator<Attribute> for AttributeSet {
    fn from_iter<I: IntoIterator<Item = Attribute>>(attributes: I) -> Self {
        Self(attributes.into_iter().collect())
    }
}

impl<'a> IntoIterator for &'a AttributeSet {
    type Item = &'a Attribute;
    type IntoIter = btree_set::Iter<'a, Attribute>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for AttributeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, attribute) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{attribute}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_lists_with_commas() {
        let set: AttributeSet = "b, n = 7, a ,\"c, d\",b, hired=2026-01-31".parse().unwrap();
        assert_eq!(set.to_string(), "a, b, \"c, d\", hired = 2026-01-31, n = 7");
        assert_eq!(set.to_string().parse(), Ok(set));
        assert_eq!("".parse(), Ok(AttributeSet::default()));
        for wrong in [
            ",",
            "a,",
            "a b",
            "a,,b",
            "(a)",
            "a and b",
            "a =",
            "a = b",
            "= 3",
            "a == 3",
            "a = 3 4",
            "a = 4294967296",
            "a = 2026-02-30",
            "a = -1",
            "a = \"3\"",
            "a = 3 = 3",
            "a >= 3",
        ] {
            assert!(wrong.parse::<AttributeSet>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn sets_have_one_encoding() {
        let set: AttributeSet = "b, n = 7, a".parse().unwrap();
        let bytes = set.to_bytes();
        assert_eq!(
            bytes,
            b"\x03\0\0\0\0\x01\0\0\0a\0\x01\0\0\0b\x01\x01\0\0\0n\0\x07\0\0\0"
        );
        assert_eq!(AttributeSet::from_bytes(&bytes), Ok(set));
        let mut swapped = bytes.clone();
        (swapped[9], swapped[15]) = (b'b', b'a');
        for wrong in [&swapped[..], &bytes[1..], &[&bytes[..], b"\0"].concat()] {
            assert!(AttributeSet::from_bytes(wrong).is_err());
        }
        for end in 0..bytes.len() {
            assert!(AttributeSet::from_bytes(&bytes[..end]).is_err());
        }
    }

    #[test]
    fn names_and_values_are_different() {
        let set: AttributeSet = "n, n = 3, \"n = 3\", m = 1".parse().unwrap();
        assert_eq!(set.len(), 4);
        assert_eq!(set.to_string(), "n, \"n = 3\", m = 1, n = 3");
        let label = Name::new("n").unwrap();
        let values: Vec<_> = set.values_of(&label).collect();
        assert_eq!(values, [&Value::Integer(3)]);
    }
}
