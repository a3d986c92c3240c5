//! Times that no reader could ever use, and the slip that likely made them.
//!
//! The contract accepts them, and judges by block time only when a reader asks. So they are refused
//! by the clock here, before a grant or a record exists that can never be used.

use std::fmt;

use medshare_types::Timestamp;

/// 9999-12-31T23:59:59.999Z.
const LAST_YEAR_END: Timestamp = Timestamp::from_millis(253_402_300_799_999);

/// 20 years: a number that is so close to now in another unit was meant in that unit.
const NEAR_NOW_MS: u64 = 20 * 365 * 86_400_000;

/// The reason why times are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimesFault {
    /// They end before this computer's clock, which shows `now`.
    Over {
        /// By this computer's clock.
        now: Timestamp,
    },
    /// They do not end after they begin.
    Empty,
    /// They begin after the year 9999.
    BeginsTooLate,
    /// One of them was meant in another unit than milliseconds.
    WrongUnit(TimeUnit),
    /// A grant's window that lies outside the record's own bounds.
    OutsideBounds {
        /// No release before this moment …
        floor: Timestamp,
        /// … and none from this moment on.
        ceiling: Timestamp,
    },
}

/// A unit of time that is easily taken for milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// Of Unix time; see [`Timestamp::from_seconds`].
    Seconds,
    /// Divide by 1,000.
    Microseconds,
    /// Divide by 1,000,000.
    Nanoseconds,
}

impl fmt::Display for TimesFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Over { now } => write!(
                f,
                "is over: the clock shows {now}; give a later end, or set the clock"
            ),
            Self::Empty => f.write_str("is empty; give an end after the beginning"),
            Self::BeginsTooLate => {
                f.write_str("begins after the year 9999; give an earlier beginning")
            }
            Self::WrongUnit(TimeUnit::Seconds) => f.write_str(
                "has seconds where milliseconds are expected; use Timestamp::from_seconds",
            ),
            Self::WrongUnit(TimeUnit::Microseconds) => f.write_str(
                "has microseconds where milliseconds are expected; divide them by 1,000",
            ),
            Self::WrongUnit(TimeUnit::Nanoseconds) => f.write_str(
                "has nanoseconds where milliseconds are expected; divide them by 1,000,000",
            ),
            Self::OutsideBounds { floor, ceiling } => write!(
                f,
                "is outside the record's bounds [{floor}, {ceiling}); give one that overlaps them"
            ),
        }
    }
}

/// The reason why `[not_before, not_after)` cannot open from `now` on, or was not meant so.
pub(crate) fn fault_of(
    not_before: Timestamp,
    not_after: Timestamp,
    now: Timestamp,
) -> Option<TimesFault> {
    let mut times = [not_before, not_after].into_iter();
    if let Some(unit) = times.find_map(|time| unit_of(time, now)) {
        Some(TimesFault::WrongUnit(unit))
    } else if not_before > LAST_YEAR_END {
        Some(TimesFault::BeginsTooLate)
    } else if not_before >= not_after {
        Some(TimesFault::Empty)
    } else if not_after <= now {
        Some(TimesFault::Over { now })
    } else {
        None
    }
}

/// The unit in which a time is close to now, where it is far from now in milliseconds.
fn unit_of(time: Timestamp, now: Timestamp) -> Option<TimeUnit> {
    let near = |millis: u64| now.as_millis().abs_diff(millis) <= NEAR_NOW_MS;
    let millis = time.as_millis();
    if near(millis) {
        None
    } else if near(millis.saturating_mul(1_000)) {
        Some(TimeUnit::Seconds)
    } else if near(millis / 1_000) {
        Some(TimeUnit::Microseconds)
    } else if near(millis / 1_000_000) {
        Some(TimeUnit::Nanoseconds)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const HOUR: u64 = 3_600_000;

    #[test]
    fn plain_times_have_no_fault() {
        let epoch = Timestamp::default();
        for (not_before, not_after) in [
            (epoch, Timestamp::MAX),
            (NOW, NOW.plus_millis(1)),
            (Timestamp::from_seconds(0), NOW.plus_millis(1)),
            (Timestamp::from_seconds(86_400), NOW.plus_millis(1)),
            (NOW.plus_millis(100 * 365 * 24 * HOUR), Timestamp::MAX),
            (NOW, Timestamp::from_seconds(253_402_300_800)),
        ] {
            assert_eq!(fault_of(not_before, not_after, NOW), None, "{not_before}");
        }
    }

    /// A start in seconds would otherwise be long past: the window would open at once.
    #[test]
    fn other_units_are_named_on_either_side() {
        let millis = NOW.as_millis();
        for (slip, unit) in [
            (millis / 1_000, TimeUnit::Seconds),
            (millis * 1_000, TimeUnit::Microseconds),
            (millis * 1_000_000, TimeUnit::Nanoseconds),
        ] {
            let slip = Timestamp::from_millis(slip);
            let wrong = Some(TimesFault::WrongUnit(unit));
            assert_eq!(fault_of(slip, Timestamp::MAX, NOW), wrong);
            assert_eq!(fault_of(Timestamp::default(), slip, NOW), wrong);
        }
    }

    #[test]
    fn times_that_never_open_are_told_apart() {
        let hour_ago = NOW.minus_millis(HOUR);
        let over = Some(TimesFault::Over { now: NOW });
        assert_eq!(fault_of(hour_ago, NOW, NOW), over);
        let empty = Some(TimesFault::Empty);
        assert_eq!(fault_of(NOW, NOW, NOW), empty);
        assert_eq!(fault_of(NOW, hour_ago, NOW), empty);
        let late = Some(TimesFault::BeginsTooLate);
        assert_eq!(fault_of(Timestamp::MAX, Timestamp::MAX, NOW), late);
    }
}
