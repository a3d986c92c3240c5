//! Enumerations: labels whose values are listed, in lists that only grow.
//!
//! `hospital != charité` means: has the label `hospital` with another value. The scheme has no
//! negation, so every value has a number, its index in the list, and the policy asks for one of the
//! prefixes of all other numbers, including those of future values. A value therefore keeps its
//! number permanently, and a key holds one value of a label: a key with two would satisfy every
//! `!=`.
//!
//! Enumerations do not revoke. A key issued for `hospital = charité` stays valid when its holder
//! moves, and a person without the label satisfies neither `==` nor `!=`.

use std::collections::{BTreeMap, btree_map};

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{Digest, Wire, canonical_bytes, hash};

use crate::error::PolicyError;
use crate::name::Name;
use crate::value::{EnumValue, EnumerationId};

/// Maximum number of values of an enumeration.
pub const MAX_VALUES: usize = 1 << 16;

/// The values that a label can have.
///
/// Parties with different lists mean different things by `hospital == charité`. The list therefore
/// has one canonical form, and is compared by its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enumeration {
    id: EnumerationId,
    label: Name,
    values: Vec<Name>,
    /// Index of each value in the list.
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
    /// [`PolicyError::DuplicateValue`], or [`PolicyError::EnumerationFull`] after [`MAX_VALUES`].
    pub fn append(&mut self, value: Name) -> Result<(), PolicyError> {
        if self.numbers.contains_key(&value) {
            return Err(PolicyError::DuplicateValue { value });
        }
        let number = u16::try_from(self.values.len())
            .map_err(|_| PolicyError::EnumerationFull { limit: MAX_VALUES })?;
        self.numbers.insert(value.clone(), number);
        self.values.push(value);
        Ok(())
    }

    /// The identifier, which never changes.
    #[must_use]
    pub const fn id(&self) -> EnumerationId {
        self.id
    }

    /// The label whose values are listed.
    #[must_use]
    pub const fn label(&self) -> &Name {
        &self.label
    }

    /// The values in the order in which they were added.
    #[must_use]
    pub fn values(&self) -> &[Name] {
        &self.values
    }

    /// The value of this name with its number; `None` if the list does not have it.
    #[must_use]
    pub fn value(&self, name: &Name) -> Option<EnumValue> {
        Some(EnumValue {
            enumeration: self.id,
            number: *self.numbers.get(name)?,
            name: name.clone(),
        })
    }

    /// H(enumeration): the digest of the canonical bytes, which fixes the meaning of every
    /// comparison with the values.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest("medshare/abe/enumeration/v1", &[&self.to_wire()])
    }

    /// Whether this is `other`, possibly with more values.
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

/// The registered enumerations, one a label, with which policies and attributes are parsed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enumerations(BTreeMap<Name, Enumeration>);

impl Enumerations {
    /// A registry without enumerations.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Registers an enumeration, or a longer state of a registered one.
    ///
    /// # Errors
    /// [`PolicyError::EnumerationConflict`] when the label has another enumeration or one that this
    /// does not continue, or when the id is registered for another label.
    pub fn register(&mut self, enumeration: Enumeration) -> Result<(), PolicyError> {
        let fits = |known: &Enumeration| {
            (known.label != enumeration.label && known.id != enumeration.id)
                || enumeration.continues(known)
        };
        if !self.0.values().all(fits) {
            let label = enumeration.label;
            return Err(PolicyError::EnumerationConflict { label });
        }
        self.0.insert(enumeration.label.clone(), enumeration);
        Ok(())
    }

    /// The enumeration of a label.
    #[must_use]
    pub fn of(&self, label: &Name) -> Option<&Enumeration> {
        self.0.get(label)
    }

    /// All enumerations in ascending order of their labels.
    pub fn iter(&self) -> btree_map::Values<'_, Name, Enumeration> {
        self.0.values()
    }

    /// Whether a label with this value means what its text says; `None` stands for a number or a
    /// date.
    ///
    /// A value must be registered under the label with this number and this name. A label with a
    /// number or a date must have no enumeration: `hospital = 3` would be read as the hospital named
    /// 3.
    pub(crate) fn agree(&self, label: &Name, value: Option<&EnumValue>) -> bool {
        let list = self.of(label);
        match value {
            Some(value) => list.and_then(|list| list.value(&value.name)).as_ref() == Some(value),
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
        let before = hospitals.value(&name("b")).unwrap();
        assert_eq!(before.number, 1);
        hospitals.append(name("c")).unwrap();
        assert_eq!(hospitals.value(&name("b")), Some(before));
        assert_eq!(hospitals.value(&name("d")), None);
        let value = name("b");
        let twice = hospitals.append(value.clone());
        assert_eq!(twice, Err(PolicyError::DuplicateValue { value }));
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
                Err(PolicyError::EnumerationConflict { label })
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
        // A repeated value, and two that are not names.
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
            Err(PolicyError::EnumerationFull { limit })
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
