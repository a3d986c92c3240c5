//! Times as text: RFC 3339, and days with their zone, parsed by `chrono` without its clock.

use core::str::FromStr;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime};

use super::{TimeError, Timestamp};

/// Length of `2026-01-31`.
const DAY_LEN: usize = 10;

impl Timestamp {
    /// The first moment of a day in a zone: `utc_offset_minutes` is the zone's offset at that
    /// midnight, positive east of Greenwich. Zones with summer time have two offsets, and a table
    /// of zones is outside this crate.
    ///
    /// # Errors
    /// [`TimeError::NoSuchDay`], [`TimeError::BeforeEpoch`].
    pub fn start_of_day(
        year: u16,
        month: u8,
        day: u8,
        utc_offset_minutes: i16,
    ) -> Result<Self, TimeError> {
        let midnight = || {
            let offset = FixedOffset::east_opt(i32::from(utc_offset_minutes) * 60)?;
            let day = NaiveDate::from_ymd_opt(year.into(), month.into(), day.into())?;
            day.and_time(NaiveTime::MIN)
                .and_local_timezone(offset)
                .single()
        };
        midnight().map_or(
            Err(TimeError::NoSuchDay {
                year,
                month,
                day,
                utc_offset_minutes,
            }),
            |midnight| of_datetime(&midnight),
        )
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    /// Parses a date and time of RFC 3339, cut to milliseconds; a day with its zone, as in
    /// `2026-01-31+01:00` or `2026-01-31Z`, as the first moment of that day; and `open-ended`, as
    /// [`Timestamp::MAX`] is printed. Times after the year 9999 print, but RFC 3339 has none.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        if text == "open-ended" {
            return Ok(Self::MAX);
        }
        if let Some(time) = parse(text) {
            return of_datetime(&time);
        }
        let text = text.to_owned();
        Err(if parse(&format!("{text}Z")).is_some() {
            TimeError::NoZone { text }
        } else {
            TimeError::Malformed { text }
        })
    }
}

fn parse(text: &str) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(text).ok().or_else(|| {
        let (day, zone) = text.split_at_checked(DAY_LEN)?;
        DateTime::parse_from_rfc3339(&format!("{day}T00:00:00{zone}")).ok()
    })
}

fn of_datetime(time: &DateTime<FixedOffset>) -> Result<Timestamp, TimeError> {
    u64::try_from(time.timestamp_millis())
        .map(Timestamp::from_millis)
        .map_err(|_| TimeError::BeforeEpoch)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn rfc_3339_and_days_with_a_zone_parse() {
        for (text, printed) in [
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
            ("2026-01-31T12:00:00.1239Z", "2026-01-31T12:00:00.123Z"),
            ("2026-01-31T12:00:00+05:30", "2026-01-31T06:30:00.000Z"),
            ("2026-01-31Z", "2026-01-31T00:00:00.000Z"),
            ("2026-01-31-08:00", "2026-01-31T08:00:00.000Z"),
            ("2026-03-01+01:00", "2026-02-28T23:00:00.000Z"),
            ("open-ended", "open-ended"),
        ] {
            let time: Timestamp = text.parse().unwrap();
            assert_eq!(time.to_string(), printed);
            assert_eq!(printed.parse(), Ok(time));
        }
    }

    #[test]
    fn a_zone_is_never_assumed() {
        for text in ["2026-01-31", "2026-01-31T12:00:00", "2026-01-31T12:00:00.5"] {
            let error = text.parse::<Timestamp>().unwrap_err();
            assert!(matches!(error, TimeError::NoZone { .. }), "{error}");
            assert!(error.to_string().contains("append Z"), "{error}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "now",
            "1798761599",
            "2026-02-30Z",
            "2026-1-31Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31 +01:00",
            "２026-01-31Z",
            "2026-01-31ZZ",
        ] {
            let error = text.parse::<Timestamp>().unwrap_err();
            assert!(
                matches!(error, TimeError::Malformed { .. }),
                "{text}: {error}"
            );
        }
        let early = "1969-12-31T23:59:59Z".parse::<Timestamp>();
        assert_eq!(early, Err(TimeError::BeforeEpoch));
    }

    #[test]
    fn days_begin_at_their_zones_midnight() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let day = Timestamp::start_of_day;
        assert_eq!(day(2026, 1, 31, 0), Ok(at("2026-01-31T00:00:00Z")));
        assert_eq!(day(2026, 1, 31, 330), Ok(at("2026-01-30T18:30:00Z")));
        assert_eq!(day(2026, 1, 31, -60), Ok(at("2026-01-31T01:00:00Z")));
        assert!(matches!(
            day(2026, 2, 30, 0),
            Err(TimeError::NoSuchDay { .. })
        ));
        assert!(matches!(
            day(2026, 2, 3, 1_440),
            Err(TimeError::NoSuchDay { .. })
        ));
        assert_eq!(day(1970, 1, 1, 60), Err(TimeError::BeforeEpoch));
    }
}
