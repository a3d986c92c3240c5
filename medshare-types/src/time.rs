//! Time is an argument: integer milliseconds, and whole days for the sealing date.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

/// Milliseconds in a day.
pub const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Milliseconds since 1970-01-01T00:00:00 UTC.
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
    /// The largest: an open end.
    pub const MAX: Self = Self(u64::MAX);

    /// A moment by its milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Later by `millis`, saturating.
    #[must_use]
    pub const fn plus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Earlier by `millis`, saturating.
    #[must_use]
    pub const fn minus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_sub(millis))
    }

    /// Milliseconds from `earlier` to here, 0 when it is later.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    /// `2026-01-31T12:00:00.000Z` (proleptic Gregorian).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::MAX {
            return f.write_str("open-ended");
        }
        let (year, month, day) = civil_from_days(self.0 / DAY_MS);
        let (ms, s) = (self.0 % 1000, self.0 / 1000 % 86_400);
        let (hour, minute, second) = (s / 3600, s / 60 % 60, s % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z"
        )
    }
}

/// Howard Hinnant, *chrono-Compatible Low-Level Date Algorithms*, `civil_from_days`.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let (era, doe) = (z / 146_097, z % 146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (
        doy - (153 * mp + 2) / 5 + 1,
        if mp < 10 { mp + 3 } else { mp - 9 },
    );
    (yoe + era * 400 + u64::from(month <= 2), month, day)
}

/// Days since 1970-01-01, the date a header carries.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct SealingDate(pub u16);

impl SealingDate {
    /// The day that holds `time`; saturates in the year 2149.
    #[must_use]
    pub fn of(time: Timestamp) -> Self {
        Self(u16::try_from(time.0 / DAY_MS).unwrap_or(u16::MAX))
    }

    /// Whether this date is the day of `time` or a neighbour of it.
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
    fn dates_are_neighbours_for_a_day() {
        let noon = Timestamp::from_millis(10 * DAY_MS + DAY_MS / 2);
        assert!(SealingDate(9).is_within_a_day_of(noon));
        assert!(SealingDate(11).is_within_a_day_of(noon));
        assert!(!SealingDate(12).is_within_a_day_of(noon));
    }
}
