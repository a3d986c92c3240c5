//! The error of dates, enumerations, conditions and policies made from values.

use crate::name::Name;

/// The reason why values do not make a date, an enumeration, a condition or a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum PolicyError {
    /// There is no such day, or it is out of range.
    #[error("not a date from 1970-01-01 to 2149-06-06")]
    InvalidDate,
    /// An enumeration has each value once.
    #[error("the enumeration already has the value {value}")]
    DuplicateValue {
        /// The value given again.
        value: Name,
    },
    /// An enumeration has at most [`MAX_VALUES`](crate::MAX_VALUES) values.
    #[error("the enumeration has {limit} values, the maximum")]
    EnumerationFull { limit: usize },
    /// The label already has an enumeration that this one does not continue, or the id is
    /// registered for another label.
    #[error("the enumeration of {label} does not continue the registered one")]
    EnumerationConflict {
        /// The label of the enumeration given.
        label: Name,
    },
    /// The range holds no number or no date.
    #[error("the range is empty")]
    EmptyRange,
    /// A gate needs at least one operand.
    #[error("a policy needs at least one operand")]
    NoOperands,
    /// A threshold is from 1 to the number of operands.
    #[error("the threshold {needed} is not from 1 to {operands}")]
    InvalidThreshold {
        /// The threshold asked for.
        needed: usize,
        /// The number of operands.
        operands: usize,
    },
    /// Gates are nested deeper than [`MAX_DEPTH`](crate::MAX_DEPTH).
    #[error("gates are nested deeper than {limit}")]
    TooDeep { limit: usize },
    /// The policy has more than [`MAX_ROWS`](crate::MAX_ROWS) rows.
    #[error("the policy has more than {limit} rows")]
    TooManyRows { limit: usize },
    /// The canonical form exceeds [`MAX_POLICY_LEN`](crate::MAX_POLICY_LEN).
    #[error("a policy of {length} bytes exceeds the limit of {limit}")]
    TooLong {
        /// Bytes of the canonical form.
        length: usize,
        limit: usize,
    },
}
