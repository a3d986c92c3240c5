//! L53 to L57: votes that a primary was late.

use std::collections::BTreeMap;

use medshare_types::id::{ReplicaId, View};
use medshare_types::sign::Signature;

use super::Replica;
use crate::io::{Effect, Timer};
use crate::late::LateVote;
use crate::log_record::LogRecord;
use crate::message::{Message, Recipients};
use crate::mutation::Mutant;
use crate::proposal::Payload;
use crate::record::MAX_LATE;
use crate::turns::Mode;

/// A signature, and whether it is known to be good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) signature: Signature,
    pub(super) verified: bool,
}

/// The late votes of one height, at most [`MAX_LATE`] a member.
#[derive(Clone, Debug, Default)]
pub(super) struct LateVotes {
    entries: BTreeMap<(ReplicaId, View), Held>,
}

impl LateVotes {
    pub(super) const fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
        }
    }

    /// L56: keeps a vote, unless the member's room is full. A later one of the same view replaces one
    /// that is not verified: it may have been bad.
    pub(super) fn keep(&mut self, voter: ReplicaId, view: View, held: Held) {
        let of_voter = self
            .entries
            .range((voter, View(0))..=(voter, View(u64::MAX)));
        let count = of_voter.count();
        match self.entries.get_mut(&(voter, view)) {
            Some(before) if before.verified => {}
            Some(before) => *before = held,
            None if count < MAX_LATE => {
                self.entries.insert((voter, view), held);
            }
            None => {}
        }
    }

    pub(super) fn count(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn get(&self, voter: ReplicaId, view: View) -> Option<Held> {
        self.entries.get(&(voter, view)).copied()
    }

    pub(super) fn remove(&mut self, voter: ReplicaId, view: View) {
        self.entries.remove(&(voter, view));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (ReplicaId, View, &Held)> {
        let entries = self.entries.iter();
        entries.map(|((voter, view), held)| (*voter, *view, held))
    }
}

impl<P: Payload> Replica<P> {
    /// L53: the primary of `view` is late after half of its time, which begins now.
    pub(super) fn expect_proposal(&mut self, view: View, time_ms: u64) {
        let of_view = |own: Option<View>| own == Some(view);
        let prepared = self.current.own_prepare.map(|own| own.vote.ballot.view);
        let committed = self.current.own_commit.map(|own| own.vote.ballot.view);
        let told = self.current.own_late.contains_key(&view);
        if !of_view(prepared) && !of_view(committed) && !told {
            self.pacing.expect(view, time_ms / 2);
            self.arm_late_timer();
        }
    }

    /// L54: a proposal of `view` was found acceptable.
    pub(super) fn found_acceptable(&mut self, view: View) {
        self.pacing.expected.remove(&view);
    }

    /// L55: signs that the primaries whose half time is over were late.
    pub(super) fn on_late_timer(&mut self) {
        for view in self.pacing.take_overdue() {
            self.sign_late(view);
            if self.mutation.is(Mutant::BlamesViewsToCome) {
                self.sign_late(view.next());
                self.sign_late(view.next().next());
            }
        }
        self.arm_late_timer();
    }

    fn sign_late(&mut self, view: View) {
        // L50
        let silent = self.abstains() || self.config.mode == Mode::Classic;
        if silent || self.current.own_late.len() >= MAX_LATE {
            return;
        }
        let subject = (self.config.committee.epoch(), self.tip.height.next(), view);
        let Some(key) = &self.config.signing_key else {
            return;
        };
        let vote = LateVote::sign(&self.config.chain, subject, key);
        self.outbox.persist(LogRecord::Late(vote));
        self.keep_own_late(vote);
        self.send(Recipients::All, Message::Late(vote));
    }

    /// L44 and L55: a late vote of this replica, which is signed once.
    pub(super) fn keep_own_late(&mut self, vote: LateVote) {
        self.current.own_late.insert(vote.view, vote);
        let held = Held {
            signature: vote.signature,
            verified: true,
        };
        self.current.late.keep(self.config.replica, vote.view, held);
    }

    /// Starts the timer of the first primary that is expected.
    fn arm_late_timer(&mut self) {
        if let Some(after_ms) = self.pacing.until_overdue_ms() {
            self.outbox.push_at_once(Effect::SetTimer {
                timer: Timer::Late,
                after_ms,
            });
        }
    }

    /// L57: the height is decided, and no more is said of its primaries.
    pub(super) fn expect_no_proposals(&mut self) {
        if !self.pacing.expected.is_empty() {
            self.pacing.expected.clear();
            self.outbox.push_at_once(Effect::CancelTimer(Timer::Late));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_has_room_for_eight_views() {
        let mut votes = LateVotes::new();
        let held = |byte, verified| Held {
            signature: Signature::from_bytes([byte; 64]),
            verified,
        };
        for view in 0..20 {
            votes.keep(ReplicaId(1), View(view), held(1, false));
        }
        assert_eq!(votes.entries.len(), MAX_LATE);
        votes.keep(ReplicaId(2), View(19), held(1, false));
        assert_eq!(votes.entries.len(), MAX_LATE + 1, "each has its own room");
        votes.keep(ReplicaId(1), View(0), held(2, true));
        votes.keep(ReplicaId(1), View(0), held(3, false));
        let kept = votes.entries[&(ReplicaId(1), View(0))];
        assert_eq!(kept, held(2, true), "a good one stays");
    }
}
