//! How much a replica holds of what others sent: the figures behind "memory is bounded by n".

use super::Replica;
use super::slot::Slot;

/// What a replica holds of other members' messages, in numbers.
///
/// Blocks are the only values whose size is not fixed; all others take less than a kibibyte, but for view
/// changes, which carry a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Blocks of the two heights above the tip, and of the epoch to come.
    pub blocks: usize,
    /// Votes, view changes and late votes for these heights.
    pub votes: usize,
    /// Votes for decided heights that are open.
    pub open_votes: usize,
    /// Decided heights that are open.
    pub open_heights: usize,
    /// Claims, answers, suspicions and limits, by member.
    pub notes: usize,
    /// Blocks that are decided and not recorded yet.
    pub unrecorded: usize,
}

impl<P> Replica<P> {
    /// What this replica holds at the moment. Cost: O(n) for each open height.
    #[must_use]
    pub fn footprint(&self) -> Footprint {
        let (early_blocks, early_votes) = self.early.count();
        let slots = [&self.current, &self.next];
        let blocks: usize = slots.iter().map(|slot| slot.blocks()).sum();
        let votes: usize = slots.iter().map(|slot| slot.votes()).sum();
        let (open_heights, open_votes) = self.open_votes.count();
        let loss = self.loss.as_ref().map_or(0, super::loss::Loss::count);
        Footprint {
            blocks: blocks + early_blocks,
            votes: votes + early_votes,
            open_votes,
            open_heights,
            notes: self.suspects.len()
                + self.exposed.len()
                + self.sync.count()
                + self.serving.count()
                + loss,
            unrecorded: self.unrecorded.len(),
        }
    }
}

impl<P> Slot<P> {
    fn blocks(&self) -> usize {
        let wanted = self.wanted.values();
        self.buffered.len()
            + usize::from(self.candidate.is_some())
            + usize::from(self.own_proposal.is_some())
            + usize::from(self.accepted.is_some())
            + usize::from(self.prepared.is_some())
            + wanted.filter(|wanted| wanted.block.is_some()).count()
    }

    fn votes(&self) -> usize {
        let openings = self.opening.iter();
        self.prepares.count()
            + self.commits.count()
            + self.changes.count()
            + self.late.count()
            + self.own_late.len()
            + openings
                .map(|of| of.proof.view_changes.len())
                .sum::<usize>()
    }
}
