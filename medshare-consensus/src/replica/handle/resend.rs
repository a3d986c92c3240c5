//! L35: the tick, which sends again whatever may be lost.

use medshare_types::id::ReplicaId;

use crate::message::{Message, Recipients};
use crate::proposal::Payload;
use crate::replica::Replica;

impl<P: Payload> Replica<P> {
    pub(super) fn on_resend(&mut self) {
        if !self.outbox.is_blocked() {
            self.sync.abandon_fetch();
            self.serving.reset();
            self.resend_votes();
            self.ask_application_again();
            self.ask_for_wanted();
            let height = self.tip.height;
            self.send(Recipients::All, Message::Status { height });
            // L47
            self.ask_for_lost_votes();
            self.fetch_when_behind(1);
        }
        self.restart_timer();
    }

    /// L35: sends what is recorded of the undecided height to the members that have not answered it:
    /// a proposal is answered by any vote of its view, a prepare by a commit, a commit by having
    /// decided. A view change goes to all: members that voted in the view and came back need a quorum
    /// of them to give it up.
    pub(in crate::replica) fn resend_votes(&mut self) {
        let height = self.tip.height.next();
        let slot = &self.current;
        let view = slot.view;
        let undecided: Vec<_> = self
            .config
            .peers()
            .filter(|id| !self.sync.has_decided(*id, height))
            .collect();
        let has_voted = |id: &ReplicaId| {
            slot.prepares.has_vote_of(*id, view) || slot.commits.has_vote_of(*id, view)
        };
        let mut messages: Vec<(Vec<ReplicaId>, Message<P>)> = Vec::new();
        if let Some(own) = slot.own_change.as_ref() {
            let change = &own.change;
            if change.vote.view >= view {
                messages.push((undecided.clone(), Message::ViewChange(change.clone())));
            }
        }
        if let Some(message) = &slot.own_proposal {
            let to = undecided.iter().copied().filter(|id| !has_voted(id));
            messages.push((to.collect(), message.clone()));
        }
        if let Some(own) = slot.own_prepare {
            let of = own.vote.ballot.view;
            if slot.own_proposal.is_none() && of >= view {
                let to = undecided.iter().copied();
                let to = to.filter(|id| !slot.commits.has_vote_of(*id, of));
                messages.push((to.collect(), Message::Prepare(own.vote)));
            }
        }
        if let Some(own) = slot.own_commit {
            messages.push((undecided.clone(), Message::Commit(own.vote)));
        }
        // L55
        for vote in slot.own_late.values() {
            messages.push((undecided.clone(), Message::Late(*vote)));
        }
        for (to, message) in messages {
            if !to.is_empty() {
                self.send(Recipients::Only(to), message);
            }
        }
    }
}
