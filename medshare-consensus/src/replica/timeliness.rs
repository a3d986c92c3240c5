//! L14: how early and how late a first proposal may be, by the clock of the replica that receives it.

use medshare_types::genesis::ChainParameters;
use medshare_types::id::View;
use medshare_types::time::Timestamp;

use super::Replica;
use crate::proposal::Payload;

/// The longest lateness in any view, milliseconds: within what holders of the gate accept.
const LATEST_MS: u64 = 30_000;

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
    /// Each view doubles the bound on lateness.
    pub(super) view: View,
}

/// True when a header timed `time` is acceptable. The least possible time, one millisecond after the
/// parent, is never too early: else no block could follow one that was dated ahead of the clocks.
pub(super) fn is_timely(parameters: &ChainParameters, bounds: &Bounds, time: Timestamp) -> bool {
    let ChainParameters {
        precision_ms,
        message_delay_ms,
        ..
    } = *parameters;
    let doublings = u32::try_from(bounds.view.0).unwrap_or(u32::MAX);
    let growth = 1u64.checked_shl(doublings).unwrap_or(u64::MAX);
    let delay = message_delay_ms
        .saturating_mul(growth)
        .min(LATEST_MS.max(message_delay_ms));
    let late = delay.saturating_add(precision_ms);
    let earliest = bounds.received.minus_millis(late);
    let own = bounds.received.max(bounds.latest);
    let latest = own
        .plus_millis(precision_ms)
        .max(bounds.parent.plus_millis(1));
    earliest <= time && time <= latest
}

impl<P: Payload> Replica<P> {
    /// L14: keeps the latest reading of the clock at this height.
    pub(super) fn note_clock(&mut self, now: Timestamp) {
        let latest = &mut self.current.latest_clock;
        *latest = now.max(*latest);
    }
}
