//! Names, attributes and lists of attributes from text.

use core::str::FromStr;

use super::error::SyntaxError;
use super::lexer::{Lexer, Operator, Token, misspelling};
use super::literal::literal;
use crate::attribute::{Attribute, AttributeSet};
use crate::enumeration::Enumerations;
use crate::name::Name;

impl FromStr for Name {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut lexer = Lexer::new(text)?;
        let word = lexer.name("a name")?;
        lexer.end()?;
        Ok(word.name)
    }
}

impl Attribute {
    /// Parses an attribute that may have a value of an enumeration.
    ///
    /// # Errors
    /// [`SyntaxError`] with the byte offset.
    pub fn parse(text: &str, enumerations: &Enumerations) -> Result<Self, SyntaxError> {
        let mut lexer = Lexer::new(text)?;
        match attribute(&mut lexer, enumerations)? {
            (attribute, _, Token::End) => Ok(attribute),
            (_, position, _) => Err(SyntaxError::Unexpected {
                position,
                expected: "the end",
            }),
        }
    }
}

impl FromStr for Attribute {
    type Err = SyntaxError;

    /// As [`Attribute::parse`], without enumerations.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text, &Enumerations::new())
    }
}

impl AttributeSet {
    /// Parses a list with commas: `role:cardiologist, "ward 3", clearance = 3`. The empty text is
    /// the empty set.
    ///
    /// # Errors
    /// [`SyntaxError`] with the byte offset.
    pub fn parse(text: &str, enumerations: &Enumerations) -> Result<Self, SyntaxError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let mut attributes = Vec::new();
        let mut lexer = Lexer::new(text)?;
        loop {
            let (attribute, position, next) = attribute(&mut lexer, enumerations)?;
            attributes.push(attribute);
            match next {
                Token::End => return Ok(attributes.into_iter().collect()),
                Token::Comma => {}
                _ => {
                    return Err(SyntaxError::Unexpected {
                        position,
                        expected: "`=`, a comma or the end",
                    });
                }
            }
        }
    }
}

impl FromStr for AttributeSet {
    type Err = SyntaxError;

    /// As [`AttributeSet::parse`], without enumerations.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text, &Enumerations::new())
    }
}

/// A name, or a label, `=` and its value; then the byte offset of the next token, and that token.
fn attribute(
    lexer: &mut Lexer<'_>,
    enumerations: &Enumerations,
) -> Result<(Attribute, usize, Token), SyntaxError> {
    let label = lexer.name("an attribute")?;
    let (position, next) = lexer.next()?;
    match next {
        Token::Assign => {}
        Token::Operator(Operator::Equal) => {
            return Err(misspelling(position, "write `=` outside policies"));
        }
        _ => return Ok((label.name.into(), position, next)),
    }
    let word = lexer.name("a value")?;
    let value = literal(&label, &word, enumerations)?;
    let (end, after) = lexer.next()?;
    Ok((Attribute::with_value(label.name, value), end, after))
}
