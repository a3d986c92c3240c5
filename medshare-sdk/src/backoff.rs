//! Pauses between the attempts of one call, which grow.

use std::time::Duration;

use medshare_host::os_random;
use medshare_types::RandomSource as _;
use tokio::time::sleep;

const LONGEST: Duration = Duration::from_millis(500);

/// Pauses that double up to half a second, each cut by up to a half at random, so that callers who
/// were refused together do not come back together.
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    /// The first pause is at most `first`.
    pub(crate) const fn new(first: Duration) -> Self {
        Self { next: first }
    }

    pub(crate) async fn pause(&mut self) {
        let pause = self.next;
        self.next = (pause * 2).min(LONGEST);
        let [cut] = os_random().array::<1>();
        sleep(pause - pause / 2 * u32::from(cut) / 255).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test]
    async fn pauses_grow_to_a_bound() {
        let mut backoff = Backoff::new(Duration::from_millis(4));
        for expected in [4, 8, 16] {
            let begun = Instant::now();
            backoff.pause().await;
            assert!(begun.elapsed() >= Duration::from_millis(expected / 2));
        }
        for _ in 0..5 {
            backoff.next = (backoff.next * 2).min(LONGEST);
        }
        assert_eq!(backoff.next, LONGEST);
    }
}
