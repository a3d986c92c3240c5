//! Words, quoted names and marks, each with its place.

use unicode_normalization::char::is_combining_mark;

use crate::error::{NameError, SyntaxError};
use crate::name::{Name, characters};

/// The longest text, bytes: three times the longest canonical form, which no printing exceeds.
pub(crate) const MAX_TEXT_LEN: usize = 3 * super::MAX_POLICY_LEN;

/// Words of the language; `not` is kept for later, so that no policy changes its meaning when it
/// gets one.
const RESERVED: [&str; 5] = ["and", "or", "not", "of", "in"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Name {
        name: Name,
        /// Whether it stood in quotation marks.
        quoted: bool,
    },
    And,
    Or,
    Of,
    In,
    Comparison(Comparison),
    /// `=`
    Assign,
    /// `..`
    Range,
    Open,
    Close,
    Comma,
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Less,
    AtMost,
    Greater,
    AtLeast,
    Equal,
    NotEqual,
}

/// A name or a value, and where it begins.
pub(crate) struct Placed {
    pub(crate) name: Name,
    pub(crate) quoted: bool,
    pub(crate) position: usize,
}

/// Splits a text into tokens, one at a time.
pub(crate) struct Lexer<'t> {
    text: &'t str,
    position: usize,
}

impl<'t> Lexer<'t> {
    pub(crate) fn new(text: &'t str) -> Result<Self, SyntaxError> {
        if text.len() > MAX_TEXT_LEN {
            return Err(SyntaxError::TooLong {
                length: text.len(),
                limit: MAX_TEXT_LEN,
            });
        }
        Ok(Self { text, position: 0 })
    }

    /// The next token and where it begins.
    pub(crate) fn next(&mut self) -> Result<(usize, Token), SyntaxError> {
        let rest = self.text[self.position..].trim_start();
        let position = self.text.len() - rest.len();
        let Some(first) = rest.chars().next() else {
            self.position = position;
            return Ok((position, Token::End));
        };
        let (length, token) = match first {
            '(' => (1, Token::Open),
            ')' => (1, Token::Close),
            ',' => (1, Token::Comma),
            '"' => quoted(rest, position)?,
            _ if rest.starts_with("...") => return Err(slip(position, RANGE)),
            _ if rest.starts_with("..") => (2, Token::Range),
            '<' | '>' | '=' | '!' => comparison(rest, position)?,
            _ => word(rest, position)?,
        };
        self.position = position + length;
        Ok((position, token))
    }

    /// The next token if it is a name.
    pub(crate) fn name(&mut self, expected: &'static str) -> Result<Placed, SyntaxError> {
        match self.next()? {
            (position, Token::Name { name, quoted }) => Ok(Placed {
                name,
                quoted,
                position,
            }),
            (position, _) => Err(SyntaxError::Unexpected { position, expected }),
        }
    }

    /// Refuses anything but the end.
    pub(crate) fn end(&mut self) -> Result<(), SyntaxError> {
        match self.next()? {
            (_, Token::End) => Ok(()),
            (position, _) => Err(SyntaxError::Unexpected {
                position,
                expected: "the end",
            }),
        }
    }
}

/// Whether a name can be written without quotation marks.
pub(crate) fn is_bare(name: &str) -> bool {
    name.chars().all(is_word_character) && !name.contains("..") && !is_reserved(name)
}

fn is_word_character(character: char) -> bool {
    matches!(character, '_' | '.' | ':' | '-')
        || character.is_alphanumeric()
        || is_combining_mark(character)
}

fn is_reserved(word: &str) -> bool {
    RESERVED.iter().any(|kept| word.eq_ignore_ascii_case(kept))
}

fn comparison(rest: &str, position: usize) -> Result<(usize, Token), SyntaxError> {
    let (first, second) = rest.split_at(1);
    Ok(match (first, second.starts_with('=')) {
        ("<", true) => (2, Token::Comparison(Comparison::AtMost)),
        ("<", false) => (1, Token::Comparison(Comparison::Less)),
        (">", true) => (2, Token::Comparison(Comparison::AtLeast)),
        (">", false) => (1, Token::Comparison(Comparison::Greater)),
        ("=", true) => (2, Token::Comparison(Comparison::Equal)),
        ("!", true) => (2, Token::Comparison(Comparison::NotEqual)),
        ("=", false) => (1, Token::Assign),
        _ => return Err(slip(position, NEGATION)),
    })
}

fn word(rest: &str, position: usize) -> Result<(usize, Token), SyntaxError> {
    let length = rest.find(|c| !is_word_character(c)).unwrap_or(rest.len());
    // Two dots are the middle of a range.
    let length = rest[..length].find("..").unwrap_or(length);
    let word = &rest[..length];
    // A quotation mark, too, may not follow a word at once: `a"b"` is more likely a slip.
    if let Some(character) = rest[length..].chars().next()
        && !character.is_whitespace()
        && !matches!(character, '(' | ')' | ',' | '<' | '>' | '=' | '!' | '.')
    {
        return Err(stray(character, position + length));
    }
    let token = match word {
        _ if word.eq_ignore_ascii_case("and") => Token::And,
        _ if word.eq_ignore_ascii_case("or") => Token::Or,
        _ if word.eq_ignore_ascii_case("of") => Token::Of,
        _ if word.eq_ignore_ascii_case("in") => Token::In,
        _ if is_reserved(word) => return Err(slip(position, NEGATION)),
        _ => name_token(word, position, false)?,
    };
    Ok((length, token))
}

fn quoted(rest: &str, position: usize) -> Result<(usize, Token), SyntaxError> {
    let mut name = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((offset, character)) = characters.next() {
        match character {
            '"' => return Ok((offset + 1, name_token(&name, position, true)?)),
            '\\' => match characters.next() {
                Some((_, escaped @ ('"' | '\\'))) => name.push(escaped),
                Some(_) => {
                    return Err(SyntaxError::InvalidEscape {
                        position: position + offset,
                    });
                }
                None => break,
            },
            _ => name.push(character),
        }
    }
    Err(SyntaxError::UnclosedQuote { position })
}

fn name_token(name: &str, position: usize, quoted: bool) -> Result<Token, SyntaxError> {
    Name::new(name)
        .map(|name| Token::Name { name, quoted })
        .map_err(|source| SyntaxError::InvalidName { position, source })
}

const NEGATION: &str =
    "there is no `not`; `label != value` asks for another value of an enumeration";
pub(super) const RANGE: &str = "a range is written with two dots, `in 3..5`";

pub(super) const fn slip(position: usize, advice: &'static str) -> SyntaxError {
    SyntaxError::Slip { position, advice }
}

/// A character that begins no token, or follows a word at once: what was meant, if that is known.
fn stray(character: char, position: usize) -> SyntaxError {
    let advice = match character {
        '&' | '∧' => "write `and`",
        '|' | '∨' => "write `or`",
        '¬' | '~' => NEGATION,
        '≤' => "write `<=`",
        '≥' => "write `>=`",
        '≠' => "write `!=`",
        '…' | '–' | '—' => RANGE,
        '\'' | '`' | '´' | '‘'..='‟' | '«' | '»' | '‹' | '›' => {
            "quotation marks are straight and double: \"ward 3\""
        }
        _ if characters::is_refused(character) => {
            let source = NameError::InvisibleCharacter { character };
            return SyntaxError::InvalidName { position, source };
        }
        _ => {
            return SyntaxError::InvalidCharacter {
                position,
                character,
            };
        }
    };
    slip(position, advice)
}
