//! L32 to L37: a member that lost its votes signs nothing that could contradict them.
//!
//! Lost votes reach at most to the height after the last one that the member had decided. A quorum
//! committed that height, and of any n+f+1−q other members at least f+1 are in that quorum: an honest
//! one of them has decided it since, or tells that it voted there. See "Lost logs" in
//! `docs/spec/pbft.md`.

use std::collections::{BTreeMap, BTreeSet};

use medshare_types::certificate::Phase;
use medshare_types::hash::Digest;
use medshare_types::id::{Height, ReplicaId};
use medshare_types::time::Timestamp;

use super::Replica;
use super::slot::{Candidate, Stage};
use crate::message::{LossId, Message, PrePrepare, Recalled, Recipients, Vote};
use crate::proposal::Payload;
use crate::rejected::Rejected;

/// What is known of the votes that were lost.
pub(super) struct Loss {
    id: LossId,
    /// The first answer of each member: the last height in which its voter may have taken part with
    /// this replica, and the height that the member has decided.
    answers: BTreeMap<ReplicaId, Answer>,
    /// The own proposals above the tip that other members hold.
    proposals: BTreeSet<(Height, Digest)>,
    /// The highest height at which a vote may be lost, once enough answers count.
    until: Option<Height>,
}

#[derive(Clone, Copy)]
struct Answer {
    decided: Height,
    until: Height,
}

impl Loss {
    pub(super) const fn new(id: LossId) -> Self {
        Self {
            id,
            answers: BTreeMap::new(),
            proposals: BTreeSet::new(),
            until: None,
        }
    }
}

impl<P: Payload> Replica<P> {
    /// True while votes that are lost may reach above the tip. From the moment that this turns
    /// false, the log alone tells every vote that matters, and the mark of the loss may go once
    /// every record written so far is durable.
    #[must_use]
    pub const fn is_lost(&self) -> bool {
        self.loss.is_some()
    }

    /// L35: true when nothing may be signed at the height after the tip. The primary may go on as
    /// soon as it knows which of its proposals exist: it repeats them, and contradicts none.
    pub(super) fn abstains(&self) -> bool {
        let Some(loss) = &self.loss else {
            return false;
        };
        match loss.until {
            None => true,
            Some(until) => self.primary() != self.config.replica && self.tip.height < until,
        }
    }

    /// L35: true unless the primary may have proposed for the height after the tip before its loss.
    pub(super) fn may_propose_anew(&self) -> bool {
        self.loss
            .as_ref()
            .is_none_or(|loss| loss.until.is_some() && !self.has_returning_proposal(loss))
    }

    fn has_returning_proposal(&self, loss: &Loss) -> bool {
        let height = self.tip.height.next();
        loss.proposals
            .iter()
            .any(|(proposed, _)| *proposed == height)
    }

    /// L32: asks all members, until enough have answered and every own proposal has come back.
    pub(super) fn ask_for_lost_votes(&mut self) {
        let Some(loss) = &self.loss else {
            return;
        };
        let waits = self.current.own_prepare.is_none() && self.has_returning_proposal(loss);
        if loss.until.is_none() || waits {
            let loss = loss.id;
            self.send(Recipients::All, Message::Recall { loss });
        }
    }

    /// L34: the first answer of each member to this loss stays, and the proposals of all count.
    pub(super) fn take_recalled(
        &mut self,
        sender: ReplicaId,
        answer: &Recalled,
    ) -> Result<(), Rejected> {
        let own = self.config.replica;
        let tip = self.tip.height;
        let verifies = |vote: &&Vote| self.config.verifies(Phase::Prepare, own, vote);
        let above = answer.proposals.iter().take(2);
        let above = above.filter(|vote| vote.ballot.height > tip);
        let proposals: Vec<_> = above.filter(verifies).map(|vote| vote.ballot).collect();
        let Some(loss) = self.loss.as_mut().filter(|loss| loss.id == answer.loss) else {
            return Err(Rejected::Unasked { sender });
        };
        let voted = if answer.voted {
            answer.height.next()
        } else {
            answer.height
        };
        loss.answers.entry(sender).or_insert(Answer {
            decided: answer.height,
            until: voted.next(),
        });
        let proposals = proposals
            .iter()
            .map(|ballot| (ballot.height, ballot.digest));
        loss.proposals.extend(proposals);
        Ok(())
    }

    /// L35 and L37: an answer counts once its height is decided here, so that no bare number bounds
    /// anything; with n+f+1−q of them the lost votes are bounded, and above the bound the loss is
    /// over.
    pub(super) fn judge_loss(&mut self) {
        let quorum = self.config.committee.quorum();
        let members = self.config.committee.members().len();
        let needed = members + quorum.faulty() + 1 - quorum.quorum();
        let tip = self.tip.height;
        let Some(loss) = &mut self.loss else {
            return;
        };
        loss.proposals.retain(|(height, _)| *height > tip);
        if loss.until.is_none() {
            let counted = loss.answers.values();
            let counted: Vec<_> = counted.filter(|answer| answer.decided <= tip).collect();
            if counted.len() >= needed {
                loss.until = counted.iter().map(|answer| answer.until).max();
            }
        }
        if loss.until.is_some_and(|until| tip >= until) {
            self.loss = None;
        }
    }

    /// L36: takes an own proposal back, which another member held.
    pub(super) fn take_returned(
        &mut self,
        now: Timestamp,
        pre_prepare: PrePrepare<P>,
    ) -> Result<(), Rejected> {
        let height = pre_prepare.proposal.header.height;
        match height.0.saturating_sub(self.tip.height.0) {
            1 => self.adopt_returned(pre_prepare),
            2 => {
                self.next.buffered.get_or_insert((now, pre_prepare));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// L36: records an own proposal again, and sends it.
    pub(super) fn adopt_returned(&mut self, pre_prepare: PrePrepare<P>) -> Result<(), Rejected> {
        if self.current.own_prepare.is_some() {
            return Ok(());
        }
        let proposer = self.config.replica;
        if let Some(fault) = self.fault_of(&pre_prepare.proposal) {
            return Err(Rejected::InvalidProposal { proposer, fault });
        }
        let vote = pre_prepare.vote();
        self.current.candidate = Some(Candidate {
            ballot: vote.ballot,
            pre_prepare: pre_prepare.clone(),
            stage: Stage::Prepared,
        });
        let message = Message::PrePrepare(pre_prepare.clone());
        self.record_prepare(pre_prepare, vote, message);
        Ok(())
    }
}
