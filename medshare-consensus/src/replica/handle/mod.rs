//! Inputs: one file each. The comments name the lines of `docs/spec/pbft.md`.

mod decided;
mod executed;
mod fetch;
mod late;
mod new_view;
mod persisted;
mod pre_prepare;
mod proposal;
mod recall;
mod request;
mod resend;
mod status;
mod timer;
mod validated;
mod view_change;
mod vote;

use medshare_types::certificate::Phase;
use medshare_types::id::ReplicaId;

use super::Replica;
use crate::io::{Input, Now};
use crate::message::{Authenticated, Message};
use crate::proposal::Payload;
use crate::rejected::Rejected;

impl<P: Payload> Replica<P> {
    /// Applies one input.
    ///
    /// # Errors
    /// [`Rejected`] says why the input, or the proposal that waited for it, was refused. The
    /// replica goes on, and may have outputs all the same.
    pub fn handle(&mut self, now: Now, input: Input<P>) -> Result<(), Rejected> {
        self.note_clock(now.wall);
        self.pacing.note_time(now.monotonic_ms);
        self.begin_when_executed(now.monotonic_ms);
        let mut outcome = match input {
            Input::Waiting(waiting) => {
                self.set_waiting(waiting);
                Ok(())
            }
            Input::Request(payload) => self.on_request(now.wall, payload),
            Input::Message(Authenticated { sender, message }) => {
                self.on_message(now, sender, message)
            }
            Input::Validated { digest, verdict } => self.on_validated(now, &digest, verdict),
            Input::Persisted(position) => self.on_persisted(now, position),
            Input::Executed { roots, facts } => self.on_executed(now, roots, &facts),
            Input::Timer(timer) => {
                self.on_timer(timer);
                Ok(())
            }
        };
        // L66
        while let Some(early) = self.early.pop(self.config.committee.epoch()) {
            let (arrived, Authenticated { sender, message }) = early;
            let at = Now {
                wall: arrived,
                monotonic_ms: now.monotonic_ms,
            };
            outcome = outcome.and(self.on_message(at, sender, message));
        }
        self.begin_when_executed(now.monotonic_ms);
        outcome
    }

    fn on_message(
        &mut self,
        now: Now,
        sender: ReplicaId,
        message: Message<P>,
    ) -> Result<(), Rejected> {
        if sender == self.config.replica || !self.may_send(sender, &message) {
            return Err(Rejected::UnknownSender { sender });
        }
        let Some(message) = self.early.keep(&self.record, now.wall, sender, message) else {
            return Ok(());
        };
        match message {
            Message::PrePrepare(pre_prepare) => self.on_pre_prepare(now, sender, pre_prepare),
            Message::Prepare(vote) => self.on_vote(now, sender, Phase::Prepare, vote),
            Message::Commit(vote) => self.on_vote(now, sender, Phase::Commit, vote),
            Message::Decided(decided) => self.on_decided(now, sender, decided),
            Message::Fetch { from } => {
                self.on_fetch(sender, from);
                Ok(())
            }
            Message::Status { height } => {
                self.on_status(sender, height);
                Ok(())
            }
            Message::ViewChange(change) => self.on_view_change(now, sender, change),
            Message::NewView(new_view) => self.on_new_view(now, sender, new_view),
            Message::FetchProposal { height, digest } => {
                self.on_fetch_proposal(sender, height, &digest);
                Ok(())
            }
            Message::Proposal(proposal) => self.on_proposal(now, sender, proposal),
            Message::Recall { loss } => {
                self.on_recall(sender, loss);
                Ok(())
            }
            Message::Recalled(answer) => self.on_recalled(now, sender, &answer),
            Message::Late(vote) => self.on_late(sender, vote),
            Message::FetchNewView {
                height,
                view,
                digest,
            } => {
                self.on_fetch_new_view(sender, (height, view), &digest);
                Ok(())
            }
        }
    }

    /// Organisations without a seat follow the chain: they tell how far they are, and ask for blocks.
    /// What only a seat may say is judged by the committee of its epoch.
    fn may_send(&self, sender: ReplicaId, message: &Message<P>) -> bool {
        match message {
            Message::Status { .. } | Message::Fetch { .. } | Message::Decided(_) => {
                self.record.knows(sender)
            }
            _ => self.config.committee.has(sender) || self.record.next_committee().has(sender),
        }
    }
}
