//! Values in texts, and what comparing with them means.

use super::condition::Test;
use super::lexer::{Comparison, Placed, RANGE, slip};
use crate::enumeration::Enumerations;
use crate::error::SyntaxError;
use crate::value::{Date, Value, looks_like_date};

/// The value that a word means under a label: one of the label's enumeration if it has one, else a
/// number of digits or a date.
pub(super) fn literal(
    label: &Placed,
    word: &Placed,
    enumerations: &Enumerations,
) -> Result<Value, SyntaxError> {
    let position = word.position;
    if let Some(enumeration) = enumerations.of(&label.name) {
        let choice = enumeration.choice(&word.name).map(Value::Choice);
        return choice.ok_or(SyntaxError::UnknownValue { position });
    }
    let text = word.name.as_str();
    if !word.quoted && is_number(text) {
        let number = text.parse().map(Value::Integer);
        return number.map_err(|_| SyntaxError::InvalidNumber { position });
    }
    if !word.quoted && looks_like_date(text) {
        let date = text.parse().map(Value::Date);
        return date.map_err(|_| SyntaxError::InvalidDate { position });
    }
    Err(no_value(label, word))
}

/// What is wrong with a word that is no value: the usual slips have advice of their own.
fn no_value(label: &Placed, word: &Placed) -> SyntaxError {
    let position = word.position;
    let of_digits = |text: &str| !text.is_empty() && is_number(text);
    let ends = word.name.as_str().split_once('-');
    if !word.quoted && ends.is_some_and(|(from, to)| of_digits(from) && of_digits(to)) {
        return slip(position, RANGE);
    }
    let label_text = label.name.as_str();
    if !label.quoted && (is_number(label_text) || looks_like_date(label_text)) {
        return slip(label.position, "the label stands first, `clearance >= 3`");
    }
    SyntaxError::NotAValue { position }
}

/// Whether a word is a number, of whatever size.
pub(super) fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// `label <comparison> value`.
pub(super) fn compare(
    comparison: Comparison,
    (value, position): (Value, usize),
) -> Result<Test, SyntaxError> {
    let empty = SyntaxError::EmptyRange { position };
    let range = |number: u32, max: u32| {
        let (from, to) = match comparison {
            Comparison::Less => (Some(0), number.checked_sub(1)),
            Comparison::AtMost => (Some(0), Some(number)),
            Comparison::Greater => (number.checked_add(1), Some(max)),
            Comparison::AtLeast => (Some(number), Some(max)),
            Comparison::Equal => (Some(number), Some(number)),
            Comparison::NotEqual => return Err(slip(position, NOT_EQUAL)),
        };
        let ends = from.zip(to).filter(|(from, to)| from <= to);
        ends.ok_or(empty)
    };
    match (value, comparison) {
        (Value::Integer(number), _) => {
            let (from, to) = range(number, u32::MAX)?;
            Ok(Test::Integer { from, to })
        }
        (Value::Date(date), _) => {
            let (from, to) = range(date.number(), u16::MAX.into())?;
            // Both are at most the largest date.
            let date = |days: u32| Date::from_days(days as u16);
            Ok(Test::Date {
                from: date(from),
                to: date(to),
            })
        }
        (Value::Choice(choice), Comparison::Equal) => Ok(Test::Is(choice)),
        (Value::Choice(choice), Comparison::NotEqual) => Ok(Test::IsNot(choice)),
        (Value::Choice(_), _) => Err(SyntaxError::Unordered { position }),
    }
}

const NOT_EQUAL: &str =
    "`!=` compares values of enumerations; of numbers and dates write `n < 3 or n > 3`";

/// `label in from..to`, both ends inside.
pub(super) fn within((from, to): (Value, Value), position: usize) -> Result<Test, SyntaxError> {
    let test = match (from, to) {
        (Value::Integer(from), Value::Integer(to)) if from <= to => Test::Integer { from, to },
        (Value::Date(from), Value::Date(to)) if from <= to => Test::Date { from, to },
        (Value::Choice(_), _) | (_, Value::Choice(_)) => {
            return Err(SyntaxError::Unordered { position });
        }
        (Value::Integer(_), Value::Date(_)) | (Value::Date(_), Value::Integer(_)) => {
            return Err(SyntaxError::MixedRange { position });
        }
        _ => return Err(SyntaxError::EmptyRange { position }),
    };
    Ok(test)
}
