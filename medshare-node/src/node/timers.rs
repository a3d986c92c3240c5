//! The replica's timers, of which each runs at most once.

use std::collections::BTreeMap;
use std::time::Duration;

use medshare_consensus::Timer;
use tokio::time::{Instant, sleep_until};

/// When the timers that run are due.
#[derive(Default)]
pub(super) struct Timers(BTreeMap<Timer, Instant>);

impl Timers {
    pub(super) fn set(&mut self, timer: Timer, after_ms: u64) {
        let due = Instant::now() + Duration::from_millis(after_ms);
        self.0.insert(timer, due);
    }

    pub(super) fn cancel(&mut self, timer: Timer) {
        self.0.remove(&timer);
    }

    /// Waits for the first timer that is due, and forever without one. Dropping the future loses
    /// nothing: the timer runs until it is cancelled.
    pub(super) async fn due(&self) -> Timer {
        match self.0.iter().min_by_key(|(_, due)| **due) {
            Some((timer, due)) => {
                sleep_until(*due).await;
                *timer
            }
            None => std::future::pending().await,
        }
    }
}
