//! Credit of an epoch, after C2 to C13 of `docs/spec/credit.md`.

use std::collections::{BTreeMap, BTreeSet};

use medshare_types::id::{Height, ReplicaId, View};
use medshare_types::time::Timestamp;

use super::format::Standing;
use super::quorum::Quorum;

/// A turn as primary that members say was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostTurn {
    /// The member whose turn it was.
    pub seat: ReplicaId,
    /// The height of the turn.
    pub height: Height,
    /// The view of the turn.
    pub view: View,
}

/// The running epoch, as far as its heights are closed.
#[derive(Clone, Debug, Default)]
pub(super) struct Measured {
    /// Its first height, and the time of that block.
    pub(super) begun: Option<(Height, Timestamp)>,
    /// The first proposer of each closed height, and its voters.
    pub(super) closed: Vec<(ReplicaId, BTreeSet<ReplicaId>)>,
    /// A member for each turn that it lost.
    pub(super) lost: Vec<ReplicaId>,
}

impl Measured {
    /// C6: the epoch ends with `height`, which follows a block of the time `parent`.
    pub(super) fn ends_with(
        &self,
        height: Height,
        parent: Timestamp,
        (least_heights, least_ms): (u64, u64),
        quorum: Quorum,
    ) -> bool {
        let Some((first, begun)) = self.begun else {
            return false;
        };
        let (n, f) = (quorum.members as u64, quorum.faulty as u64);
        let heights = height.0 + 1 - first.0;
        let passed_ms = parent.as_millis().saturating_sub(begun.as_millis());
        heights >= least_heights.max(f + 9 + 2 * n) && passed_ms >= least_ms
    }

    /// C7: heights voted for, of a thousand.
    pub(super) fn share(&self, member: ReplicaId, quorum: Quorum) -> Option<usize> {
        let mut groups: BTreeMap<ReplicaId, (usize, usize)> = BTreeMap::new();
        for (proposer, voters) in &self.closed {
            let (voted, heights) = groups.entry(*proposer).or_default();
            *voted += usize::from(voters.contains(&member));
            *heights += 1;
        }
        let f = quorum.faulty;
        if groups.len() < 2 * f + 1 {
            return None;
        }
        // Stable: of equal shares the lower number is dropped first.
        let mut groups: Vec<_> = groups.into_values().collect();
        groups.sort_by(|(voted, of), (other, of_other)| (voted * of_other).cmp(&(other * of)));
        let pooled = groups.into_iter().skip(f);
        let (voted, heights) = pooled.fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
        (heights >= 16).then(|| voted * 1000 / heights)
    }

    /// C12: more than a hundredth of the turns.
    pub(super) fn has_lost_many(&self, member: ReplicaId) -> bool {
        let blocks = self.closed.iter().filter(|(by, _)| *by == member).count();
        let lost = self.lost.iter().filter(|by| **by == member).count();
        lost * 1000 > 10 * (blocks + lost)
    }
}

/// C8 to C13: what follows from a share, and the epochs of a demotion.
pub(super) fn judged(
    before: Standing,
    share: Option<usize>,
    has_lost_many: bool,
    is_replaceable: bool,
) -> (Standing, Option<u64>) {
    let mut after = before;
    // C13
    after.since_strike = after.since_strike.saturating_add(1);
    if after.strikes > 0 && after.since_strike >= 64 {
        after.strikes -= 1;
        after.since_strike = 0;
    }
    let score = u64::from(after.score);
    let mut demotion = None;
    let score = match share {
        // C8
        None => score,
        // C9
        Some(share) if share >= 600 => {
            score + (1000 - score) * 8 / (100 * (1 + u64::from(after.strikes)))
        }
        // C10
        Some(_) if is_replaceable => {
            after.strikes = (after.strikes + 1).min(3);
            after.since_strike = 0;
            let strikes = u32::from(after.strikes);
            let score = score * 6u64.pow(strikes) / 10u64.pow(strikes);
            demotion = (score < 300).then(|| 4u64.pow(strikes).min(64));
            score
        }
        // C11
        Some(_) => score * 6 / 10,
    };
    // C12
    let score = if has_lost_many {
        score.saturating_sub(100).max(score.min(300))
    } else {
        score
    };
    after.score = u16::try_from(score).unwrap_or(u16::MAX);
    (after, demotion)
}

impl Standing {
    /// C3: a block at `by` tells of a lost turn, in a committee of `seats`.
    pub(super) fn lose_turn(&mut self, by: Height, seats: usize) {
        self.banned_until = Height(by.0 + ((64 * seats as u64) << self.level));
        self.level = (self.level + 1).min(12);
        self.clean = 0;
        self.last_lost = by;
    }

    /// C4: a height that it proposed closes.
    pub(super) fn add_block(&mut self) {
        self.clean += 1;
        if self.clean == 500 {
            self.level = self.level.saturating_sub(1);
            self.clean = 0;
        }
    }
}
