//! Values in texts, and comparisons with them.

use core::ops::Bound;

use super::error::SyntaxError;
use super::lexer::{Operator, RANGE, Word, misspelling};
use crate::date::looks_like_date;
use crate::enumeration::Enumerations;
use crate::policy::comparison::Comparison;
use crate::value::Value;

/// The value that a word means under a label: one of the label's enumeration if it has one,
/// otherwise a number or a date.
pub(super) fn literal(
    label: &Word,
    word: &Word,
    enumerations: &Enumerations,
) -> Result<Value, SyntaxError> {
    let position = word.position;
    if let Some(enumeration) = enumerations.of(&label.name) {
        let value = enumeration.value(&word.name).map(Value::Enum);
        return value.ok_or(SyntaxError::UnknownValue { position });
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
    Err(not_a_value(label, word))
}

/// The error for a word that is not a value, with advice for common mistakes.
fn not_a_value(label: &Word, word: &Word) -> SyntaxError {
    let position = word.position;
    let of_digits = |text: &str| !text.is_empty() && is_number(text);
    let ends = word.name.as_str().split_once('-');
    if !word.quoted && ends.is_some_and(|(from, to)| of_digits(from) && of_digits(to)) {
        return misspelling(position, RANGE);
    }
    let label_text = label.name.as_str();
    if !label.quoted && (is_number(label_text) || looks_like_date(label_text)) {
        return misspelling(label.position, "write the label first, `clearance >= 3`");
    }
    SyntaxError::NotAValue { position }
}

/// Whether a word consists of digits; the number may be too large.
pub(super) fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The comparison `label <operator> value`; `position` is that of the value.
pub(super) fn compare(
    operator: Operator,
    value: Value,
    position: usize,
) -> Result<Comparison, SyntaxError> {
    let comparison = match (value, operator) {
        (Value::Enum(value), Operator::Equal) => Some(Comparison::Is(value)),
        (Value::Enum(value), Operator::NotEqual) => Some(Comparison::IsNot(value)),
        (Value::Enum(_), _) => return Err(SyntaxError::Unordered { position }),
        (_, Operator::NotEqual) => return Err(misspelling(position, NOT_EQUAL)),
        (Value::Integer(number), _) => Comparison::integer(&range(operator, number)),
        (Value::Date(date), _) => Comparison::date(&range(operator, date)),
    };
    comparison.ok_or(SyntaxError::EmptyRange { position })
}

/// The range of values that compare so with `end`. Callers exclude `!=`, which has no range.
fn range<T: Copy>(operator: Operator, end: T) -> (Bound<T>, Bound<T>) {
    match operator {
        Operator::Less => (Bound::Unbounded, Bound::Excluded(end)),
        Operator::AtMost => (Bound::Unbounded, Bound::Included(end)),
        Operator::Greater => (Bound::Excluded(end), Bound::Unbounded),
        Operator::AtLeast => (Bound::Included(end), Bound::Unbounded),
        Operator::Equal | Operator::NotEqual => (Bound::Included(end), Bound::Included(end)),
    }
}

const NOT_EQUAL: &str =
    "`!=` compares values of enumerations; of numbers and dates write `n < 3 or n > 3`";

/// The comparison `label in from..to`, both ends included; `position` is that of `from`.
pub(super) fn within(from: Value, to: Value, position: usize) -> Result<Comparison, SyntaxError> {
    let comparison = match (from, to) {
        (Value::Integer(from), Value::Integer(to)) => Comparison::integer(&(from..=to)),
        (Value::Date(from), Value::Date(to)) => Comparison::date(&(from..=to)),
        (Value::Enum(_), _) | (_, Value::Enum(_)) => {
            return Err(SyntaxError::Unordered { position });
        }
        (Value::Integer(_), Value::Date(_)) | (Value::Date(_), Value::Integer(_)) => {
            return Err(SyntaxError::MixedRange { position });
        }
    };
    comparison.ok_or(SyntaxError::EmptyRange { position })
}
