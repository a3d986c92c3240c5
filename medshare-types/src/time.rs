//! Time as an argument: integer milliseconds, and whole days for the sealing date.
//!
//! Nothing here reads a clock. Given values are converted: RFC 3339 and days with their zone by
//! `FromStr`, a [`SystemTime`](std::time::SystemTime) by `TryFrom`, seconds by
//! [`Timestamp::from_seconds`].

mod system;
mod text;

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::text::excerpt;

/// Length of a day, milliseconds.
pub const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// A value that is not a time, or times that are not a window.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the fields are the values that the messages print"
)]
pub enum TimeError {
    /// Text in none of the forms that `Timestamp::from_str` takes.
    #[error(
        "{:?} is not a time; write one like 2026-01-31T12:00:00+01:00, \
         or a day with its zone like 2026-01-31+01:00",
        excerpt(text)
    )]
    Malformed { text: String },
    /// Text of a window that is not two times.
    #[error(
        "{:?} is not a window: it has no slash; write two times with a slash between them, like \
         2026-01-31+01:00/2026-03-01+01:00",
        excerpt(text)
    )]
    NoSlash { text: String },
    /// The same digits name another moment in every zone, so none is assumed.
    #[error(
        "{:?} has no time zone; append Z for UTC, or an offset like +01:00",
        excerpt(text)
    )]
    NoZone { text: String },
    /// Year, month and day that the calendar does not have, or an offset of a day or more.
    #[error(
        "no day {year:04}-{month:02}-{day:02} begins at an offset of {utc_offset_minutes} minutes"
    )]
    NoSuchDay {
        year: u16,
        month: u8,
        day: u8,
        utc_offset_minutes: i16,
    },
    /// Timestamps begin at 1970-01-01T00:00:00Z.
    #[error("a time before 1970 cannot be represented")]
    BeforeEpoch,
    /// A window holds at least one millisecond.
    #[error("the window from {not_before} to {not_after} does not end after it begins")]
    EmptyWindow {
        not_before: Timestamp,
        not_after: Timestamp,
    },
}

/// Milliseconds since 1970-01-01T00:00:00 UTC.
///
/// ```
/// use medshare_types::Timestamp;
///
/// let noon: Timestamp = "2026-01-31T12:00:00+01:00".parse()?;
/// assert_eq!(noon.to_string(), "2026-01-31T11:00:00.000Z");
/// let day: Timestamp = "2026-01-31+01:00".parse()?;
/// assert_eq!(day.to_string(), "2026-01-30T23:00:00.000Z");
/// assert_eq!(day, Timestamp::start_of_day(2026, 1, 31, 60)?);
/// # Ok::<(), medshare_types::time::TimeError>(())
/// ```
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The largest timestamp, used as an open end.
    pub const MAX: Self = Self(u64::MAX);

    /// Takes milliseconds since the epoch; for seconds there is [`Self::from_seconds`].
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Takes seconds since the epoch; saturates at [`Self::MAX`].
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Returns milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Adds `millis`; saturates at [`Self::MAX`].
    #[must_use]
    pub const fn plus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Subtracts `millis`; saturates at the epoch.
    #[must_use]
    pub const fn minus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_sub(millis))
    }

    /// Milliseconds from `earlier` to `self`; 0 when `earlier` is later.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    /// Formats as `2026-01-31T12:00:00.000Z` (proleptic Gregorian).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::MAX {
            return f.write_str("open-ended");
        }
        let (year, month, day) = civil_from_days(self.0 / DAY_MS);
        let ms = self.0 % 1000;
        let of_day = self.0 / 1000 % 86_400;
        let hour = of_day / 3600;
        let minute = of_day / 60 % 60;
        let second = of_day % 60;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z"
        )
    }
}

/// Howard Hinnant, *chrono-Compatible Low-Level Date Algorithms*, `civil_from_days`.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let era = z / 146_097;
    let doe = z % 146_097;
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + u64::from(month <= 2), month, day)
}

/// Days since 1970-01-01: the date of a header.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct SealingDate(pub u16);

impl SealingDate {
    /// The day of `time`; saturates at 65,535, in the year 2149.
    #[must_use]
    pub fn of(time: Timestamp) -> Self {
        Self(u16::try_from(time.0 / DAY_MS).unwrap_or(u16::MAX))
    }

    /// True for the day of `time`, the day before and the day after.
    #[must_use]
    pub fn is_within_a_day_of(self, time: Timestamp) -> bool {
        self.0.abs_diff(Self::of(time).0) <= 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_the_calendar() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_827_696_789, "2000-02-29T12:34:56.789Z"),
            (1_798_761_599_999, "2026-12-31T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(Timestamp::from_millis(millis).to_string(), text);
        }
        assert!(!Timestamp::from_millis(u64::MAX - 1).to_string().is_empty());
    }

    #[test]
    fn a_date_matches_its_neighbours_alone() {
        let noon = Timestamp::from_millis(10 * DAY_MS + DAY_MS / 2);
        assert!(SealingDate(9).is_within_a_day_of(noon));
        assert!(SealingDate(11).is_within_a_day_of(noon));
        assert!(!SealingDate(12).is_within_a_day_of(noon));
    }
}
