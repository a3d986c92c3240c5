//! Values of labels, and the prefixes that stand for them in the scheme.
//!
//! A value is a number of 32 or 16 bits. A key for it holds one part for each of its prefixes, from
//! the empty one to the whole number; a policy that asks for a range names the fewest prefixes that
//! together are in front of exactly the numbers of the range. So exactly one of them is in a key
//! for a number inside, and none in a key for one outside.

use core::fmt;
use core::str::FromStr;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{SealingDate, Timestamp};

use crate::enumeration::{Choice, EnumerationId};
pub use crate::error::DateError;

/// A day from 1970-01-01 to 2149-06-06, written `2026-01-31`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Date(u16);

const DAY_MS: u64 = 86_400_000;

impl Date {
    /// That day of the calendar.
    ///
    /// # Errors
    /// [`DateError`] if there is no such day, or it is outside the range.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, DateError> {
        let days = days_from_civil(year.into(), month.into(), day.into());
        let date = u16::try_from(days).map(Self).map_err(|_| DateError)?;
        // The thirtieth of February comes back as another day.
        let same = date.to_string() == format!("{year:04}-{month:02}-{day:02}");
        same.then_some(date).ok_or(DateError)
    }

    /// The day that holds `time`, in UTC.
    ///
    /// # Errors
    /// [`DateError`] after 2149-06-06.
    pub fn of(time: Timestamp) -> Result<Self, DateError> {
        let days = u16::try_from(time.as_millis() / DAY_MS);
        days.map(Self).map_err(|_| DateError)
    }

    /// The day that many days after 1970-01-01.
    #[must_use]
    pub const fn from_days(days: u16) -> Self {
        Self(days)
    }

    /// Days since 1970-01-01.
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
        f.write_str(midnight.split('T').next().unwrap_or_default())
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Date({self})")
    }
}

impl FromStr for Date {
    type Err = DateError;

    /// Four, two and two digits with hyphens between them.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !looks_like_date(text) {
            return Err(DateError);
        }
        let year = text[..4].parse().map_err(|_| DateError)?;
        let two_digits = |digits: &str| digits.parse().map_err(|_| DateError);
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

/// Whether a word has the shape of a date.
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
    let (era, yoe) = (year.div_euclid(400), year.rem_euclid(400));
    let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

/// What a label holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
pub enum Value {
    /// A number.
    Integer(u32),
    /// A day.
    Date(Date),
    /// A value of an enumeration.
    Choice(Choice),
}

impl Value {
    pub(crate) const fn choice(&self) -> Option<&Choice> {
        match self {
            Self::Choice(choice) => Some(choice),
            Self::Integer(_) | Self::Date(_) => None,
        }
    }

    pub(crate) const fn domain(&self) -> Domain {
        match self {
            Self::Integer(_) => Domain::Integer,
            Self::Date(_) => Domain::Date,
            Self::Choice(choice) => Domain::Enumeration(choice.enumeration),
        }
    }

    pub(crate) fn number(&self) -> u32 {
        match self {
            Self::Integer(number) => *number,
            Self::Date(date) => date.number(),
            Self::Choice(choice) => choice.index.into(),
        }
    }

    pub(crate) fn begins_with(&self, prefix: Prefix) -> bool {
        Prefix::of(self.number(), self.domain().width(), prefix.depth) == prefix
    }

    /// All prefixes, the empty one first.
    pub(crate) fn prefixes(&self) -> impl Iterator<Item = Prefix> {
        let (number, width) = (self.number(), self.domain().width());
        (0..=width).map(move |depth| Prefix::of(number, width, depth))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => write!(f, "{number}"),
            Self::Date(date) => write!(f, "{date}"),
            Self::Choice(choice) => write!(f, "{}", choice.name),
        }
    }
}

/// What kind of value: values of two kinds are never compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Domain {
    Integer,
    Date,
    Enumeration(EnumerationId),
}

impl Domain {
    /// ℓ: bits of a number.
    pub(crate) const fn width(self) -> u8 {
        match self {
            Self::Integer => 32,
            Self::Date | Self::Enumeration(_) => 16,
        }
    }
}

/// The first `depth` bits of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Prefix {
    pub(crate) depth: u8,
    /// As a number of `depth` bits.
    pub(crate) bits: u32,
}

impl Prefix {
    pub(crate) fn of(number: u32, width: u8, depth: u8) -> Self {
        let bits = (u64::from(number) >> (width - depth)) as u32;
        Self { depth, bits }
    }

    /// The other prefix of this length with the same beginning; not for the empty one.
    pub(crate) const fn sibling(self) -> Self {
        Self {
            bits: self.bits ^ 1,
            ..self
        }
    }
}

/// The fewest prefixes of `width`-bit numbers that stand in front of exactly `from` to `to`,
/// ascending; at most `width` for a range that begins or ends with the domain, and twice as many
/// less two for any other.
pub(crate) fn cover(from: u32, to: u32, width: u8) -> Vec<Prefix> {
    let (mut next, end) = (u64::from(from), u64::from(to) + 1);
    let mut prefixes = Vec::new();
    while next < end {
        // The largest block that begins here and does not go beyond the end.
        let aligned = next.trailing_zeros().min(width.into());
        let fitting = (end - next).ilog2();
        let size = aligned.min(fitting) as u8;
        prefixes.push(Prefix::of(next as u32, width, width - size));
        next += 1 << size;
    }
    prefixes
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
            assert_eq!(text.parse::<Date>(), Err(DateError), "{text}");
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
        assert_eq!(Date::of(after), Err(DateError));
        assert_eq!(Date::of(Timestamp::MAX), Err(DateError));
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

    /// Every range of 5-bit numbers: who is inside has exactly one prefix of the cover.
    #[test]
    fn a_cover_holds_one_prefix_of_each_number_inside() {
        let width = 5;
        for from in 0..32 {
            for to in from..32 {
                let cover = cover(from, to, width);
                assert!(cover.len() <= 8, "{from}..{to}");
                assert!(cover.len() <= 5 || (from > 0 && to < 31));
                for number in 0..32 {
                    let mine = (0..=width).map(|depth| Prefix::of(number, width, depth));
                    let shared = mine.filter(|prefix| cover.contains(prefix)).count();
                    assert_eq!(shared, usize::from((from..=to).contains(&number)));
                }
            }
        }
    }

    #[test]
    fn covers_at_the_edges() {
        let all = |prefixes: Vec<Prefix>| -> Vec<(u8, u32)> {
            prefixes.iter().map(|p| (p.depth, p.bits)).collect()
        };
        assert_eq!(all(cover(0, u32::MAX, 32)), [(0, 0)]);
        assert_eq!(all(cover(u32::MAX, u32::MAX, 32)), [(32, u32::MAX)]);
        assert_eq!(all(cover(0, 0, 32)), [(32, 0)]);
        assert_eq!(cover(1, u32::MAX, 32).len(), 32);
        assert_eq!(cover(0, u32::MAX - 1, 32).len(), 32);
        assert_eq!(cover(1, u32::MAX - 1, 32).len(), 62);
        assert_eq!(all(cover(0, 65_535, 16)), [(0, 0)]);
    }
}
