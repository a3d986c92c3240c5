//! How names are written in texts: bare, or in quotation marks.

use core::fmt;

use unicode_normalization::char::is_combining_mark;

/// Words of the language. `not` is reserved for later, so that no policy changes its meaning when
/// the language gains it.
const RESERVED: [&str; 5] = ["and", "or", "not", "of", "in"];

/// Whether a name can be written without quotation marks.
pub(crate) fn is_bare(name: &str) -> bool {
    name.chars().all(is_word_character) && !name.contains("..") && !is_reserved(name)
}

/// Whether bare names may hold the character.
pub(crate) fn is_word_character(character: char) -> bool {
    matches!(character, '_' | '.' | ':' | '-')
        || character.is_alphanumeric()
        || is_combining_mark(character)
}

pub(crate) fn is_reserved(word: &str) -> bool {
    RESERVED.iter().any(|kept| word.eq_ignore_ascii_case(kept))
}

/// Writes a name, quoted and escaped where it is not bare.
pub(super) fn write(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    if is_bare(name) {
        return f.write_str(name);
    }
    f.write_str("\"")?;
    for character in name.chars() {
        if matches!(character, '"' | '\\') {
            f.write_str("\\")?;
        }
        write!(f, "{character}")?;
    }
    f.write_str("\"")
}
