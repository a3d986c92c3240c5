//! Partitions that follow the views of the protocol.

use medshare_consensus::Message as Wire;
use medshare_types::certificate::Phase;
use medshare_types::id::{Height, View};

use crate::setting::Message;

/// Partitions into two sides, one a phase, view and height: the lowest bit is the side of seat 0.
///
/// Votes and proposals stay within their side. View changes reach all members, so that every view is
/// entered; until the calm, other messages stay within the side of their sender's height and view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Splits {
    /// Views of each height that are split; later ones are whole.
    pub views: usize,
    /// Sides of height 1, view 0, prepares; then of its commits; then of the next view.
    pub sides: Vec<u32>,
}

impl Splits {
    /// True when `message` does not get from one member to the other.
    pub(crate) fn separate(
        &self,
        message: &Message,
        (from, to): (usize, usize),
        at: Option<(Height, View)>,
    ) -> bool {
        let (height, view, phase) = match message {
            Wire::ViewChange(_) => return false,
            Wire::PrePrepare(first) => (first.proposal.header.height, first.view, Phase::Prepare),
            Wire::NewView(opened) => {
                let first = &opened.pre_prepare;
                (first.proposal.header.height, first.view, Phase::Prepare)
            }
            Wire::Prepare(vote) => (vote.ballot.height, vote.ballot.view, Phase::Prepare),
            Wire::Commit(vote) => (vote.ballot.height, vote.ballot.view, Phase::Commit),
            _ => match at {
                Some((height, view)) => (height, view, Phase::Prepare),
                None => return false,
            },
        };
        let side = self.side(height, view, phase);
        (side >> from) & 1 != (side >> to) & 1
    }

    fn side(&self, height: Height, view: View, phase: Phase) -> u32 {
        let view = usize::try_from(view.0).unwrap_or(usize::MAX);
        if view >= self.views {
            return 0;
        }
        let before = height.previous().unwrap_or_default().0;
        let heights = usize::try_from(before).unwrap_or(usize::MAX);
        let index = heights.saturating_mul(self.views).saturating_add(view);
        let index = index.saturating_mul(2).saturating_add(phase as usize);
        self.sides.get(index).copied().unwrap_or(0)
    }
}
