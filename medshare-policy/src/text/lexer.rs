//! Words, quoted names and operators, each with its byte offset.

use super::error::SyntaxError;
use crate::name::spelling::{is_reserved, is_word_character};
use crate::name::{Name, NameError, characters};
use crate::policy::node::MAX_POLICY_LEN;

/// Maximum length of a text in bytes: three times that of the canonical form, which no policy
/// exceeds when printed.
const MAX_TEXT_LEN: usize = 3 * MAX_POLICY_LEN;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Name {
        name: Name,
        /// Whether the text has quotation marks around it.
        quoted: bool,
    },
    And,
    Or,
    Of,
    In,
    Operator(Operator),
    Assign,
    Range,
    Open,
    Close,
    Comma,
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Less,
    AtMost,
    Greater,
    AtLeast,
    Equal,
    NotEqual,
}

/// A name or a value, with the byte offset at which it begins.
pub(super) struct Word {
    pub(super) name: Name,
    pub(super) quoted: bool,
    pub(super) position: usize,
}

/// Splits a text into tokens, one at a time.
pub(super) struct Lexer<'t> {
    text: &'t str,
    position: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Result<Self, SyntaxError> {
        if text.len() > MAX_TEXT_LEN {
            return Err(SyntaxError::TooLong {
                length: text.len(),
                limit: MAX_TEXT_LEN,
            });
        }
        Ok(Self { text, position: 0 })
    }

    /// The next token and its byte offset.
    pub(super) fn next(&mut self) -> Result<(usize, Token), SyntaxError> {
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
            _ if rest.starts_with("...") => return Err(misspelling(position, RANGE)),
            _ if rest.starts_with("..") => (2, Token::Range),
            '<' | '>' | '=' | '!' => operator(rest, position)?,
            _ => word(rest, position)?,
        };
        self.position = position + length;
        Ok((position, token))
    }

    /// The next token, which must be a name.
    pub(super) fn name(&mut self, expected: &'static str) -> Result<Word, SyntaxError> {
        match self.next()? {
            (position, Token::Name { name, quoted }) => Ok(Word {
                name,
                quoted,
                position,
            }),
            (position, _) => Err(SyntaxError::Unexpected { position, expected }),
        }
    }

    /// Fails unless the text has ended.
    pub(super) fn end(&mut self) -> Result<(), SyntaxError> {
        match self.next()? {
            (_, Token::End) => Ok(()),
            (position, _) => Err(SyntaxError::Unexpected {
                position,
                expected: "the end",
            }),
        }
    }
}

fn operator(rest: &str, position: usize) -> Result<(usize, Token), SyntaxError> {
    let (first, second) = rest.split_at(1);
    Ok(match (first, second.starts_with('=')) {
        ("<", true) => (2, Token::Operator(Operator::AtMost)),
        ("<", false) => (1, Token::Operator(Operator::Less)),
        (">", true) => (2, Token::Operator(Operator::AtLeast)),
        (">", false) => (1, Token::Operator(Operator::Greater)),
        ("=", true) => (2, Token::Operator(Operator::Equal)),
        ("!", true) => (2, Token::Operator(Operator::NotEqual)),
        ("=", false) => (1, Token::Assign),
        _ => return Err(misspelling(position, NEGATION)),
    })
}

fn word(rest: &str, position: usize) -> Result<(usize, Token), SyntaxError> {
    let end = rest.find(|c| !is_word_character(c)).unwrap_or(rest.len());
    // Two dots separate the ends of a range.
    let length = rest[..end].find("..").unwrap_or(end);
    let word = &rest[..length];
    // A quotation mark must not follow a word directly either: `a"b"` is more likely a mistake.
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
        _ if is_reserved(word) => return Err(misspelling(position, NEGATION)),
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

pub(super) const fn misspelling(position: usize, advice: &'static str) -> SyntaxError {
    SyntaxError::Misspelling { position, advice }
}

/// The error for a character that begins no token or directly follows a word, with advice where the
/// intention is known.
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
    misspelling(position, advice)
}
