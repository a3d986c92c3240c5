//! Values in texts, and what comparing with them means.

use core::ops::Bound;

use super::condition::Test;
use super::lexer::{Comparison, Placed, RANGE, slip};
use crate::enumeration::Enumerations;
use crate::error::SyntaxError;
use crate::value::{Value, looks_like_date};

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
    let test = match (value, comparison) {
        (Value::Choice(choice), Comparison::Equal) => Some(Test::Is(choice)),
        (Value::Choice(choice), Comparison::NotEqual) => Some(Test::IsNot(choice)),
        (Value::Choice(_), _) => return Err(SyntaxError::Unordered { position }),
        (_, Comparison::NotEqual) => return Err(slip(position, NOT_EQUAL)),
        (Value::Integer(number), _) => Test::integer(&range(comparison, number)),
        (Value::Date(date), _) => Test::date(&range(comparison, date)),
    };
    test.ok_or(SyntaxError::EmptyRange { position })
}

/// What compares so with an end; with `!=` there is no such range.
fn range<T: Copy>(comparison: Comparison, end: T) -> (Bound<T>, Bound<T>) {
    match comparison {
        Comparison::Less => (Bound::Unbounded, Bound::Excluded(end)),
        Comparison::AtMost => (Bound::Unbounded, Bound::Included(end)),
        Comparison::Greater => (Bound::Excluded(end), Bound::Unbounded),
        Comparison::AtLeast => (Bound::Included(end), Bound::Unbounded),
        Comparison::Equal | Comparison::NotEqual => (Bound::Included(end), Bound::Included(end)),
    }
}

const NOT_EQUAL: &str =
    "`!=` compares values of enumerations; of numbers and dates write `n < 3 or n > 3`";

/// `label in from..to`, both ends inside.
pub(super) fn within((from, to): (Value, Value), position: usize) -> Result<Test, SyntaxError> {
    let test = match (from, to) {
        (Value::Integer(from), Value::Integer(to)) => Test::integer(&(from..=to)),
        (Value::Date(from), Value::Date(to)) => Test::date(&(from..=to)),
        (Value::Choice(_), _) | (_, Value::Choice(_)) => {
            return Err(SyntaxError::Unordered { position });
        }
        (Value::Integer(_), Value::Date(_)) | (Value::Date(_), Value::Integer(_)) => {
            return Err(SyntaxError::MixedRange { position });
        }
    };
    test.ok_or(SyntaxError::EmptyRange { position })
}
