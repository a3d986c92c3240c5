//! L66: messages of the next epoch that come before this replica has decided the last block of its own.
//!
//! Other members may decide it a little earlier. Their votes cannot be counted before: another committee
//! signs them. What does not fit is dropped, and comes again at a tick of its sender.

use std::collections::BTreeMap;

use medshare_types::certificate::Phase;
use medshare_types::id::{Epoch, Height, ReplicaId};
use medshare_types::time::Timestamp;

use crate::message::{Authenticated, Message};
use crate::record::ChainRecord;
use crate::vote::PrePrepare;

/// The kinds of message that are kept, in the order in which they are handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Proposal,
    Vote(Phase),
    ViewChange,
    Late,
}

/// At most one message of each kind a member of the next committee, and one proposal in all.
pub(super) struct EarlyMessages<P> {
    epoch: Epoch,
    messages: BTreeMap<(Kind, ReplicaId), (Timestamp, Message<P>)>,
}

impl<P> Default for EarlyMessages<P> {
    fn default() -> Self {
        Self {
            epoch: Epoch(0),
            messages: BTreeMap::new(),
        }
    }
}

/// Kind, epoch and height of a message that is kept when it is early.
const fn subject<P>(message: &Message<P>) -> Option<(Kind, Epoch, Height)> {
    match message {
        Message::PrePrepare(PrePrepare { proposal, .. }) => {
            let header = &proposal.header;
            Some((Kind::Proposal, header.epoch, header.height))
        }
        Message::Prepare(vote) => {
            let ballot = &vote.ballot;
            Some((Kind::Vote(Phase::Prepare), ballot.epoch, ballot.height))
        }
        Message::Commit(vote) => {
            let ballot = &vote.ballot;
            Some((Kind::Vote(Phase::Commit), ballot.epoch, ballot.height))
        }
        Message::ViewChange(change) => {
            let vote = &change.vote;
            Some((Kind::ViewChange, vote.epoch, vote.height))
        }
        Message::Late(vote) => Some((Kind::Late, vote.epoch, vote.height)),
        _ => None,
    }
}

impl<P> EarlyMessages<P> {
    /// Keeps the message if it is for the first height of the next epoch, or drops it where there is no
    /// room; otherwise returns it.
    pub(super) fn keep(
        &mut self,
        record: &ChainRecord,
        arrived: Timestamp,
        sender: ReplicaId,
        message: Message<P>,
    ) -> Option<Message<P>> {
        let next = record.next_committee();
        let Some((kind, epoch, height)) = subject(&message) else {
            return Some(message);
        };
        let first = record.learned().next().next();
        if !record.ends_epoch() || epoch != next.epoch() || height != first {
            return Some(message);
        }
        let may_come = next.has(sender)
            && (kind != Kind::Proposal || record.first_primary_of_next_epoch() == Some(sender));
        if may_come {
            if self.epoch != epoch {
                self.messages.clear();
                self.epoch = epoch;
            }
            let kept = self.messages.entry((kind, sender));
            kept.or_insert((arrived, message));
        }
        None
    }

    /// Proposals and other messages that are kept.
    pub(super) fn count(&self) -> (usize, usize) {
        let is_proposal = |(kind, _): &&(Kind, ReplicaId)| *kind == Kind::Proposal;
        let proposals = self.messages.keys().filter(is_proposal).count();
        (proposals, self.messages.len() - proposals)
    }

    /// A message of `epoch`, which has begun, with its time of arrival.
    pub(super) fn pop(&mut self, epoch: Epoch) -> Option<(Timestamp, Authenticated<Message<P>>)> {
        if self.epoch != epoch {
            return None;
        }
        let ((_, sender), (arrived, message)) = self.messages.pop_first()?;
        Some((arrived, Authenticated { sender, message }))
    }
}
