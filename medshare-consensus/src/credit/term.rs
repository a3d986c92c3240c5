//! Epochs as credit sees them: the stretch of heights that is judged at its end.

use core::fmt;
use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::committee::Quorum;
use medshare_types::hash::{Digest, digest};
use medshare_types::id::{Epoch, Height, OrganisationId, ReplicaId};
use medshare_types::time::Timestamp;
use medshare_types::wire::Wire;

use super::facts::{HeightFacts, LostTurn};
use super::leading::Leading;
use super::participation::{Counts, Participation};
use super::rule::{Credit, CreditRule, DefaultRule, EpochReport};

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

/// A seat's credit, and its record as primary.
///
/// The state holds it under [`standing_key`], as it was at the last event of the seat: own blocks since
/// then are not counted there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Standing {
    /// Credit after the last epoch.
    pub credit: Credit,
    /// Bans from leading, and lost turns behind them.
    pub leading: Leading,
}

impl Default for Standing {
    fn default() -> Self {
        Self {
            credit: Credit::START,
            leading: Leading::default(),
        }
    }
}

impl Wire for Standing {
    const KIND: [u8; 4] = *b"mCRS";
    const MAX_LEN: usize = 64;
}

/// The state key of an organisation's [`Standing`], which is absent before its first event.
#[must_use]
pub fn standing_key(organisation: &OrganisationId) -> Digest {
    digest(
        "medshare/consensus/key/standing/v1",
        &[organisation.as_ref()],
    )
}

/// Turns as primary in the running epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Turns {
    blocks: u64,
    lost: u64,
}

/// The running epoch, as far as its heights are closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Term {
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
    pub(crate) fn count(&mut self, facts: &HeightFacts) {
        self.counts.add(facts);
        self.turns.entry(facts.proposer).or_default().blocks += 1;
    }

    /// Counts a lost turn of a seat.
    pub(crate) fn count_lost(&mut self, seat: ReplicaId) {
        self.turns.entry(seat).or_default().lost += 1;
    }

    /// L64: what the epoch, which ends with `height`, changes of a member's credit.
    pub(crate) fn judge(
        &self,
        seat: ReplicaId,
        standing: &mut Standing,
        (epoch, height): (Epoch, Height),
        quorum: Quorum,
    ) -> CreditEvent {
        let report = self.report(seat, quorum);
        let before = standing.credit;
        // Without candidates no seat changes hands, so the verdict has no effect.
        let (after, _) = DefaultRule::default().after_epoch(&before, &report);
        standing.credit = after;
        CreditEvent::EpochEnded {
            seat,
            epoch,
            height,
            report,
            before,
            after,
        }
    }

    fn report(&self, seat: ReplicaId, quorum: Quorum) -> EpochReport {
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

/// A change of a seat's credit or bans, with its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum CreditEvent {
    /// n − 2f members say that the seat did not propose in time.
    LostTurn {
        /// The seat whose turn it was.
        seat: ReplicaId,
        /// Height and view of the turn.
        turn: LostTurn,
        /// The block after which the turn's height takes no more votes.
        recorded: Height,
        /// The first height at which the seat may lead again.
        banned_until: Height,
    },
    /// Credit was computed anew from the votes of an epoch.
    EpochEnded {
        /// The seat that is judged.
        seat: ReplicaId,
        /// The epoch that ended.
        epoch: Epoch,
        /// The last height of the epoch.
        height: Height,
        /// What the epoch showed of the seat.
        report: EpochReport,
        /// Credit before the epoch ended.
        before: Credit,
        /// Credit from the next epoch on.
        after: Credit,
    },
}

impl CreditEvent {
    /// The seat whose credit or ban changed.
    #[must_use]
    pub const fn seat(&self) -> ReplicaId {
        match self {
            Self::LostTurn { seat, .. } | Self::EpochEnded { seat, .. } => *seat,
        }
    }
}

impl fmt::Display for CreditEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LostTurn {
                seat,
                turn,
                recorded,
                banned_until,
            } => write!(
                f,
                "height {recorded}: seat {seat} lost its turn in view {} of height {}, leads again \
                 from height {banned_until}",
                turn.view, turn.height
            ),
            Self::EpochEnded {
                seat,
                epoch,
                height,
                report,
                before,
                after,
            } => {
                write!(f, "height {height}: epoch {epoch} of seat {seat}: ")?;
                match report.participation {
                    Participation::Unmeasured => f.write_str("votes not measured")?,
                    Participation::PerMille(share) => write!(f, "{share} ‰ of heights voted for")?,
                }
                write!(
                    f,
                    ", {} of {} turns lost, credit {} to {}",
                    report.lost, report.turns, before.score, after.score
                )
            }
        }
    }
}
