//! What can be wrong with texts: names, lists, policies, enumerations.

use crate::name::Name;

/// Why a text is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// It is empty.
    #[error("a name is not empty")]
    Empty,
    /// It is too long.
    #[error("a name of {length} bytes where at most {limit} are allowed")]
    TooLong {
        /// Bytes after normalisation.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// It holds a character that nobody sees, that moves others, or that means nothing by itself.
    #[error("no name holds U+{:04X}, which shows as nothing, moves what stands beside it, or has no meaning of its own", u32::from(*.character))]
    InvisibleCharacter {
        /// Which.
        character: char,
    },
    /// It begins or ends with a space, which nobody would see.
    #[error("a name neither begins nor ends with white space")]
    SurroundingSpace,
    /// It begins with a combining mark, which would be drawn over what stands before the name.
    #[error("a name does not begin with a combining mark")]
    LeadingMark,
}

/// A text that is no day from 1970-01-01 to 2149-06-06.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a date from 1970-01-01 to 2149-06-06")]
pub struct DateError;

/// Why an enumeration was not extended or registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnumerationError {
    /// It has the value already.
    #[error("the enumeration has {value} already")]
    Duplicate {
        /// Which value.
        value: Name,
    },
    /// It has as many values as fit.
    #[error("the enumeration has {limit} values and takes no more")]
    Full {
        /// Values allowed.
        limit: usize,
    },
    /// The label has another enumeration, or the identifier another label.
    #[error("the enumeration of {label} does not continue what is registered")]
    Conflict {
        /// Of which label.
        label: Name,
    },
}

/// Why a text is no policy, attribute or list of attributes. Positions are byte offsets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyntaxError {
    /// The text is longer than any policy is printed.
    #[error("a text of {length} bytes where at most {limit} are allowed")]
    TooLong {
        /// Bytes given.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Something else stands where the grammar wants `expected`.
    #[error("expected {expected} at byte {position}")]
    Unexpected {
        /// Where.
        position: usize,
        /// What the grammar allows there.
        expected: &'static str,
    },
    /// A spelling of something that the language writes otherwise, or does not have.
    #[error("at byte {position}: {advice}")]
    Slip {
        /// Where.
        position: usize,
        /// What to write in its place.
        advice: &'static str,
    },
    /// A character that only a quoted name may hold.
    #[error("character {character:?} at byte {position} belongs in quotation marks")]
    InvalidCharacter {
        /// Where.
        position: usize,
        /// Which.
        character: char,
    },
    /// A quoted name does not end.
    #[error("the quotation mark at byte {position} is not closed")]
    UnclosedQuote {
        /// Where it begins.
        position: usize,
    },
    /// A backslash before something other than a backslash or a quotation mark.
    #[error("invalid escape at byte {position}")]
    InvalidEscape {
        /// Where.
        position: usize,
    },
    /// A quoted or plain text that is no name.
    #[error("invalid name at byte {position}")]
    InvalidName {
        /// Where it begins; after a word, the character that belongs in no name.
        position: usize,
        /// What is wrong with it.
        source: NameError,
    },
    /// An integer above 4294967295.
    #[error("the number at byte {position} is above 4294967295")]
    InvalidNumber {
        /// Where.
        position: usize,
    },
    /// A word with the shape of a date that is no day from 1970-01-01 to 2149-06-06.
    #[error("the date at byte {position} is no day from 1970-01-01 to 2149-06-06")]
    InvalidDate {
        /// Where.
        position: usize,
    },
    /// What should be a value is neither a number nor a date, and its label has no enumeration.
    #[error(
        "what stands at byte {position} is neither a whole number from 0 to 4294967295 nor a date \
         like 2026-01-31, without quotation marks, and no enumeration is registered for its label"
    )]
    NotAValue {
        /// Where it stands.
        position: usize,
    },
    /// The label's enumeration does not have this value.
    #[error("the value at byte {position} is not in the label's enumeration")]
    UnknownValue {
        /// Where.
        position: usize,
    },
    /// Values of an enumeration are compared by `==` and `!=` only.
    #[error("the value at byte {position} is of an enumeration, which has no order")]
    Unordered {
        /// Where.
        position: usize,
    },
    /// A range that holds nothing: below the smallest value, above the largest, or backwards.
    #[error("nothing is in the range at byte {position}")]
    EmptyRange {
        /// Where its first value stands.
        position: usize,
    },
    /// A range from a number to a date, or from a date to a number.
    #[error("the range at byte {position} has a number at one end and a date at the other")]
    MixedRange {
        /// Where its first value stands.
        position: usize,
    },
    /// Parentheses or gates are nested too deeply.
    #[error("nesting deeper than {limit} at byte {position}")]
    TooDeep {
        /// Where the limit was passed.
        position: usize,
        /// Levels allowed.
        limit: usize,
    },
    /// `of` after a number that is not from 1 to the number of things it counts.
    #[error("the number at byte {position} is not from 1 to {operands}")]
    InvalidThreshold {
        /// Where the number stands.
        position: usize,
        /// How many things are between the parentheses.
        operands: usize,
    },
    /// The policy has too many rows: one for a name, one for each prefix that a comparison needs.
    #[error("more than {limit} rows at byte {position}")]
    TooManyRows {
        /// Where the limit was passed.
        position: usize,
        /// Rows allowed.
        limit: usize,
    },
    /// The policy's canonical form would be too long.
    #[error("a policy of {length} bytes where at most {limit} are allowed")]
    PolicyTooLong {
        /// Bytes of the canonical form.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
}

impl SyntaxError {
    /// The byte at which it was found; none if the whole is too long.
    #[must_use]
    pub const fn position(&self) -> Option<usize> {
        match self {
            Self::TooLong { .. } | Self::PolicyTooLong { .. } => None,
            Self::Unexpected { position, .. }
            | Self::Slip { position, .. }
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

/// Why parts make no policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// There are none.
    #[error("a policy of no operands")]
    NoOperands,
    /// More is asked for than there is, or nothing.
    #[error("{needed} of {operands} operands, which is not from 1 to their number")]
    InvalidThreshold {
        /// How many should be met.
        needed: usize,
        /// How many there are.
        operands: usize,
    },
    /// No number, or no date, is in the range.
    #[error("nothing is in the range")]
    EmptyRange,
    /// Gates are nested too deeply.
    #[error("gates are nested more than {limit} deep")]
    TooDeep {
        /// Levels allowed.
        limit: usize,
    },
    /// Too many rows: one for a name, one for each prefix that a comparison needs.
    #[error("more than {limit} rows")]
    TooManyRows {
        /// Rows allowed.
        limit: usize,
    },
    /// The canonical form would be too long.
    #[error("a policy of {length} bytes where at most {limit} are allowed")]
    TooLong {
        /// Bytes of the canonical form.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
}
