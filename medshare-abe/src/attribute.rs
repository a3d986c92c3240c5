//! Attributes and sets of them.

use core::fmt;
use core::str::FromStr;
use std::collections::BTreeSet;
use std::collections::btree_set;

use borsh::{BorshDeserialize, BorshSerialize};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::error::{AttributeError, SyntaxError};
use crate::policy::lexer;

/// The longest attribute, bytes after normalisation.
pub const MAX_ATTRIBUTE_LEN: usize = 256;

/// A name that a key holds or a policy asks for, such as `role:cardiologist`.
///
/// The scheme hashes its bytes, so two attributes are the same exactly when their bytes are. Names
/// are kept in Unicode normalisation form C: `é` is one attribute however it was typed. Case, and
/// everything else, distinguishes; an attribute matches whole or not at all.
///
/// `Display` and `FromStr` use the spelling of policies: quoted where a character needs it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize)]
pub struct Attribute(String);

impl Attribute {
    /// The attribute of that name, without quotation marks or escapes.
    ///
    /// # Errors
    /// [`AttributeError`] for a name that is empty, longer than [`MAX_ATTRIBUTE_LEN`], surrounded
    /// by white space, or holds a control character.
    pub fn new(name: &str) -> Result<Self, AttributeError> {
        // Form C is never shorter than a third of any other form.
        if name.len() > 3 * MAX_ATTRIBUTE_LEN {
            return Err(AttributeError::TooLong {
                length: name.len(),
                limit: MAX_ATTRIBUTE_LEN,
            });
        }
        let name: String = name.nfc().collect();
        if name.is_empty() {
            return Err(AttributeError::Empty);
        }
        if name.len() > MAX_ATTRIBUTE_LEN {
            return Err(AttributeError::TooLong {
                length: name.len(),
                limit: MAX_ATTRIBUTE_LEN,
            });
        }
        if name.chars().any(char::is_control) {
            return Err(AttributeError::ControlCharacter);
        }
        if name.trim() != name {
            return Err(AttributeError::SurroundingSpace);
        }
        Ok(Self(name))
    }

    /// The name, without quotation marks.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if lexer::is_bare(&self.0) {
            return f.write_str(&self.0);
        }
        f.write_str("\"")?;
        for character in self.0.chars() {
            if matches!(character, '"' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{character}")?;
        }
        f.write_str("\"")
    }
}

impl fmt::Debug for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attribute({self})")
    }
}

impl FromStr for Attribute {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        lexer::single_attribute(text)
    }
}

impl BorshDeserialize for Attribute {
    fn deserialize_reader<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Self> {
        Self::from_canonical(&String::deserialize_reader(reader)?)
            .ok_or_else(|| borsh::io::Error::new(borsh::io::ErrorKind::InvalidData, "attribute"))
    }
}

impl Attribute {
    /// The attribute whose normalised name this is; none if the name is not normalised.
    pub(crate) fn from_canonical(name: &str) -> Option<Self> {
        Self::new(name).ok().filter(|_| is_nfc(name))
    }
}

/// The attributes of one person.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttributeSet(BTreeSet<Attribute>);

impl AttributeSet {
    /// Whether the attribute is in it.
    #[must_use]
    pub fn contains(&self, attribute: &Attribute) -> bool {
        self.0.contains(attribute)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in ascending order of their bytes.
    pub fn iter(&self) -> btree_set::Iter<'_, Attribute> {
        self.0.iter()
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

impl FromStr for AttributeSet {
    type Err = SyntaxError;

    /// A list with commas: `role:cardiologist, "ward 3"`. The empty text is the empty set.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        lexer::attribute_list(text).map(Self)
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
    fn spellings_of_one_name_are_one_attribute() {
        let composed = Attribute::new("hospital:charit\u{e9}").unwrap();
        for spelling in [
            "hospital:charité",
            "hospital:charite\u{301}",
            "\"hospital:charité\"",
            "  \"hospital:charite\u{301}\" ",
        ] {
            assert_eq!(spelling.parse(), Ok(composed.clone()), "{spelling}");
        }
        assert_ne!(Attribute::new("hospital:Charité").unwrap(), composed);
        assert_ne!(Attribute::new("hospital:charite").unwrap(), composed);
    }

    #[test]
    fn display_round_trips() {
        for name in [
            "a",
            "ward 3",
            "say \"x\\y\"",
            "and",
            "OF",
            "a,b",
            "心臓",
            "x)",
            "-:._",
        ] {
            let attribute = Attribute::new(name).unwrap();
            assert_eq!(attribute.to_string().parse(), Ok(attribute), "{name}");
        }
        assert_eq!(
            Attribute::new("role:nurse").unwrap().to_string(),
            "role:nurse"
        );
        assert_eq!(Attribute::new("AND").unwrap().to_string(), "\"AND\"");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long = "x".repeat(MAX_ATTRIBUTE_LEN);
        assert!(Attribute::new(&long).is_ok());
        assert!(matches!(
            Attribute::new(&(long + "x")),
            Err(AttributeError::TooLong { length: 257, .. })
        ));
        assert_eq!(Attribute::new(""), Err(AttributeError::Empty));
        assert_eq!(
            Attribute::new("a\0b"),
            Err(AttributeError::ControlCharacter)
        );
        assert_eq!(Attribute::new(" a"), Err(AttributeError::SurroundingSpace));
        assert!(Attribute::from_canonical("charite\u{301}").is_none());
    }

    #[test]
    fn sets_are_lists_with_commas() {
        let set: AttributeSet = "b, a ,\"c, d\",b".parse().unwrap();
        assert_eq!(set.to_string(), "a, b, \"c, d\"");
        assert_eq!(set.to_string().parse(), Ok(set));
        assert_eq!("".parse(), Ok(AttributeSet::default()));
        for wrong in [",", "a,", "a b", "a,,b", "(a)", "a and b"] {
            assert!(wrong.parse::<AttributeSet>().is_err(), "{wrong}");
        }
    }
}
