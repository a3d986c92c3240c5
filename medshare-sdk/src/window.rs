//! When a grant allows access, as a person would say it.

use std::time::Duration;

use medshare_types::consent::EmptyWindow;
use medshare_types::{Timestamp, consent};

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

    /// The same length, beginning later by `delay`. Moves an absolute window as a whole.
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
                let moved = consent::Window::new(
                    window.not_before().plus_millis(millis(delay)),
                    window.not_after().plus_millis(millis(delay)),
                );
                Self(Kind::Absolute(moved.unwrap_or(window)))
            }
        }
    }

    /// The absolute window when the clock shows `now`. "From now on" begins `tolerance_ms`
    /// earlier, so that a consortium whose clocks run late does not answer "not yet".
    pub(crate) fn resolve(self, now: Timestamp, tolerance_ms: u64) -> consent::Window {
        let (delay, length) = match self.0 {
            Kind::Absolute(window) => return window,
            Kind::Relative { delay, length } => (delay, length),
        };
        let start = now.plus_millis(millis(delay));
        let end = start.plus_millis(millis(length).max(1));
        let begin = if delay.is_zero() {
            start.minus_millis(tolerance_ms)
        } else {
            start
        };
        consent::Window::new(begin, end).unwrap_or_else(|_| consent::Window::days_from(begin, 1))
    }
}

fn millis(duration: Duration) -> u64 {
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
    fn nothing_overflows() {
        let end_of_time = Timestamp::MAX;
        for length in [Duration::ZERO, Duration::MAX] {
            let _ = Window::lasting(length)
                .starting_in(Duration::MAX)
                .resolve(end_of_time, 1);
        }
    }
}
