//! Calendar days as 16-bit numbers.

use core::fmt;
use core::str::FromStr;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{SealingDate, Timestamp};

use crate::error::PolicyError;

/// A day from 1970-01-01 to 2149-06-06, written `2026-01-31`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Date(u16);

const DAY_MS: u64 = 86_400_000;
const INVALID: PolicyError = PolicyError::InvalidDate;

impl Date {
    /// The day of the proleptic Gregorian calendar.
    ///
    /// # Errors
    /// [`PolicyError::InvalidDate`] if there is no such day, or it is outside the range.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, PolicyError> {
        let days = days_from_civil(year.into(), month.into(), day.into());
        let date = u16::try_from(days).map(Self).map_err(|_| INVALID)?;
        // A day that does not exist, such as 30 February, is converted to another one.
        let same = date.to_string() == format!("{year:04}-{month:02}-{day:02}");
        same.then_some(date).ok_or(INVALID)
    }

    /// The day that holds `time`, in UTC.
    ///
    /// # Errors
    /// [`PolicyError::InvalidDate`] after 2149-06-06.
    pub fn of(time: Timestamp) -> Result<Self, PolicyError> {
        let days = u16::try_from(time.as_millis() / DAY_MS);
        days.map(Self).map_err(|_| INVALID)
    }

    /// The day `days` after 1970-01-01.
    #[must_use]
    pub const fn from_days(days: u16) -> Self {
        Self(days)
    }

    /// Number of days since 1970-01-01.
    #[must_use]
    pub const fn days(self) -> u16 {
        self.0
    }

    pub(crate) fn number(self) -> u32 {
        self.0.into()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let midnight = Timestamp::from_millis(u64::from(self.0) * DAY_MS).to_string();
        // The years of the range have four digits.
        f.write_str(&midnight[.."2026-01-31".len()])
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Date({self})")
    }
}

impl FromStr for Date {
    type Err = PolicyError;

    /// Parses `YYYY-MM-DD`, with exactly four, two and two ASCII digits.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !looks_like_date(text) {
            return Err(INVALID);
        }
        let year = text[..4].parse().map_err(|_| INVALID)?;
        let two_digits = |digits: &str| digits.parse().map_err(|_| INVALID);
        Self::new(year, two_digits(&text[5..7])?, two_digits(&text[8..])?)
    }
}

impl From<SealingDate> for Date {
    fn from(date: SealingDate) -> Self {
        Self(date.0)
    }
}

impl From<Date> for SealingDate {
    fn from(date: Date) -> Self {
        Self(date.0)
    }
}

/// Whether a word has the form of a date, valid or not.
pub(crate) fn looks_like_date(word: &str) -> bool {
    let fits = |(i, byte): (usize, u8)| match i {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    word.len() == 10 && word.bytes().enumerate().all(fits)
}

/// Howard Hinnant, *chrono-Compatible Low-Level Date Algorithms*, `days_from_civil`.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let yoe = year.rem_euclid(400);
    let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_of_the_calendar() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("1972-02-29", 789),
            ("2000-03-01", 11_017),
            ("2026-01-31", 20_484),
            ("2100-02-28", 47_540),
            ("2149-06-06", u16::MAX),
        ] {
            assert_eq!(text.parse(), Ok(Date::from_days(days)), "{text}");
            assert_eq!(Date::from_days(days).to_string(), text);
        }
        for text in [
            "1969-12-31",
            "2149-06-07",
            "9999-12-31",
            "2026-02-29",
            "2100-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "2026-1-31",
            "2026-01-3",
            "+026-01-31",
            "2026-01-31 ",
            "2026/01/31",
            "20260131",
            "",
            "２026-01-31",
        ] {
            assert_eq!(text.parse::<Date>(), Err(INVALID), "{text}");
        }
    }

    #[test]
    fn every_day_round_trips() {
        for days in 0..=u16::MAX {
            let date = Date::from_days(days);
            assert_eq!(date.to_string().parse(), Ok(date));
            let midnight = u64::from(days) * DAY_MS;
            for millis in [midnight, midnight + DAY_MS - 1] {
                assert_eq!(Date::of(Timestamp::from_millis(millis)), Ok(date));
            }
            assert_eq!(Date::from(SealingDate::from(date)), date);
        }
        let after = Timestamp::from_millis((u64::from(u16::MAX) + 1) * DAY_MS);
        assert_eq!(Date::of(after), Err(INVALID));
        assert_eq!(Date::of(Timestamp::MAX), Err(INVALID));
    }

    #[test]
    fn days_of_the_calendar_are_those_of_their_texts() {
        for year in [
            0,
            1969,
            1970,
            1999,
            2000,
            2024,
            2026,
            2100,
            2149,
            2150,
            9999,
            10_000,
            u16::MAX,
        ] {
            for month in 0..=14 {
                for day in (0..=33).chain([100, 255]) {
                    let text = format!("{year:04}-{month:02}-{day:02}");
                    assert_eq!(Date::new(year, month, day), text.parse(), "{text}");
                }
            }
        }
        assert_eq!(Date::new(1970, 1, 2), Ok(Date::from_days(1)));
        assert!(Date::new(2024, 2, 29).is_ok() && Date::new(2023, 2, 29).is_err());
        assert!(Date::new(2149, 6, 6).is_ok() && Date::new(2149, 6, 7).is_err());
    }
}
