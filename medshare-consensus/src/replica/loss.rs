//! L47 to L52: a member that lost its votes signs nothing that could contradict them.
//!
//! Lost votes reach at most to the height after the last one that the member had decided. A quorum
//! committed that height, and of any n+f+1−q other members at least f+1 are in that quorum: an honest
//! one of them has decided it since, or tells that it voted there. See "Lost logs" in
//! `docs/spec/pbft.md`.

use std::collections::BTreeMap;

use medshare_types::id::{Height, ReplicaId};

use super::Replica;
use crate::message::{LossId, Message, Recalled, Recipients};
use crate::mutation::Mutant;
use crate::proposal::Payload;
use crate::rejected::Rejected;

/// What is known of the votes that were lost.
pub(super) struct Loss {
    id: LossId,
    /// The first answer of each member.
    answers: BTreeMap<ReplicaId, Answer>,
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
            until: None,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.answers.len()
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

    /// L50: true when nothing may be signed at the height after the tip, or this replica has no seat. Where this replica is the
    /// primary, the others change the view.
    pub(super) fn abstains(&self) -> bool {
        let lost = self.is_lost() && !self.mutation.is(Mutant::LostMemberVotes);
        lost || !self.is_seated() || self.record.halts()
    }

    /// L47: asks all members, until enough have answered.
    pub(super) fn ask_for_lost_votes(&mut self) {
        if let Some(loss) = self.loss.as_ref().filter(|loss| loss.until.is_none()) {
            let loss = loss.id;
            self.send(Recipients::All, Message::Recall { loss });
        }
    }

    /// L49: the first answer of each member to this loss stays.
    pub(super) fn take_recalled(
        &mut self,
        sender: ReplicaId,
        answer: &Recalled,
    ) -> Result<(), Rejected> {
        let Some(loss) = self.loss.as_mut().filter(|loss| loss.id == answer.loss) else {
            return Err(Rejected::Unasked { sender });
        };
        let voted = if answer.voted {
            answer.height.next()
        } else {
            answer.height
        };
        let short = self.mutation.is(Mutant::AbstainsOneHeightLess)
            || self.mutation.is(Mutant::AbstainsByVotesSeen);
        loss.answers.entry(sender).or_insert(Answer {
            decided: answer.height,
            until: if short { voted } else { voted.next() },
        });
        Ok(())
    }

    /// L66: the next committee is asked anew.
    pub(super) fn forget_answers_to_loss(&mut self) {
        if let Some(loss) = &mut self.loss {
            loss.answers.clear();
            loss.until = None;
        }
    }

    /// L51 and L52: an answer counts once its height is decided here, so that no bare number bounds
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
}
