//! The error of parsing texts.

use crate::name::NameError;

/// The reason why a text is not a name, an attribute, a list of attributes or a policy.
///
/// Positions are byte offsets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum SyntaxError {
    /// The text is longer than any printed policy.
    #[error("a text of {length} bytes exceeds the limit of {limit}")]
    TooLong { length: usize, limit: usize },
    /// The grammar requires something else.
    #[error("expected {expected} at byte {position}")]
    Unexpected {
        position: usize,
        /// The alternatives that the grammar allows.
        expected: &'static str,
    },
    /// A common spelling that the language does not have.
    #[error("at byte {position}: {advice}")]
    Misspelling {
        position: usize,
        /// The spelling to use instead.
        advice: &'static str,
    },
    /// Only quoted names may hold this character.
    #[error("the character {character:?} at byte {position} needs quotation marks")]
    InvalidCharacter { position: usize, character: char },
    /// The text ends inside a quoted name.
    #[error("the quotation mark at byte {position} is not closed")]
    UnclosedQuote {
        /// Offset of the opening quotation mark.
        position: usize,
    },
    /// A backslash escapes only a backslash or a quotation mark.
    #[error("invalid escape at byte {position}")]
    InvalidEscape { position: usize },
    /// A quoted or bare text is not a name.
    #[error("invalid name at byte {position}")]
    InvalidName {
        /// Offset of the text; after a word, of the character that no name may hold.
        position: usize,
        /// The rule that it breaks.
        source: NameError,
    },
    /// Integers have 32 bits.
    #[error("the number at byte {position} is above 4294967295")]
    InvalidNumber { position: usize },
    /// The word has the form of a date, and there is no such day or it is out of range.
    #[error("the date at byte {position} is not a day from 1970-01-01 to 2149-06-06")]
    InvalidDate { position: usize },
    /// The word is neither a number nor a date, and its label has no enumeration.
    #[error(
        "the value at byte {position} is neither a whole number from 0 to 4294967295 nor a date \
         like 2026-01-31, without quotation marks, and no enumeration is registered for its label"
    )]
    NotAValue { position: usize },
    /// The label's enumeration does not have this value.
    #[error("the value at byte {position} is not in the label's enumeration")]
    UnknownValue { position: usize },
    /// Values of an enumeration are compared with `==` and `!=` only.
    #[error("the value at byte {position} belongs to an enumeration, which has no order")]
    Unordered { position: usize },
    /// The range is below the smallest value, above the largest, or ends before it begins.
    #[error("the range at byte {position} is empty")]
    EmptyRange {
        /// Offset of the range's first value.
        position: usize,
    },
    /// A range must not mix numbers and dates.
    #[error("the range at byte {position} has a number at one end and a date at the other")]
    MixedRange {
        /// Offset of the range's first value.
        position: usize,
    },
    /// Parentheses or gates are nested deeper than [`MAX_DEPTH`](crate::MAX_DEPTH).
    #[error("nesting deeper than {limit} at byte {position}")]
    TooDeep {
        /// Offset at which the limit was exceeded.
        position: usize,
        limit: usize,
    },
    /// The number before `of` is not from 1 to the number of operands.
    #[error("the threshold at byte {position} is not from 1 to {operands}")]
    InvalidThreshold {
        /// Offset of the threshold.
        position: usize,
        /// Number of operands between the parentheses.
        operands: usize,
    },
    /// The policy has more than [`MAX_ROWS`](crate::MAX_ROWS) rows.
    #[error("more than {limit} rows at byte {position}")]
    TooManyRows {
        /// Offset at which the limit was exceeded.
        position: usize,
        limit: usize,
    },
    /// The canonical form exceeds [`MAX_POLICY_LEN`](crate::MAX_POLICY_LEN).
    #[error("a policy of {length} bytes exceeds the limit of {limit}")]
    PolicyTooLong {
        /// Bytes of the canonical form.
        length: usize,
        limit: usize,
    },
}

impl SyntaxError {
    /// Byte offset of the error; `None` if the text or the policy as a whole is too long.
    #[must_use]
    pub const fn position(&self) -> Option<usize> {
        match self {
            Self::TooLong { .. } | Self::PolicyTooLong { .. } => None,
            Self::Unexpected { position, .. }
            | Self::Misspelling { position, .. }
            | Self::InvalidCharacter { position, .. }
            | Self::UnclosedQuote { position }
            | Self::InvalidEscape { position }
            | Self::InvalidName { position, .. }
            | Self::InvalidNumber { position }
            | Self::InvalidDate { position }
            | Self::NotAValue { position }
            | Self::UnknownValue { position }
            | Self::Unordered { position }
            | Self::EmptyRange { position }
            | Self::MixedRange { position }
            | Self::TooDeep { position, .. }
            | Self::InvalidThreshold { position, .. }
            | Self::TooManyRows { position, .. } => Some(*position),
        }
    }
}
