//! Attributes outside policies: one, or a list with commas between them.

use std::collections::BTreeSet;

use super::lexer::{Comparison, Lexer, Token, slip};
use super::literal::literal;
use crate::attribute::Attribute;
use crate::enumeration::Enumerations;
use crate::error::SyntaxError;

/// A text that is one attribute.
pub(crate) fn single_attribute(
    text: &str,
    enumerations: &Enumerations,
) -> Result<Attribute, SyntaxError> {
    let mut lexer = Lexer::new(text)?;
    match attribute(&mut lexer, enumerations)? {
        (attribute, _, Token::End) => Ok(attribute),
        (_, position, _) => Err(SyntaxError::Unexpected {
            position,
            expected: "the end",
        }),
    }
}

/// A list of attributes with commas between them; the empty text is the empty list.
pub(crate) fn attribute_list(
    text: &str,
    enumerations: &Enumerations,
) -> Result<BTreeSet<Attribute>, SyntaxError> {
    let mut set = BTreeSet::new();
    if text.trim().is_empty() {
        return Ok(set);
    }
    let mut lexer = Lexer::new(text)?;
    loop {
        let (attribute, position, next) = attribute(&mut lexer, enumerations)?;
        set.insert(attribute);
        match next {
            Token::End => return Ok(set),
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

/// A name, or a label, `=` and its value; and the token after it, with its place.
fn attribute(
    lexer: &mut Lexer<'_>,
    enumerations: &Enumerations,
) -> Result<(Attribute, usize, Token), SyntaxError> {
    let label = lexer.name("an attribute")?;
    let (position, next) = lexer.next()?;
    match next {
        Token::Assign => {}
        Token::Comparison(Comparison::Equal) => {
            return Err(slip(position, "write `=` outside policies"));
        }
        _ => return Ok((label.name.into(), position, next)),
    }
    let value = lexer.name("a value")?;
    let value = literal(&label, &value, enumerations)?;
    let (position, next) = lexer.next()?;
    Ok((Attribute::with_value(label.name, value), position, next))
}
