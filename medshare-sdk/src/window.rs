//! Windows of time in which a grant allows access.

use std::str::FromStr;
use std::time::Duration;

use medshare_types::{Timestamp, consent};

pub use medshare_types::consent::Window as AbsoluteWindow;

use crate::error::{Error, Result, TimeError};
use crate::times::{TimesFault, fault_of};

/// A half-open stretch of time, in absolute moments or from now on.
///
/// Granting refuses a window that could never open, as [`Error::InvalidTimes`].
///
/// ```
/// use medshare_sdk::Window;
/// use std::time::Duration;
///
/// let for_a_month = Window::days(30);
/// let tomorrow = Window::lasting(Duration::from_secs(3600)).starting_in(Duration::from_secs(86_400));
/// let january = Window::between("2026-01-01+01:00".parse()?, "2026-02-01+01:00".parse()?)?;
/// # let _ = (for_a_month, tomorrow, january);
/// # Ok::<(), medshare_sdk::error::TimeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    span: Span,
    delay: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Span {
    FromNow(Duration),
    Absolute(consent::Window),
}

impl Window {
    /// From now on, for `days` days.
    #[must_use]
    pub const fn days(days: u32) -> Self {
        Self::lasting(Duration::from_secs(days as u64 * 86_400))
    }

    /// From now on, for that long, cut to milliseconds.
    #[must_use]
    pub const fn lasting(length: Duration) -> Self {
        Self {
            span: Span::FromNow(length),
            delay: Duration::ZERO,
        }
    }

    /// `[not_before, not_after)`.
    ///
    /// # Errors
    /// [`TimeError::EmptyWindow`] unless `not_before < not_after`.
    pub fn between(not_before: Timestamp, not_after: Timestamp) -> Result<Self, TimeError> {
        consent::Window::new(not_before, not_after).map(Self::from)
    }

    /// The same length, beginning later by `delay`. A window without end keeps none.
    #[must_use]
    pub const fn starting_in(self, delay: Duration) -> Self {
        Self {
            delay: self.delay.saturating_add(delay),
            ..self
        }
    }

    /// The absolute window when the clock shows `now`. "From now on" begins `tolerance_ms`
    /// earlier, so that a consortium whose clocks are slow does not answer "not yet".
    pub(crate) fn resolve(self, now: Timestamp, tolerance_ms: u64) -> Result<consent::Window> {
        let delay = saturating_millis(self.delay);
        let (begin, end, early) = match self.span {
            Span::Absolute(window) => {
                let begin = window.not_before().plus_millis(delay);
                (begin, window.not_after().plus_millis(delay), 0)
            }
            Span::FromNow(length) => {
                let begin = now.plus_millis(delay);
                let end = begin.plus_millis(saturating_millis(length));
                (begin, end, if delay == 0 { tolerance_ms } else { 0 })
            }
        };
        check_times("window", begin, end, now)?;
        consent::Window::new(begin.minus_millis(early), end).map_err(|_| Error::InvalidTimes {
            what: "window",
            not_before: begin,
            not_after: end,
            fault: TimesFault::Empty,
        })
    }
}

impl From<consent::Window> for Window {
    fn from(window: consent::Window) -> Self {
        Self {
            span: Span::Absolute(window),
            delay: Duration::ZERO,
        }
    }
}

impl FromStr for Window {
    type Err = TimeError;

    /// Parses start and end with a slash between them:
    /// `2026-01-31+01:00/2026-03-01T12:00:00+01:00`, or `…/open-ended`.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        text.parse::<consent::Window>().map(Self::from)
    }
}

/// Refuses `[not_before, not_after)` where it cannot open from `now` on, or was not meant so.
///
/// # Errors
/// [`Error::InvalidTimes`], with `what` as the name of the times.
pub(crate) fn check_times(
    what: &'static str,
    not_before: Timestamp,
    not_after: Timestamp,
    now: Timestamp,
) -> Result<()> {
    match fault_of(not_before, not_after, now) {
        Some(fault) => Err(Error::InvalidTimes {
            what,
            not_before,
            not_after,
            fault,
        }),
        None => Ok(()),
    }
}

/// More than `u64` holds is later than any [`Timestamp`].
fn saturating_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    /// Start and end, milliseconds after [`NOW`].
    fn resolved(window: Window) -> (i64, i64) {
        let window = window.resolve(NOW, 100).unwrap();
        let after =
            |time: Timestamp| time.as_millis().cast_signed() - NOW.as_millis().cast_signed();
        (after(window.not_before()), after(window.not_after()))
    }

    fn fault(window: Window) -> TimesFault {
        match window.resolve(NOW, 100) {
            Err(Error::InvalidTimes { fault, .. }) => fault,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn relative_windows_resolve_against_the_clock() {
        let brief = Window::lasting(Duration::from_millis(500));
        assert_eq!(resolved(brief), (-100, 500));
        let later = Window::days(1).starting_in(Duration::from_secs(5));
        assert_eq!(resolved(later), (5_000, 5_000 + 86_400_000));
    }

    #[test]
    fn absolute_windows_move_as_a_whole() {
        let (begin, end) = (NOW.plus_millis(1_000), NOW.plus_millis(3_000));
        let moved = Window::between(begin, end).unwrap();
        let moved = moved.starting_in(Duration::from_secs(1));
        assert_eq!(resolved(moved), (2_000, 4_000));
    }

    /// Such a window once stayed open from its first moment on.
    #[test]
    fn an_open_window_begins_later_too() {
        let open = Window::between(NOW, Timestamp::MAX).unwrap();
        let later = open.starting_in(Duration::from_secs(60)).resolve(NOW, 100);
        let later = later.unwrap();
        assert_eq!(later.not_before(), NOW.plus_millis(60_000));
        assert_eq!(later.not_after(), Timestamp::MAX);
    }

    #[test]
    fn what_overflows_is_refused() {
        let open = Window::between(NOW, Timestamp::MAX).unwrap();
        for window in [open, Window::days(1), Window::lasting(Duration::MAX)] {
            let never = window.starting_in(Duration::MAX);
            assert_eq!(fault(never), TimesFault::BeginsTooLate);
        }
        let longest = Window::lasting(Duration::MAX).resolve(NOW, 100).unwrap();
        assert_eq!(longest.not_after(), Timestamp::MAX);
    }

    #[test]
    fn windows_without_a_millisecond_are_refused() {
        for length in [Duration::ZERO, Duration::from_micros(999)] {
            let empty = Window::lasting(length);
            assert_eq!(fault(empty), TimesFault::Empty);
            let later = empty.starting_in(Duration::from_secs(1));
            assert_eq!(fault(later), TimesFault::Empty);
        }
    }
}
