//! Limits on what one member is served between two ticks.

use std::collections::{BTreeMap, BTreeSet};

use medshare_types::id::{Height, ReplicaId};

/// Answers of [`FETCH_BLOCKS`](super::sync::FETCH_BLOCKS) to one member between two resets.
const MAX_ANSWERS: u32 = 4;

/// At most one entry a member in each collection.
#[derive(Default)]
pub(super) struct ServingLimits {
    /// Members that were sent this replica's status since the limits were reset.
    informed: BTreeSet<ReplicaId>,
    served: BTreeMap<ReplicaId, Served>,
    /// Members that were sent a block of the undecided height since the limits were reset.
    proposals: BTreeSet<ReplicaId>,
    /// Members that were told of their lost votes since the limits were reset.
    recalled: BTreeSet<ReplicaId>,
}

/// Blocks served to a member since the limits were reset.
#[derive(Clone, Copy, Default)]
struct Served {
    last: Height,
    answers: u32,
}

impl ServingLimits {
    pub(super) fn count(&self) -> usize {
        self.informed.len() + self.served.len() + self.proposals.len() + self.recalled.len()
    }

    /// True when `peer`, which is behind, may be sent a status: once between two resets.
    pub(super) fn may_inform(&mut self, peer: ReplicaId) -> bool {
        self.informed.insert(peer)
    }

    /// True when `peer` may be served `from..=until`: between two resets, no height twice and at
    /// most [`MAX_ANSWERS`] answers.
    pub(super) fn may_serve(&mut self, peer: ReplicaId, from: Height, until: Height) -> bool {
        let served = self.served.entry(peer).or_default();
        let may = from > served.last && served.answers < MAX_ANSWERS;
        if may {
            served.last = until;
            served.answers += 1;
        }
        may
    }

    /// True when `peer`, which lost its votes, may be answered: once between two resets.
    pub(super) fn may_recall(&mut self, peer: ReplicaId) -> bool {
        self.recalled.insert(peer)
    }

    /// True when `peer` may be sent a block of the undecided height: once between two resets.
    pub(super) fn may_send_proposal(&mut self, peer: ReplicaId) -> bool {
        self.proposals.insert(peer)
    }

    /// Lets every member be informed and served again.
    pub(super) fn reset(&mut self) {
        self.informed.clear();
        self.served.clear();
        self.proposals.clear();
        self.recalled.clear();
    }
}
