//! L9: how early and how late a proposal may be, by the clock of the replica that receives it.

use medshare_types::genesis::ChainParameters;
use medshare_types::time::Timestamp;

use super::Replica;
use super::slot::Stage;
use crate::proposal::Payload;

/// The clock of a replica, as far as it bounds the time of a proposal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Arrival of the proposal.
    pub(super) received: Timestamp,
    /// The latest reading of the clock at this height and the one before: it may have been set back
    /// since.
    pub(super) latest: Timestamp,
    /// Time of the parent.
    pub(super) parent: Timestamp,
    /// Each doubles the bound on lateness.
    pub(super) late_doublings: u32,
}

/// True when a header timed `time` is acceptable. The least possible time, one millisecond after the
/// parent, is never too early: else no block could follow one that was dated ahead of the clocks.
pub(super) fn is_timely(parameters: &ChainParameters, bounds: &Bounds, time: Timestamp) -> bool {
    let ChainParameters {
        precision_ms,
        message_delay_ms,
        ..
    } = *parameters;
    // More than 63 doublings saturate the bound.
    let growth = 1u64.checked_shl(bounds.late_doublings).unwrap_or(u64::MAX);
    let delay = message_delay_ms.saturating_mul(growth);
    let late = delay.saturating_add(precision_ms);
    let earliest = bounds.received.minus_millis(late);
    let own = bounds.received.max(bounds.latest);
    let latest = own
        .plus_millis(precision_ms)
        .max(bounds.parent.plus_millis(1));
    earliest <= time && time <= latest
}

impl<P: Payload> Replica<P> {
    /// L9: keeps the latest reading of the clock at this height.
    pub(super) fn note_clock(&mut self, now: Timestamp) {
        let latest = &mut self.current.latest_clock;
        *latest = now.max(*latest);
    }

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
