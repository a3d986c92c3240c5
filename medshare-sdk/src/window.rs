//! Windows of time in which a grant allows access.

use std::time::Duration;

use medshare_types::{Timestamp, consent};

use crate::error::EmptyWindow;

/// A half-open stretch of time, in absolute moments or from now on.
///
/// ```
/// use medshare_sdk::Window;
/// use std::time::Duration;
///
/// let for_a_month = Window::days(30);
/// let tomorrow = Window::lasting(Duration::from_secs(3600)).starting_in(Duration::from_secs(86_400));
/// # let _ = (for_a_month, tomorrow);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Relative { delay: Duration, length: Duration },
    Absolute(consent::Window),
}

impl Window {
    /// From now on, for `days` days.
    #[must_use]
    pub const fn days(days: u32) -> Self {
        Self::lasting(Duration::from_secs(days as u64 * 86_400))
    }

    /// From now on, for that long. Counted in milliseconds, at least one.
    #[must_use]
    pub const fn lasting(length: Duration) -> Self {
        Self(Kind::Relative {
            delay: Duration::ZERO,
            length,
        })
    }

    /// `[not_before, not_after)`.
    ///
    /// # Errors
    /// [`EmptyWindow`] unless `not_before < not_after`.
    pub fn between(not_before: Timestamp, not_after: Timestamp) -> Result<Self, EmptyWindow> {
        consent::Window::new(not_before, not_after).map(|window| Self(Kind::Absolute(window)))
    }

    /// The same length, beginning later by `delay`. An absolute window moves as a whole, at most to
    /// the end of representable time.
    #[must_use]
    pub fn starting_in(self, delay: Duration) -> Self {
        match self.0 {
            Kind::Relative {
                delay: before,
                length,
            } => Self(Kind::Relative {
                delay: before.saturating_add(delay),
                length,
            }),
            Kind::Absolute(window) => {
                let room = Timestamp::MAX.millis_since(window.not_after());
                let shift = saturating_millis(delay).min(room);
                Self(Kind::Absolute(window_of(
                    window.not_before().plus_millis(shift),
                    window.not_after().plus_millis(shift),
                )))
            }
        }
    }

    /// The absolute window when the clock shows `now`. "From now on" begins `tolerance_ms`
    /// earlier, so that a consortium whose clocks are slow does not answer "not yet".
    pub(crate) fn resolve(self, now: Timestamp, tolerance_ms: u64) -> consent::Window {
        let (delay, length) = match self.0 {
            Kind::Absolute(window) => return window,
            Kind::Relative { delay, length } => (delay, length),
        };
        // At the end of representable time a window lasts a millisecond.
        let latest = Timestamp::MAX.minus_millis(1);
        let start = now.plus_millis(saturating_millis(delay)).min(latest);
        let end = start.plus_millis(saturating_millis(length).max(1));
        let begin = if delay.is_zero() {
            start.minus_millis(tolerance_ms)
        } else {
            start
        };
        window_of(begin, end)
    }
}

#[expect(
    clippy::expect_used,
    reason = "both callers keep the end after the beginning"
)]
fn window_of(not_before: Timestamp, not_after: Timestamp) -> consent::Window {
    consent::Window::new(not_before, not_after).expect("a window that ends after it begins")
}

/// More than `u64` holds is later than any [`Timestamp`].
fn saturating_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_windows_resolve_against_the_clock() {
        let now = Timestamp::from_millis(10_000);
        let window = Window::lasting(Duration::from_millis(500)).resolve(now, 100);
        assert_eq!(
            (
                window.not_before().as_millis(),
                window.not_after().as_millis()
            ),
            (9_900, 10_500)
        );
        let later = Window::days(1)
            .starting_in(Duration::from_secs(5))
            .resolve(now, 100);
        assert_eq!(later.not_before().as_millis(), 15_000);
        assert_eq!(later.not_after().as_millis(), 15_000 + 86_400_000);
    }

    #[test]
    fn absolute_windows_move_as_a_whole() {
        let at = Timestamp::from_millis;
        let resolve = |window: Window| window.resolve(at(0), 100);
        let window = Window::between(at(1_000), at(3_000)).unwrap();
        let moved = resolve(window.starting_in(Duration::from_secs(1)));
        assert_eq!(
            (moved.not_before(), moved.not_after()),
            (at(2_000), at(4_000))
        );
        let last = resolve(window.starting_in(Duration::MAX));
        assert_eq!(last.not_after(), Timestamp::MAX);
        assert_eq!(last.not_before(), Timestamp::MAX.minus_millis(2_000));
    }

    #[test]
    fn nothing_overflows() {
        let end_of_time = Timestamp::MAX;
        for length in [Duration::ZERO, Duration::MAX] {
            let _ = Window::lasting(length)
                .starting_in(Duration::MAX)
                .resolve(end_of_time, 1);
        }
    }
}
