//! Catching up: the progress that other members claim, and the question open to one of them.

use std::collections::BTreeMap;

use medshare_types::id::{Height, ReplicaId};

use super::Replica;
use crate::message::{Message, Recipients};
use crate::proposal::Payload;

/// The most blocks in one question or answer.
pub(super) const FETCH_BLOCKS: u64 = 16;

impl<P: Payload> Replica<P> {
    /// L38: asks a member that claims to be `lead` heights ahead for decided blocks, unless a
    /// question is open or execution has to keep up first.
    pub(super) fn fetch_when_behind(&mut self, lead: u64) {
        let own = self.tip.height;
        if own.0.saturating_sub(self.executed.height.0) > FETCH_BLOCKS {
            return;
        }
        let claimed = Height(own.0.saturating_add(lead));
        if let Some(peer) = self.sync.open_fetch(own.next(), claimed) {
            let message = Message::Fetch { from: own.next() };
            self.send(Recipients::Only(vec![peer]), message);
        }
    }
}

/// At most one entry a member in each map.
///
/// Heights are claims. A false claim costs a question that stays unanswered until the next tick,
/// which asks another member.
#[derive(Default)]
pub(super) struct SyncState {
    /// The highest height that each member claims to have decided.
    claims: BTreeMap<ReplicaId, Height>,
    open: Option<OpenFetch>,
    /// The member asked last: the next question goes to the one after it.
    last_asked: ReplicaId,
}

/// A question for decided blocks that is not answered in full.
#[derive(Clone, Copy)]
struct OpenFetch {
    peer: ReplicaId,
    last: Height,
}

impl SyncState {
    pub(super) fn count(&self) -> usize {
        self.claims.len() + usize::from(self.open.is_some())
    }

    /// `peer` claims to have decided `height`. Claims only rise.
    pub(super) fn record_claim(&mut self, peer: ReplicaId, height: Height) {
        let claim = self.claims.entry(peer).or_default();
        *claim = height.max(*claim);
    }

    pub(super) fn has_decided(&self, peer: ReplicaId, height: Height) -> bool {
        self.claims.get(&peer).is_some_and(|claim| *claim >= height)
    }

    /// Opens a question for blocks from `from` on to a member that claims to have decided
    /// `claimed`, if no question is open. The caller sends it to the member returned.
    fn open_fetch(&mut self, from: Height, claimed: Height) -> Option<ReplicaId> {
        if self.open.is_some() {
            return None;
        }
        let ahead = |(_, claim): &(&ReplicaId, &Height)| **claim >= claimed;
        let after_last = self.claims.range(self.last_asked.next()..).find(ahead);
        let (peer, _) = after_last.or_else(|| self.claims.iter().find(ahead))?;
        self.last_asked = *peer;
        let last = Height(from.0.saturating_add(FETCH_BLOCKS - 1));
        self.open = Some(OpenFetch { peer: *peer, last });
        Some(*peer)
    }

    /// Closes the question when the block of `height` was its last, or all that its peer claims.
    pub(super) fn close_fetch_at(&mut self, height: Height) {
        let is_answered =
            |open: &OpenFetch| height >= open.last || !self.has_decided(open.peer, height.next());
        if self.open.as_ref().is_some_and(is_answered) {
            self.open = None;
        }
    }

    /// Gives up the open question, so that the next one goes to another member.
    pub(super) fn abandon_fetch(&mut self) {
        self.open = None;
    }
}
