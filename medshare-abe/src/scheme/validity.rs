//! Validity: the range of sealing dates that a key covers.
//!
//! A header may carry the day on which it was sealed. Its access structure is then `and` of the
//! policy and an `or` of the day's 17 prefixes. A key holds the smallest set of prefixes that cover
//! exactly its own days: it shares one prefix with a covered day and none with any other. Days are
//! hashed in a space of their own, which no policy text and no attribute reaches.
//!
//! A lapsed key opens earlier headers for ever; only a time gate can stop that.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_policy::Date;
use medshare_policy::element::{Domain, Prefix, cover};

use crate::scheme::error::KeyError;

/// The sealing dates that a key covers: a range of days, never empty.
///
/// Costs the key 1 to 16 components if it begins with 1970-01-01, as for a person who may read older
/// records, and up to 30 otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Hash, BorshSerialize)]
pub struct Validity {
    first: Date,
    last: Date,
}

impl Validity {
    /// All representable days: 1970-01-01 to 2149-06-06.
    pub const ALWAYS: Self = Self {
        first: Date::from_days(0),
        last: Date::from_days(u16::MAX),
    };

    /// All days before `until`.
    ///
    /// # Errors
    /// [`KeyError::EmptyValidity`] for 1970-01-01.
    pub fn until(until: Date) -> Result<Self, KeyError> {
        Self::between(Self::ALWAYS.first, until)
    }

    /// The days from `from` on and before `until`.
    ///
    /// # Errors
    /// [`KeyError::EmptyValidity`] unless `from` is before `until`.
    pub fn between(from: Date, until: Date) -> Result<Self, KeyError> {
        let last = until.days().checked_sub(1).map(Date::from_days);
        last.and_then(|last| Self::of_days(from, last))
            .ok_or(KeyError::EmptyValidity { from, until })
    }

    pub(crate) fn of_days(first: Date, last: Date) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// The earliest day covered.
    #[must_use]
    pub const fn first(self) -> Date {
        self.first
    }

    /// The latest day covered.
    #[must_use]
    pub const fn last(self) -> Date {
        self.last
    }

    /// Tells whether a key with this validity opens headers sealed on that day.
    #[must_use]
    pub fn contains(self, day: Date) -> bool {
        (self.first..=self.last).contains(&day)
    }

    /// The prefixes that a key holds, in ascending order.
    pub(crate) fn cover(self) -> Vec<Prefix> {
        cover(
            self.first.days().into(),
            self.last.days().into(),
            Domain::Date.width(),
        )
    }
}

impl BorshDeserialize for Validity {
    fn deserialize_reader<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Self> {
        let (first, last) = BorshDeserialize::deserialize_reader(reader)?;
        Self::of_days(first, last).ok_or_else(|| {
            borsh::io::Error::new(borsh::io::ErrorKind::InvalidData, "the validity has no day")
        })
    }
}

impl fmt::Display for Validity {
    /// `2026-01-01 to 2026-12-31`, both inside.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.first, self.last)
    }
}

impl fmt::Debug for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Validity({self})")
    }
}

#[cfg(test)]
mod tests {
    use medshare_policy::element::Element;

    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn days_from_inclusive_to_exclusive() {
        let validity = Validity::between(day("2026-01-01"), day("2027-01-01")).unwrap();
        assert_eq!(validity.to_string(), "2026-01-01 to 2026-12-31");
        assert!(validity.contains(day("2026-01-01")) && validity.contains(day("2026-12-31")));
        assert!(!validity.contains(day("2025-12-31")) && !validity.contains(day("2027-01-01")));
        assert!(Validity::until(day("1970-01-01")).is_err());
        assert!(Validity::between(day("2026-01-01"), day("2026-01-01")).is_err());
        assert!(Validity::ALWAYS.contains(day("2149-06-06")));
    }

    #[test]
    fn a_key_shares_one_element_with_each_of_its_days() {
        let ranges = [
            (0, 65_535),
            (0, 20_483),
            (0, 65_534),
            (1, 65_534),
            (20_000, 20_365),
        ];
        for (first, last) in ranges.map(|(a, b)| (Date::from_days(a), Date::from_days(b))) {
            let validity = Validity::of_days(first, last).unwrap();
            let held: Vec<_> = validity.cover().into_iter().map(Element::Day).collect();
            assert!(held.len() <= if first.days() == 0 { 16 } else { 30 });
            for days in (0..=u16::MAX)
                .step_by(17)
                .chain([first.days(), last.days()])
            {
                let day = Date::from_days(days);
                let shared = Element::of_day(day)
                    .filter(|element| held.contains(element))
                    .count();
                assert_eq!(shared, usize::from(validity.contains(day)), "{day}");
            }
        }
    }
}
