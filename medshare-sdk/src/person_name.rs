//! Names of people, as they are typed.

use medshare_abe::policy::{Name, NameError};
use unicode_normalization::UnicodeNormalization as _;

use crate::error::{Error, Result};

/// Longest name of a person, in bytes of UTF-8 after normalisation. With it, the names of all of a
/// person's entries fit into every key store.
pub const MAX_PERSON_NAME_LEN: usize = 160;

/// A name in normalisation form C, without invisible or control characters: the rules of [`Name`].
///
/// Key stores that were written before these rules have other spellings, so a look-up tries
/// [`spellings`] in turn; new entries have the canonical name.
#[derive(Debug)]
pub(crate) struct PersonName(Name);

impl PersonName {
    /// # Errors
    /// [`Error::InvalidPersonName`].
    pub(crate) fn new(typed: &str) -> Result<Self> {
        let refused = |source: NameError| Error::InvalidPersonName {
            name: typed.to_owned(),
            source: Box::new(source),
        };
        let too_long = |length| NameError::TooLong {
            length,
            limit: MAX_PERSON_NAME_LEN,
        };
        let name = Name::new(typed).map_err(|error| match error {
            NameError::TooLong { length, .. } => refused(too_long(length)),
            error => refused(error),
        })?;
        match name.as_str().len() {
            length if length > MAX_PERSON_NAME_LEN => Err(refused(too_long(length))),
            _ => Ok(Self(name)),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// The names that a person may be stored under, in the order of look-ups: as typed, composed,
/// decomposed. The first is the person's whose spelling was typed, if two were enrolled under two
/// spellings of one name.
pub(crate) fn spellings(typed: &str) -> Vec<String> {
    let mut spellings = vec![typed.to_owned()];
    for spelling in [typed.nfc().collect(), typed.nfd().collect()] {
        if !spellings.contains(&spelling) {
            spellings.push(spelling);
        }
    }
    spellings
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_one_name() {
        let [composed, decomposed] = ["Jos\u{e9}", "Jose\u{301}"];
        for typed in [composed, decomposed] {
            assert_eq!(PersonName::new(typed).unwrap().as_str(), composed);
        }
        assert_eq!(spellings(composed), [composed, decomposed]);
        assert_eq!(spellings(decomposed), [decomposed, composed]);
        assert_eq!(spellings("Ada"), ["Ada"]);
    }

    #[test]
    fn the_limit_is_named_however_long_the_name_is() {
        // Each e with its accent has 3 bytes, and 2 once composed.
        let composed = "e\u{301}".repeat(MAX_PERSON_NAME_LEN / 2);
        PersonName::new(&composed).unwrap();
        for length in [MAX_PERSON_NAME_LEN + 1, 257, 10_000] {
            let error = PersonName::new(&"x".repeat(length)).unwrap_err();
            let limit = format!("limit of {MAX_PERSON_NAME_LEN}");
            assert!(error.to_string().contains(&limit), "{error}");
        }
    }
}
