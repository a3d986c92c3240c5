//! Enumerations: labels with one value of a list that only grows.
//!
//! `hospital != charité` means: has the label `hospital`, with another value. The scheme has no
//! negation, so every value has a number, its place in the list, and the policy asks for one of the
//! prefixes of all other numbers, also those of values to come. That is why a value keeps its
//! number for ever, and why a key has one value of a label: one who held two would satisfy every
//! `!=`.
//!
//! It is no way to take anything back: who was `hospital = charité` keeps that key when the label
//! changes, and a person without the label satisfies neither `==` nor `!=`.

use core::fmt;
use std::collections::{BTreeMap, btree_map};

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{Digest, Wire, canonical_bytes, hash};

use crate::attribute::Attribute;
use crate::error::EnumerationError;
use crate::name::Name;
use crate::policy::{Condition, Test};
use crate::value::Value;

/// The most values of one enumeration.
pub const MAX_VALUES: usize = 1 << 16;

/// What names an enumeration for ever, such as the digest of its registration. It is hashed into
/// every attribute, so that two lists under one label are never mixed up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct EnumerationId(pub [u8; 32]);

impl fmt::Debug for EnumerationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnumerationId(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// The values that a label can have.
///
/// Whoever has another list means something else by `hospital == charité`, so that the list is kept
/// and sent in one form, and compared by its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enumeration {
    id: EnumerationId,
    label: Name,
    values: Vec<Name>,
    /// The places of the values in the list.
    numbers: BTreeMap<Name, u16>,
}

impl Enumeration {
    /// An enumeration without values.
    #[must_use]
    pub const fn new(id: EnumerationId, label: Name) -> Self {
        Self {
            id,
            label,
            values: Vec::new(),
            numbers: BTreeMap::new(),
        }
    }

    /// Adds a value at the end.
    ///
    /// # Errors
    /// [`EnumerationError::Duplicate`] for a value it has, [`EnumerationError::Full`] after
    /// [`MAX_VALUES`].
    pub fn append(&mut self, value: Name) -> Result<(), EnumerationError> {
        if self.numbers.contains_key(&value) {
            return Err(EnumerationError::Duplicate { value });
        }
        let number = u16::try_from(self.values.len());
        let number = number.map_err(|_| EnumerationError::Full { limit: MAX_VALUES })?;
        self.numbers.insert(value.clone(), number);
        self.values.push(value);
        Ok(())
    }

    /// What names it for ever.
    #[must_use]
    pub const fn id(&self) -> EnumerationId {
        self.id
    }

    /// The label.
    #[must_use]
    pub const fn label(&self) -> &Name {
        &self.label
    }

    /// The values in the order in which they were added.
    #[must_use]
    pub fn values(&self) -> &[Name] {
        &self.values
    }

    /// The attribute of whoever has this value; none if it is not in the list.
    #[must_use]
    pub fn attribute(&self, value: &Name) -> Option<Attribute> {
        let value = Value::Choice(self.choice(value)?);
        Some(Attribute::with_value(self.label.clone(), value))
    }

    /// `label == value`; none if the value is not in the list.
    #[must_use]
    pub fn equal_to(&self, value: &Name) -> Option<Condition> {
        let test = Test::Is(self.choice(value)?);
        Some(Condition::value(self.label.clone(), test))
    }

    /// `label != value`: another value, listed now or later; none if this one is not in the list.
    #[must_use]
    pub fn other_than(&self, value: &Name) -> Option<Condition> {
        let test = Test::IsNot(self.choice(value)?);
        Some(Condition::value(self.label.clone(), test))
    }

    pub(crate) fn choice(&self, value: &Name) -> Option<Choice> {
        Some(Choice {
            enumeration: self.id,
            index: *self.numbers.get(value)?,
            name: value.clone(),
        })
    }

