//! L23: the tick, which sends again whatever may be lost.

use medshare_types::id::ReplicaId;
use medshare_types::time::Timestamp;

use crate::message::{Message, Recipients};
use crate::proposal::Payload;
use crate::replica::Replica;

impl<P: Payload> Replica<P> {
    pub(super) fn on_resend(&mut self, now: Timestamp) {
        self.note_clock(now);
        if !self.outbox.is_blocked() {
            self.sync.abandon_fetch();
            self.serving.reset();
            self.resend_votes();
            self.ask_application_again();
            self.extend_late_bound(now);
            let height = self.tip.height;
            self.send(Recipients::All, Message::Status { height });
            // L32
            self.ask_for_lost_votes();
            self.fetch_when_behind(1);
        }
        self.restart_timer();
    }

    /// L23: sends the recorded votes of the undecided height to those that have not answered them:
    /// a proposal is answered by any vote, a prepare by a commit, a commit by having decided.
    pub(in crate::replica) fn resend_votes(&mut self) {
        let height = self.tip.height.next();
        let slot = &self.current;
        let undecided: Vec<_> = self
            .config
            .peers()
            .filter(|id| !self.sync.has_decided(*id, height))
            .collect();
        let uncommitted: Vec<_> = undecided
            .iter()
            .copied()
            .filter(|id| !slot.commits.has_vote_of(*id))
            .collect();
        let mut messages: Vec<(Vec<ReplicaId>, Message<P>)> = Vec::new();
        if let (Some(own), Some(candidate)) = (&slot.own_prepare, &slot.candidate) {
            if candidate.pre_prepare.proposal.header.proposer == self.config.replica {
                let silent = uncommitted
                    .into_iter()
                    .filter(|id| !slot.prepares.has_vote_of(*id));
                let message = Message::PrePrepare(candidate.pre_prepare.clone());
                messages.push((silent.collect(), message));
            } else {
                messages.push((uncommitted, Message::Prepare(own.vote)));
            }
        }
        if let Some(own) = &slot.own_commit {
            messages.push((undecided, Message::Commit(own.vote)));
        }
        for (to, message) in messages {
            if !to.is_empty() {
                self.send(Recipients::Only(to), message);
            }
        }
    }
}
