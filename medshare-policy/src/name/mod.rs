//! Names of attributes, of labels and of the values of enumerations.

pub(crate) mod characters;
pub(crate) mod spelling;

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Maximum length of a name in bytes, after normalisation.
pub const MAX_NAME_LEN: usize = 256;

/// A name such as `role:cardiologist` or `clearance`.
///
/// The scheme hashes a name's bytes, so two names are equal exactly when their bytes are. Names are
/// kept in Unicode normalisation form C: `é` is one name however it was typed. Case is significant,
/// and a name matches whole or not at all.
///
/// # Security
/// A name holds no character that is invisible, changes the direction of writing or ends a line, so
/// a displayed policy or log line reads as it is. This includes joiners (U+200C, U+200D) and
/// variation selectors, although some scripts and emoji look better with them: without them, a word
/// has the same letters. Letters of different scripts that look alike are different names.
///
/// `Display` and `FromStr` use the spelling of policies: quoted where a character needs it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize)]
pub struct Name(String);

/// The reason why a text is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum NameError {
    /// The text is empty.
    #[error("a name must not be empty")]
    Empty,
    /// The text exceeds [`MAX_NAME_LEN`].
    #[error("a name of {length} bytes exceeds the limit of {limit}")]
    TooLong { length: usize, limit: usize },
    /// The character is invisible, moves its neighbours, or has no meaning of its own.
    #[error("a name must not hold U+{:04X}, which is invisible, moves its neighbours, or has no meaning of its own", u32::from(*.character))]
    InvisibleCharacter {
        /// The first such character.
        character: char,
    },
    /// The text begins or ends with white space, which a reader would miss.
    #[error("a name must not begin or end with white space")]
    SurroundingSpace,
    /// The text begins with a combining mark, which would be drawn over the text before the name.
    #[error("a name must not begin with a combining mark")]
    LeadingMark,
}

impl Name {
    /// Makes a name of a text without quotation marks or escapes.
    ///
    /// # Errors
    /// [`NameError`] for a name that is empty, longer than [`MAX_NAME_LEN`], surrounded by spaces,
    /// begins with a combining mark, or holds a character that is invisible (default-ignorable), a
    /// control or format character (including all that change the direction of writing), white
    /// space other than U+0020, private-use or a noncharacter.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let too_long = |length| NameError::TooLong {
            length,
            limit: MAX_NAME_LEN,
        };
        // Form C is never shorter than a third of any other form.
        if name.len() > 3 * MAX_NAME_LEN {
            return Err(too_long(name.len()));
        }
        let name: String = name.nfc().collect();
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        if name.len() > MAX_NAME_LEN {
            return Err(too_long(name.len()));
        }
        if let Some(character) = name.chars().find(|c| characters::is_refused(*c)) {
            return Err(NameError::InvisibleCharacter { character });
        }
        if name.trim() != name {
            return Err(NameError::SurroundingSpace);
        }
        if name.starts_with(is_combining_mark) {
            return Err(NameError::LeadingMark);
        }
        Ok(Self(name))
    }

    /// The normalised text, without quotation marks.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As [`Self::new`], but only for text that is already normalised.
    pub(crate) fn from_canonical(name: &str) -> Option<Self> {
        Self::new(name).ok().filter(|_| is_nfc(name))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        spelling::write(f, &self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

impl BorshDeserialize for Name {
    fn deserialize_reader<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Self> {
        Self::from_canonical(&String::deserialize_reader(reader)?).ok_or_else(|| {
            borsh::io::Error::new(borsh::io::ErrorKind::InvalidData, "not a canonical name")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_equal() {
        let composed = Name::new("hospital:charit\u{e9}").unwrap();
        for spelling in [
            "hospital:charité",
            "hospital:charite\u{301}",
            "\"hospital:charité\"",
            "  \"hospital:charite\u{301}\" ",
        ] {
            assert_eq!(spelling.parse(), Ok(composed.clone()), "{spelling}");
        }
        assert_ne!(Name::new("hospital:Charité").unwrap(), composed);
        assert_ne!(Name::new("hospital:charite").unwrap(), composed);
    }

    #[test]
    fn display_round_trips() {
        for text in [
            "a",
            "ward 3",
            "say \"x\\y\"",
            "and",
            "OF",
            "In",
            "a,b",
            "心臓",
            "x)",
            "-:._",
            "a..b",
            "..",
            "a=b",
            "3<4",
            "2026-01-31",
            "007",
        ] {
            let name = Name::new(text).unwrap();
            assert_eq!(name.to_string().parse(), Ok(name), "{text}");
        }
        assert_eq!(Name::new("role:nurse").unwrap().to_string(), "role:nurse");
        assert_eq!(Name::new("AND").unwrap().to_string(), "\"AND\"");
        assert_eq!(Name::new("1..2").unwrap().to_string(), "\"1..2\"");
    }

    #[test]
    fn invalid_names_are_refused() {
        let long = "x".repeat(MAX_NAME_LEN);
        assert!(Name::new(&long).is_ok());
        assert!(matches!(
            Name::new(&(long + "x")),
            Err(NameError::TooLong { length: 257, .. })
        ));
        assert_eq!(Name::new(""), Err(NameError::Empty));
        assert_eq!(Name::new(" a"), Err(NameError::SurroundingSpace));
        assert_eq!(Name::new("\u{338}a"), Err(NameError::LeadingMark));
        assert!(Name::from_canonical("charite\u{301}").is_none());
    }

    #[test]
    fn invisible_characters_are_refused() {
        for character in [
            '\0',
            '\n',
            '\u{7f}',
            '\u{85}',
            '\u{a0}',
            '\u{ad}',
            '\u{34f}',
            '\u{115f}',
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{200e}',
            '\u{2028}',
            '\u{2029}',
            '\u{202e}',
            '\u{2066}',
            '\u{2069}',
            '\u{2800}',
            '\u{3000}',
            '\u{3164}',
            '\u{fdd0}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{e000}',
            '\u{ffff}',
            '\u{e0001}',
            '\u{e0100}',
            '\u{10ffff}',
        ] {
            let expected = NameError::InvisibleCharacter { character };
            for text in [format!("role:nurse{character}"), format!("a{character}b")] {
                assert_eq!(Name::new(&text), Err(expected.clone()));
                assert!(Name::from_canonical(&text).is_none());
                assert!(format!("\"{text}\"").parse::<Name>().is_err());
            }
            let printed = expected.to_string();
            assert!(printed.contains(&format!("U+{:04X}", u32::from(character))));
            assert!(!printed.contains(character));
        }
        for name in [
            "ward 3",
            "心臓",
            "a\u{323}b",
            "🫀",
            "हृदय",
            "עברית",
            "قلب",
            "x\u{378}",
        ] {
            let name = Name::new(name).unwrap();
            assert_eq!(name.to_string().parse(), Ok(name));
        }
    }
}
