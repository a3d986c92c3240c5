//! L9: how early and how late a proposal may be, by the clock of the replica that receives it.

use medshare_types::genesis::ChainParameters;
use medshare_types::time::Timestamp;

use super::Replica;
use super::slot::Stage;
use crate::proposal::Payload;

/// True when a header timed `time` is acceptable on arrival at `now`. Each of `late_doublings`
/// doubles the bound on lateness; the bound on times ahead never moves.
pub(super) fn is_timely(
    parameters: &ChainParameters,
    now: Timestamp,
    time: Timestamp,
    late_doublings: u32,
) -> bool {
    let ChainParameters {
        precision_ms,
        message_delay_ms,
        ..
    } = *parameters;
    // More than 63 doublings saturate the bound.
    let growth = 1u64.checked_shl(late_doublings).unwrap_or(u64::MAX);
    let delay = message_delay_ms.saturating_mul(growth);
    let earliest = now.minus_millis(delay.saturating_add(precision_ms));
    earliest <= time && time <= now.plus_millis(precision_ms)
}

impl<P: Payload> Replica<P> {
    /// L9: a late proposal that no quorum prepares would stop the height for good, since its
    /// primary may not propose another. Each tick doubles the bound on lateness; ticks that follow
    /// each other in less than `resend_ms` count once.
    pub(super) fn extend_late_bound(&mut self, now: Timestamp) {
        let slot = &mut self.current;
        let held = slot.candidate.as_ref();
        if !held.is_some_and(|candidate| candidate.stage == Stage::Untimely) {
            return;
        }
        let since = slot.late_since.get_or_insert(now);
        if now.as_millis().abs_diff(since.as_millis()) >= self.config.resend_ms {
            *since = now;
            slot.late_doublings = slot.late_doublings.saturating_add(1);
        }
    }
}
