//! Line 23: what may be lost is sent again.

use medshare_types::id::ReplicaId;
use medshare_types::time::Timestamp;

use crate::io::Output;
use crate::message::{Message, Recipients};
use crate::proposal::Payload;
use crate::replica::Replica;
use crate::replica::slot::Stage;

impl<P: Payload> Replica<P> {
    pub(in crate::replica) fn on_resend(&mut self, now: Timestamp) {
        if !self.outbox.is_blocked() {
            self.peers.give_up();
            self.peers.refresh();
            self.resend_votes();
            self.ask_application_again();
            self.grow_patient(now);
            let height = self.tip.height;
            self.send(Recipients::All, Message::Status { height });
            self.ask_when_behind(1);
        }
        self.rearm();
    }

    /// The recorded votes of the undecided height, each to those who have not answered it: a
    /// proposal is answered by any vote, a prepare by a commit, a commit by having decided.
    pub(in crate::replica) fn resend_votes(&mut self) {
        let (height, peers) = (self.tip.height.next(), &self.peers);
        let slot = &self.current;
        let undecided: Vec<_> = self.config.peers().collect();
        let undecided = undecided.iter().copied();
        let undecided = undecided.filter(|id| !peers.has_decided(*id, height));
        let uncommitted = undecided
            .clone()
            .filter(|id| !slot.commits.has_vote_of(*id));
        let mut messages: Vec<(Vec<ReplicaId>, Message<P>)> = Vec::new();
        if let (Some(own), Some(candidate)) = (&slot.own_prepare, &slot.candidate) {
            if candidate.pre_prepare.proposal.header.proposer == self.config.replica {
                let silent = uncommitted.filter(|id| !slot.prepares.has_vote_of(*id));
                let message = Message::PrePrepare(candidate.pre_prepare.clone());
                messages.push((silent.collect(), message));
            } else {
                messages.push((uncommitted.collect(), Message::Prepare(own.vote)));
            }
        }
        if let Some(own) = &slot.own_commit {
            messages.push((undecided.collect(), Message::Commit(own.vote)));
        }
        for (to, message) in messages {
            if !to.is_empty() {
                self.send(Recipients::Only(to), message);
            }
        }
    }

    /// Line 14: a deferred verdict is asked for again.
    fn ask_application_again(&mut self) {
        if let Some(candidate) = &mut self.current.candidate
            && candidate.stage == Stage::Deferred
        {
            candidate.stage = Stage::Validating;
            let proposal = candidate.pre_prepare.proposal.clone();
            self.outbox.push_at_once(Output::Validate(proposal));
        }
    }

    /// Line 9: a late proposal that nobody else prepares would stop the height for good, since its
    /// primary may not propose another. The longer it waits, the later it may have come. Ticks that
    /// follow each other sooner than they should count once.
    fn grow_patient(&mut self, now: Timestamp) {
        let slot = &mut self.current;
        let held = slot.candidate.as_ref();
        if !held.is_some_and(|candidate| candidate.stage == Stage::Untimely) {
            return;
        }
        let since = slot.patient_since.get_or_insert(now);
        if now.as_millis().abs_diff(since.as_millis()) >= self.config.resend_ms {
            *since = now;
            slot.patience = slot.patience.saturating_add(1);
        }
    }
}
