//! Inputs: one file each. The comments name the lines of `docs/spec/pbft.md`.

mod decided;
mod executed;
mod fetch;
mod persisted;
mod pre_prepare;
mod recall;
mod request;
mod resend;
mod status;
mod validated;
mod vote;

use medshare_types::certificate::Phase;
use medshare_types::id::ReplicaId;
use medshare_types::time::Timestamp;

use super::Replica;
use crate::io::{Input, Timer};
use crate::message::{Authenticated, Message};
use crate::proposal::Payload;
use crate::rejected::Rejected;

impl<P: Payload> Replica<P> {
    /// Applies one input. `now` is the wall clock in UTC; it serves to make and judge the times of
    /// proposals only.
    ///
    /// # Errors
    /// [`Rejected`] says why the input, or the proposal that waited for it, was refused. The
    /// replica goes on, and may have outputs all the same.
    pub fn handle(&mut self, now: Timestamp, input: Input<P>) -> Result<(), Rejected> {
        match input {
            Input::Request(payload) => self.on_request(now, payload),
            Input::Message(Authenticated { sender, message }) => {
                self.on_message(now, sender, message)
            }
            Input::Validated { digest, verdict } => self.on_validated(&digest, verdict),
            Input::Persisted(position) => self.on_persisted(position),
            Input::Executed { roots } => self.on_executed(roots),
            Input::Timer(Timer::Resend) => {
                self.on_resend(now);
                Ok(())
            }
        }
    }

    fn on_message(
        &mut self,
        now: Timestamp,
        sender: ReplicaId,
        message: Message<P>,
    ) -> Result<(), Rejected> {
        self.note_clock(now);
        if sender == self.config.replica || self.config.committee.member(sender).is_none() {
            return Err(Rejected::UnknownSender { sender });
        }
        match message {
            Message::PrePrepare(pre_prepare) => self.on_pre_prepare(now, sender, pre_prepare),
            Message::Prepare(vote) => self.on_vote(sender, Phase::Prepare, vote),
            Message::Commit(vote) => self.on_vote(sender, Phase::Commit, vote),
            Message::Decided(decided) => self.on_decided(sender, decided),
            Message::Fetch { from } => {
                self.on_fetch(sender, from);
                Ok(())
            }
            Message::Status { height } => {
                self.on_status(sender, height);
                Ok(())
            }
            Message::Recall { loss } => {
                self.on_recall(sender, loss);
                Ok(())
            }
            Message::Recalled(answer) => self.on_recalled(sender, answer),
            Message::Returned(pre_prepare) => self.on_returned(now, sender, pre_prepare),
        }
    }
}