    /// H(enumeration): the digest of the canonical bytes, which says what every comparison with its
    /// values means.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest("medshare/abe/enumeration/v1", &[&self.to_wire()])
    }

    /// Whether this is `other` with more values or as many.
    fn continues(&self, other: &Self) -> bool {
        self.id == other.id && self.label == other.label && self.values.starts_with(&other.values)
    }
}

impl Wire for Enumeration {
    const KIND: [u8; 4] = *b"mENU";
    const MAX_LEN: usize = 1 << 25;
}

canonical_bytes!(Enumeration, ", also for a value that occurs twice");

impl BorshSerialize for Enumeration {
    fn serialize<W: borsh::io::Write>(&self, writer: &mut W) -> borsh::io::Result<()> {
        self.id.serialize(writer)?;
        self.label.serialize(writer)?;
        self.values.serialize(writer)
    }
}

impl BorshDeserialize for Enumeration {
    fn deserialize_reader<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Self> {
        let id = EnumerationId::deserialize_reader(reader)?;
        let mut list = Self::new(id, Name::deserialize_reader(reader)?);
        for _ in 0..u32::deserialize_reader(reader)? {
            list.append(Name::deserialize_reader(reader)?)
                .map_err(|error| borsh::io::Error::new(borsh::io::ErrorKind::InvalidData, error))?;
        }
        Ok(list)
    }
}

/// One value of an enumeration: its number counts, its name is for people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Choice {
    pub(crate) enumeration: EnumerationId,
    pub(crate) index: u16,
    pub(crate) name: Name,
}

impl Choice {
    /// Of which enumeration.
    #[must_use]
    pub const fn enumeration(&self) -> EnumerationId {
        self.enumeration
    }

    /// Its number, which the scheme knows it by.
    #[must_use]
    pub const fn number(&self) -> u16 {
        self.index
    }

    /// Its name, as whoever made the policy or the attribute gave it: `agrees_with` says whether it
    /// is the registered one.
    #[must_use]
    pub const fn name(&self) -> &Name {
        &self.name
    }
}

/// The enumerations that are registered, one a label: what policies and lists of attributes are
/// read with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enumerations(BTreeMap<Name, Enumeration>);

impl Enumerations {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Registers an enumeration, or a longer state of one that is registered.
    ///
    /// # Errors
    /// [`EnumerationError::Conflict`] when its label has another one, or one that it does not
    /// continue, or when another label has its id.
    pub fn register(&mut self, enumeration: Enumeration) -> Result<(), EnumerationError> {
        let fits = |known: &Enumeration| {
            (known.label != enumeration.label && known.id != enumeration.id)
                || enumeration.continues(known)
        };
        if !self.0.values().all(fits) {
            let label = enumeration.label;
            return Err(EnumerationError::Conflict { label });
        }
        self.0.insert(enumeration.label.clone(), enumeration);
        Ok(())
    }

    /// The enumeration of a label.
    #[must_use]
    pub fn of(&self, label: &Name) -> Option<&Enumeration> {
        self.0.get(label)
    }

    /// All of them, in ascending order of their labels.
    pub fn iter(&self) -> btree_map::Values<'_, Name, Enumeration> {
        self.0.values()
    }

    /// Whether a label with this value, none for a number or a date, is what it is shown as: the
    /// value is registered under the label with this number and this name, or the label has no
    /// enumeration, since `hospital = 3` would be read as the hospital that is named 3.
    pub(crate) fn agree(&self, label: &Name, choice: Option<&Choice>) -> bool {
        let list = self.of(label);
        match choice {
            Some(choice) => {
                list.and_then(|list| list.choice(&choice.name)).as_ref() == Some(choice)
            }
            None => list.is_none(),
        }
    }
}

