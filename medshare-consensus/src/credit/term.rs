//! Epochs as credit sees them: the heights that are judged at an epoch's end.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::committee::Quorum;
use medshare_types::id::{Height, ReplicaId};
use medshare_types::time::Timestamp;

use super::facts::HeightFacts;
use super::participation::Counts;
use super::rule::EpochReport;

/// When an epoch ends: both bounds are reached, with at least f + 9 + 2n heights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct EpochRule {
    /// Heights of an epoch at the least.
    pub heights: u64,
    /// Block time of an epoch at the least, milliseconds.
    pub min_ms: u64,
}

impl Default for EpochRule {
    fn default() -> Self {
        Self {
            heights: 160,
            min_ms: 3_600_000,
        }
    }
}

/// Turns as primary in the running epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Turns {
    blocks: u64,
    lost: u64,
}

/// The running epoch, as far as its heights are closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Term {
    /// Its first height, and the time of that block.
    begun: Option<(Height, Timestamp)>,
    counts: Counts,
    turns: BTreeMap<ReplicaId, Turns>,
}

impl Term {
    pub(crate) fn begin(&mut self, height: Height, time: Timestamp) {
        self.begun.get_or_insert((height, time));
    }

    /// C6, L64: true when the epoch ends with `height`, whose parent has the time `parent`, so that every
    /// member knows at `height`.
    pub(crate) fn ends_at(
        &self,
        rule: &EpochRule,
        height: Height,
        parent: Option<Timestamp>,
        quorum: Quorum,
    ) -> bool {
        let Some(((first, begun), parent)) = self.begun.zip(parent) else {
            return false;
        };
        let least = rule.heights.max(least_heights(quorum));
        let passed_ms = parent.as_millis().saturating_sub(begun.as_millis());
        height.0.saturating_sub(first.0) + 1 >= least && passed_ms >= rule.min_ms
    }

    /// Counts a height that takes no more votes.
    pub fn count(&mut self, facts: &HeightFacts) {
        self.counts.add(facts);
        self.turns.entry(facts.proposer).or_default().blocks += 1;
    }

    /// Counts a lost turn of a seat.
    pub fn count_lost(&mut self, seat: ReplicaId) {
        self.turns.entry(seat).or_default().lost += 1;
    }

    /// What the epoch has shown of a member; a conversion fills in proofs and whether a candidate could
    /// take the seat.
    ///
    /// Cost: O(n log n).
    #[must_use]
    pub fn report(&self, seat: ReplicaId, quorum: Quorum) -> EpochReport {
        let turns = self.turns.get(&seat).copied().unwrap_or_default();
        EpochReport {
            participation: self.counts.participation(seat, quorum),
            turns: turns.blocks + turns.lost,
            lost: turns.lost,
            proven: false,
            replaceable: false,
        }
    }
}

/// Heights below which an epoch measures too little: those that stay open at its end, and two turns of
/// each seat.
const fn least_heights(quorum: Quorum) -> u64 {
    quorum.faulty() as u64 + 9 + 2 * quorum.members() as u64
}
