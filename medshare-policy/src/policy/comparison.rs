//! Comparisons with the value of a label.

use core::ops::{Bound, RangeBounds};

use crate::date::Date;
use crate::prefix::{Prefix, cover};
use crate::value::{Domain, EnumValue, Value};

/// The values of a label that a condition accepts. Both ends of a range are included.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Comparison {
    /// Integers from `from` to `to`.
    Integer {
        /// The smallest integer accepted.
        from: u32,
        /// The largest, not below `from`.
        to: u32,
    },
    /// Dates from `from` to `to`.
    Date {
        /// The first day accepted.
        from: Date,
        /// The last, not before `from`.
        to: Date,
    },
    /// This value of the enumeration.
    Is(EnumValue),
    /// Any other value of the enumeration, present or future.
    IsNot(EnumValue),
}

impl Comparison {
    /// With the integers of the range; `None` if it is empty.
    pub(crate) fn integer(range: &impl RangeBounds<u32>) -> Option<Self> {
        let (from, to) = ends(range, |number| *number, u32::MAX)?;
        Some(Self::Integer { from, to })
    }

    /// With the dates of the range; `None` if it is empty.
    pub(crate) fn date(range: &impl RangeBounds<Date>) -> Option<Self> {
        let (from, to) = ends(range, |date| date.number(), u16::MAX.into())?;
        // Neither exceeds the largest date.
        Some(Self::Date {
            from: Date::from_days(from as u16),
            to: Date::from_days(to as u16),
        })
    }

    pub(super) const fn as_enum(&self) -> Option<&EnumValue> {
        match self {
            Self::Is(value) | Self::IsNot(value) => Some(value),
            Self::Integer { .. } | Self::Date { .. } => None,
        }
    }

    pub(crate) const fn domain(&self) -> Domain {
        match self {
            Self::Integer { .. } => Domain::Integer,
            Self::Date { .. } => Domain::Date,
            Self::Is(value) | Self::IsNot(value) => Domain::Enumeration(value.enumeration),
        }
    }

    pub(crate) fn accepts(&self, value: &Value) -> bool {
        let number = value.number();
        value.domain() == self.domain()
            && match self {
                Self::Integer { from, to } => (*from..=*to).contains(&number),
                Self::Date { from, to } => (from.number()..=to.number()).contains(&number),
                Self::Is(wanted) => number == u32::from(wanted.number),
                Self::IsNot(refused) => number != u32::from(refused.number),
            }
    }

    /// Prefixes of which every accepted value has exactly one, and every other value none.
    pub(crate) fn prefixes(&self) -> Vec<Prefix> {
        let width = self.domain().width();
        match self {
            Self::Integer { from, to } => cover(*from, *to, width),
            Self::Date { from, to } => cover(from.number(), to.number(), width),
            Self::Is(value) => cover(value.number.into(), value.number.into(), width),
            // The siblings of the value's prefixes cover every other number, assigned or not.
            Self::IsNot(value) => (1..=width)
                .map(|depth| Prefix::of(value.number.into(), width, depth).sibling())
                .collect(),
        }
    }
}

/// The first and the last number of a range; `None` if the range is empty.
fn ends<T>(
    range: &impl RangeBounds<T>,
    number: impl Fn(&T) -> u32,
    largest: u32,
) -> Option<(u32, u32)> {
    let from = match range.start_bound() {
        Bound::Included(first) => Some(number(first)),
        Bound::Excluded(before) => number(before).checked_add(1),
        Bound::Unbounded => Some(0),
    };
    let to = match range.end_bound() {
        Bound::Included(last) => Some(number(last)),
        Bound::Excluded(after) => number(after).checked_sub(1),
        Bound::Unbounded => Some(largest),
    };
    from.zip(to).filter(|(from, to)| from <= to)
}