impl<'a> IntoIterator for &'a Enumerations {
    type Item = &'a Enumeration;
    type IntoIter = btree_map::Values<'a, Name, Enumeration>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    fn list(id: u8, label: &str, values: &[&str]) -> Enumeration {
        let mut list = Enumeration::new(EnumerationId([id; 32]), name(label));
        for value in values {
            list.append(name(value)).unwrap();
        }
        list
    }

    #[test]
    fn values_keep_their_numbers() {
        let mut hospitals = list(1, "hospital", &["a", "b"]);
        let before = hospitals.choice(&name("b")).unwrap();
        assert_eq!(before.index, 1);
        hospitals.append(name("c")).unwrap();
        assert_eq!(hospitals.choice(&name("b")), Some(before));
        assert_eq!(hospitals.choice(&name("d")), None);
        let value = name("b");
        let twice = hospitals.append(value.clone());
        assert_eq!(twice, Err(EnumerationError::Duplicate { value }));
    }

    #[test]
    fn a_registered_enumeration_can_only_grow() {
        let mut all = Enumerations::new();
        all.register(list(1, "hospital", &["a", "b"])).unwrap();
        all.register(list(1, "hospital", &["a", "b", "c"])).unwrap();
        all.register(list(2, "country", &["a"])).unwrap();
        let unchanged = all.clone();
        for other in [
            list(1, "hospital", &["a", "b"]),
            list(1, "hospital", &["a", "c", "b"]),
            list(3, "hospital", &["a", "b", "c"]),
            list(1, "ward", &["a", "b", "c"]),
        ] {
            let label = other.label.clone();
            assert_eq!(
                all.register(other),
                Err(EnumerationError::Conflict { label })
            );
        }
        assert_eq!(all, unchanged);
    }
    #[test]
    fn registered_enumerations_are_listed_by_their_labels() {
        let mut all = Enumerations::new();
        all.register(list(1, "hospital", &["a"])).unwrap();
        all.register(list(2, "country", &["a"])).unwrap();
        let labels: Vec<_> = all.iter().map(|list| list.label().as_str()).collect();
        assert_eq!(labels, ["country", "hospital"]);
        assert_eq!((&all).into_iter().count(), 2);
    }

    #[test]
    fn canonical_bytes_do_not_drift() {
        let hospitals = list(7, "hospital", &["b", "é", "a"]);
        let bytes = hospitals.to_bytes();
        let body = b"\x08\0\0\0hospital\x03\0\0\0\x01\0\0\0b\x02\0\0\0\xc3\xa9\x01\0\0\0a";
        assert_eq!(bytes, [b"mENU\0\x01", &[7; 32][..], body].concat());
        assert_eq!(Enumeration::from_bytes(&bytes), Ok(hospitals.clone()));
        for end in 0..bytes.len() {
            assert!(Enumeration::from_bytes(&bytes[..end]).is_err(), "{end}");
        }
        assert!(Enumeration::from_bytes(&[&bytes[..], b"\0"].concat()).is_err());
        // A value twice, an empty one, and one that is no name.
        let last = bytes.len() - 1;
        for wrong in [b'b', b'\n', 0xff] {
            assert!(Enumeration::from_bytes(&[&bytes[..last], &[wrong]].concat()).is_err());
        }
        let other = list(7, "hospital", &["é", "b", "a"]);
        assert_ne!(other.digest(), hospitals.digest());
    }

    #[test]
    fn the_longest_list_fits_and_no_longer_one_is_read() {
        let mut longest = list(1, "hospital", &[]);
        for number in 0..MAX_VALUES {
            longest.append(name(&format!("{number:0256}"))).unwrap();
        }
        let limit = MAX_VALUES;
        assert_eq!(
            longest.append(name("x")),
            Err(EnumerationError::Full { limit })
        );
        let mut bytes = longest.to_bytes();
        assert_eq!(Enumeration::from_bytes(&bytes).as_ref(), Ok(&longest));
        let count = 6 + 32 + 4 + "hospital".len();
        bytes[count..count + 4].copy_from_slice(&65_537u32.to_le_bytes());
        bytes.extend_from_slice(b"\x01\0\0\0x");
        assert!(Enumeration::from_bytes(&bytes).is_err());
        bytes[count..count + 4].fill(0xff);
        assert!(Enumeration::from_bytes(&bytes).is_err());
    }
}
