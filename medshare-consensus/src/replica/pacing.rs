//! L1 to L5: when a height begins, when it is due, and how long a primary has.

use std::collections::{BTreeMap, VecDeque};

use medshare_types::id::View;

use super::Replica;
use crate::io::{Effect, Timer};
use crate::mutation::Mutant;
use crate::proposal::Payload;
use crate::record::MAX_LATE;

/// Shortest and longest time of a primary at view 0, milliseconds.
const BASE_MS: core::ops::RangeInclusive<u64> = 250..=8_000;
/// Time of a primary until enough heights are measured.
const UNMEASURED_MS: u64 = 2_000;
/// Time for the others to receive and judge a first proposal, until enough heights are measured.
const UNMEASURED_TO_JUDGE_MS: u64 = 250;
/// The part of a primary's time in which the others receive and judge its proposal.
const PART_TO_JUDGE: u64 = 4;
/// Longest time of a primary in any view.
const LONGEST_MS: u64 = 30_000;
/// A primary's time, in median durations of a height.
const DURATIONS: u64 = 8;
/// Lost views that lengthen the time; more change nothing, since the time is bounded.
const MAX_PENALTY: u32 = 7;

/// The durations of heights, and the state of the timers of this one.
#[derive(Default)]
pub(super) struct Pacing {
    waiting: bool,
    /// Start of the height on the monotonic clock; `None` until the one before is executed.
    begun: Option<u64>,
    /// True once the primary of view 0 has to propose.
    due: bool,
    /// The view for which the timer runs.
    armed: Option<View>,
    /// Durations of the last heights that ordered something.
    durations: VecDeque<u64>,
    /// Lost views that were not made good yet.
    penalty: u32,
    /// The latest reading of the monotonic clock.
    now_ms: u64,
    /// When the primary of each view counts as late, unless its proposal is found acceptable before.
    pub(super) expected: BTreeMap<View, u64>,
}

impl Pacing {
    pub(super) fn note_time(&mut self, monotonic_ms: u64) {
        self.now_ms = self.now_ms.max(monotonic_ms);
    }

    /// L53: the primary of `view` is late `after_ms` from now.
    pub(super) fn expect(&mut self, view: View, after_ms: u64) {
        if self.expected.len() < MAX_LATE {
            let due = self.now_ms.saturating_add(after_ms);
            self.expected.entry(view).or_insert(due);
        }
    }

    /// L55: takes out the views whose primaries are late.
    pub(super) fn take_overdue(&mut self) -> Vec<View> {
        let now = self.now_ms;
        let overdue = self.expected.iter().filter(|(_, due)| **due <= now);
        let overdue: Vec<_> = overdue.map(|(view, _)| *view).collect();
        self.expected.retain(|_, due| *due > now);
        overdue
    }

    /// Milliseconds until the next primary is late.
    pub(super) fn until_overdue_ms(&self) -> Option<u64> {
        let due = self.expected.values().min()?;
        Some(due.saturating_sub(self.now_ms))
    }

    pub(super) const fn is_due(&self) -> bool {
        self.due
    }

    /// L5: the time of a primary at view 0 after heights that lost no view; `None` until `needed`
    /// heights are measured.
    fn measured_ms(&self, needed: usize) -> Option<u64> {
        if self.durations.len() < needed {
            return None;
        }
        let mut sorted: Vec<_> = self.durations.iter().copied().collect();
        sorted.sort_unstable();
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
        let (least, most) = BASE_MS.into_inner();
        Some(median.saturating_mul(DURATIONS).clamp(least, most))
    }

    /// L5: the time that the primary of `view` has, with `needed` measured heights.
    fn timeout_ms(&self, view: View, needed: usize) -> u64 {
        let base = self.measured_ms(needed).unwrap_or(UNMEASURED_MS);
        let doublings = u64::from(self.penalty).saturating_add(view.0);
        let doublings = u32::try_from(doublings).unwrap_or(u32::MAX);
        let factor = 1u64.checked_shl(doublings).unwrap_or(u64::MAX);
        base.saturating_mul(factor).min(LONGEST_MS)
    }
}

impl<P: Payload> Replica<P> {
    /// Heights that are measured before timers adapt: two turns of each seat.
    fn measured_heights(&self) -> usize {
        2 * self.config.committee.members().len()
    }

