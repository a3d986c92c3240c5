//! Words, quoted names and marks, each with its place.

use std::collections::BTreeSet;

use unicode_normalization::char::is_combining_mark;

use crate::attribute::Attribute;
use crate::error::SyntaxError;

/// The longest text, bytes: three times the longest canonical form, which no printing exceeds.
pub(crate) const MAX_TEXT_LEN: usize = 3 * super::MAX_POLICY_LEN;

/// Words of the language; `not` is kept for later, so that no policy changes its meaning when it
/// gets one.
const RESERVED: [&str; 4] = ["and", "or", "not", "of"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Name {
        name: Attribute,
        /// Whether it stood in quotation marks.
        quoted: bool,
    },
    And,
    Or,
    Of,
    Open,
    Close,
    Comma,
    End,
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
            _ => word(rest, position)?,
        };
        self.position = position + length;
        Ok((position, token))
    }
}

/// Whether a name can be written without quotation marks.
pub(crate) fn is_bare(name: &str) -> bool {
    name.chars().all(is_word_character) && !is_reserved(name)
}

/// A text that is one attribute.
pub(crate) fn single_attribute(text: &str) -> Result<Attribute, SyntaxError> {
    let mut lexer = Lexer::new(text)?;
    let attribute = name(&mut lexer)?;
    match lexer.next()? {
        (_, Token::End) => Ok(attribute),
        (position, _) => Err(SyntaxError::Unexpected {
            position,
            expected: "the end",
        }),
    }
}

/// A list of attributes with commas between them; the empty text is the empty list.
pub(crate) fn attribute_list(text: &str) -> Result<BTreeSet<Attribute>, SyntaxError> {
    let mut set = BTreeSet::new();
    if text.trim().is_empty() {
        return Ok(set);
    }
    let mut lexer = Lexer::new(text)?;
    loop {
        set.insert(name(&mut lexer)?);
        match lexer.next()? {
            (_, Token::End) => return Ok(set),
            (_, Token::Comma) => {}
            (position, _) => {
                return Err(SyntaxError::Unexpected {
                    position,
                    expected: "a comma or the end",
                });
            }
        }
    }
}

fn name(lexer: &mut Lexer<'_>) -> Result<Attribute, SyntaxError> {
    match lexer.next()? {
        (_, Token::Name { name, .. }) => Ok(name),
        (position, _) => Err(SyntaxError::Unexpected {
            position,
            expected: "an attribute",
        }),
    }
}

fn is_word_character(character: char) -> bool {
    matches!(character, '_' | '.' | ':' | '-')
        || character.is_alphanumeric()
        || is_combining_mark(character)
}

fn is_reserved(word: &str) -> bool {
    RESERVED.iter().any(|kept| word.eq_ignore_ascii_case(kept))
}

fn word(rest: &str, position: usize) -> Result<(usize, Token), SyntaxError> {
    let length = rest.find(|c| !is_word_character(c)).unwrap_or(rest.len());
    let word = &rest[..length];
    // A quotation mark, too, may not follow a word at once: `a"b"` is more likely a slip.
    if let Some(character) = rest[length..].chars().next()
        && !character.is_whitespace()
        && !matches!(character, '(' | ')' | ',')
    {
        return Err(SyntaxError::InvalidCharacter {
            position: position + length,
            character,
        });
    }
    let token = match word {
        _ if word.eq_ignore_ascii_case("and") => Token::And,
        _ if word.eq_ignore_ascii_case("or") => Token::Or,
        _ if word.eq_ignore_ascii_case("of") => Token::Of,
        _ if is_reserved(word) => return Err(SyntaxError::ReservedWord { position }),
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
    Attribute::new(name)
        .map(|name| Token::Name { name, quoted })
        .map_err(|source| SyntaxError::InvalidAttribute { position, source })
}
