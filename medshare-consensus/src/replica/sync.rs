//! How far other members say they are, and who is being asked or served.

use std::collections::{BTreeMap, BTreeSet};

use medshare_types::id::{Height, ReplicaId};

/// The most blocks that are asked for or served at once.
pub(super) const BATCH: u64 = 16;

/// How many such batches one member is served between two refreshments.
const SERVINGS: u32 = 4;

/// At most one entry per member in each map.
///
/// Heights are claims. A false one costs a question that stays unanswered until the next tick,
/// when somebody else is asked.
#[derive(Default)]
pub(super) struct Peers {
    decided: BTreeMap<ReplicaId, Height>,
    asked: Option<Question>,
    /// Who was asked last, so that the next question goes to the next one.
    last_asked: ReplicaId,
    told: BTreeSet<ReplicaId>,
    served: BTreeMap<ReplicaId, Served>,
}

/// A question for decided blocks that is not answered in full.
#[derive(Clone, Copy)]
struct Question {
    peer: ReplicaId,
    last: Height,
}

/// What a member was served since the last refreshment.
#[derive(Clone, Copy, Default)]
struct Served {
    last: Height,
    servings: u32,
}

impl Peers {
    /// `peer` claims to have decided `height`. Claims only rise.
    pub(super) fn note(&mut self, peer: ReplicaId, height: Height) {
        let claim = self.decided.entry(peer).or_default();
        *claim = height.max(*claim);
    }

    pub(super) fn has_decided(&self, peer: ReplicaId, height: Height) -> bool {
        self.decided
            .get(&peer)
            .is_some_and(|claim| *claim >= height)
    }

    /// The member to ask for blocks from `from` on, if one claims to have decided `claimed` and no
    /// question is open. The caller sends the question.
    pub(super) fn ask(&mut self, from: Height, claimed: Height) -> Option<ReplicaId> {
        if self.asked.is_some() {
            return None;
        }
        let ahead = |(_, claim): &(&ReplicaId, &Height)| **claim >= claimed;
        let after = self.decided.range(self.last_asked.next()..).find(ahead);
        let (peer, _) = after.or_else(|| self.decided.iter().find(ahead))?;
        self.last_asked = *peer;
        let last = Height(from.0.saturating_add(BATCH - 1));
        self.asked = Some(Question { peer: *peer, last });
        Some(*peer)
    }

    /// Closes the question when a block of `height` was its last, or all that its peer claims.
    pub(super) fn adopted(&mut self, height: Height) {
        let answered = |q: &Question| height >= q.last || !self.has_decided(q.peer, height.next());
        if self.asked.as_ref().is_some_and(answered) {
            self.asked = None;
        }
    }

    /// Whether `peer`, which is behind, may be told so: once between two refreshments.
    pub(super) fn may_tell(&mut self, peer: ReplicaId) -> bool {
        self.told.insert(peer)
    }

    /// Whether `peer` is served `[from, until]`: between two refreshments no height twice, and so
    /// many batches at the most.
    pub(super) fn may_serve(&mut self, peer: ReplicaId, from: Height, until: Height) -> bool {
        let served = self.served.entry(peer).or_default();
        let may = from > served.last && served.servings < SERVINGS;
        if may {
            served.last = until;
            served.servings += 1;
        }
        may
    }

    /// Lets everybody be told and served again.
    pub(super) fn refresh(&mut self) {
        self.told.clear();
        self.served.clear();
    }

    /// Gives up the open question, so that the next one goes to somebody else.
    pub(super) fn give_up(&mut self) {
        self.asked = None;
    }
}