    /// The time in which every member should have received and judged a first proposal,
    /// milliseconds. A primary sizes its payload by it, so that none gives the view up.
    #[must_use]
    pub fn time_to_judge_ms(&self) -> u64 {
        let measured = self.pacing.measured_ms(self.measured_heights());
        measured.map_or(UNMEASURED_TO_JUDGE_MS, |base| base / PART_TO_JUDGE)
    }

    /// L1: the height after the tip begins once the tip is executed.
    pub(super) fn begin_when_executed(&mut self, monotonic_ms: u64) {
        if self.pacing.begun.is_some() || self.executed.height != self.tip.height {
            return;
        }
        self.pacing.begun = Some(monotonic_ms);
        // A vote in a later view shows that a quorum had opened it, before a restart.
        if self.current.view > View(0) && self.has_voted_here() {
            self.arm_view_timer();
        }
        if self.pacing.waiting || self.tip.ordered {
            self.fall_due();
        } else {
            self.outbox.push_at_once(Effect::SetTimer {
                timer: Timer::Heartbeat,
                after_ms: self.config.heartbeat_ms,
            });
        }
    }

    fn has_voted_here(&self) -> bool {
        let votes = [self.current.own_prepare, self.current.own_commit];
        let view = self.current.view;
        let mut votes = votes.iter().flatten();
        votes.any(|own| own.vote.ballot.view == view)
    }

    /// L2: something waits, or nothing does any more.
    pub(super) fn set_waiting(&mut self, waiting: bool) {
        self.pacing.waiting = waiting;
        if waiting {
            self.fall_due();
        }
    }

    /// L3: from now on the primary of view 0 has to propose.
    pub(super) fn fall_due(&mut self) {
        if self.pacing.begun.is_none() || self.pacing.due {
            return;
        }
        self.pacing.due = true;
        self.outbox
            .push_at_once(Effect::CancelTimer(Timer::Heartbeat));
        if self.current.view == View(0) {
            self.arm_view_timer();
        }
    }

    /// Starts the timer of the current view, unless it runs.
    pub(super) fn arm_view_timer(&mut self) {
        let view = self.current.view;
        if self.pacing.armed == Some(view) {
            return;
        }
        self.pacing.armed = Some(view);
        let after_ms = self.pacing.timeout_ms(view, self.measured_heights());
        self.outbox.push_at_once(Effect::SetTimer {
            timer: Timer::View,
            after_ms,
        });
        self.expect_proposal(view, after_ms);
    }

    pub(super) fn disarm_view_timer(&mut self) {
        if self.pacing.armed.take().is_some() {
            self.outbox.push_at_once(Effect::CancelTimer(Timer::View));
        }
    }

    /// L4: true when the timer that fired is that of the current view.
    pub(super) fn view_timer_fired(&mut self) -> bool {
        let fired = self.pacing.armed == Some(self.current.view);
        if fired {
            self.pacing.armed = None;
        }
        fired
    }

    /// L5: measures the height that is decided now in `view`, and lengthens or shortens the time of
    /// the next primary.
    pub(super) fn end_height(&mut self, view: View, ordered: bool, monotonic_ms: u64) {
        if !self.mutation.is(Mutant::ViewTimerKept) {
            self.disarm_view_timer();
        }
        self.expect_no_proposals();
        let needed = self.measured_heights();
        let pacing = &mut self.pacing;
        if let Some(begun) = pacing.begun.take() {
            pacing.penalty = if view > View(0) {
                (pacing.penalty + 1).min(MAX_PENALTY)
            } else if self.mutation.is(Mutant::TimesNeverComeDown) {
                pacing.penalty
            } else {
                pacing.penalty.saturating_sub(1)
            };
            if ordered && pacing.due {
                pacing
                    .durations
                    .push_back(monotonic_ms.saturating_sub(begun));
                if pacing.durations.len() > needed {
                    pacing.durations.pop_front();
                }
            }
        }
        pacing.due = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_follows_the_median_within_its_bounds() {
        let mut pacing = Pacing::default();
        assert_eq!(pacing.timeout_ms(View(0), 4), 2_000);
        pacing.durations.extend([10, 20, 1_000_000, 100]);
        assert_eq!(pacing.timeout_ms(View(0), 4), 800);
        assert_eq!(pacing.timeout_ms(View(2), 4), 3_200);
        pacing.penalty = 1;
        assert_eq!(pacing.timeout_ms(View(0), 4), 1_600);
        assert_eq!(pacing.timeout_ms(View(u64::MAX), 4), LONGEST_MS);
        pacing.durations = VecDeque::from([1; 4]);
        assert_eq!(pacing.timeout_ms(View(0), 4), 500);
    }
}
