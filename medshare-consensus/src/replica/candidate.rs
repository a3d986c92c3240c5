//! The way of a candidate from its pre-prepare to this replica's prepare: L8 to L12.

use medshare_types::certificate::Phase;
use medshare_types::time::Timestamp;

use super::Replica;
use super::slot::{Candidate, Stage};
use super::timeliness::{Bounds, is_timely};
use crate::io::Effect;
use crate::message::{Message, PrePrepare};
use crate::proposal::{MAX_PAYLOAD_LEN, Payload, Proposal, ProposalFault, encoded_length};
use crate::rejected::Rejected;

impl<P: Payload> Replica<P> {
    /// L8: a pre-prepare that arrived before its parent was decided is judged by its arrival.
    pub(super) fn replay_buffered_proposal(&mut self) -> Result<(), Rejected> {
        match self.current.buffered.take() {
            // L36
            Some((_, own)) if own.proposal.header.proposer == self.config.replica => {
                self.adopt_returned(own)
            }
            Some((received, pre_prepare)) => self.examine(received, pre_prepare),
            None => Ok(()),
        }
    }

    /// L9: holds a proposal that follows from the tip, and judges its time by when it arrived.
    pub(super) fn examine(
        &mut self,
        received: Timestamp,
        pre_prepare: PrePrepare<P>,
    ) -> Result<(), Rejected> {
        let proposer = pre_prepare.proposal.header.proposer;
        let time = pre_prepare.proposal.header.time;
        if self.current.candidate.is_none() {
            if let Some(fault) = self.fault_of(&pre_prepare.proposal) {
                return Err(Rejected::InvalidProposal { proposer, fault });
            }
            self.current.candidate = Some(Candidate {
                ballot: pre_prepare.proposal.ballot(),
                pre_prepare,
                stage: Stage::Untimely,
            });
        }
        let Some(candidate) = &mut self.current.candidate else {
            return Ok(());
        };
        if candidate.stage != Stage::Untimely {
            return Ok(());
        }
        let bounds = Bounds {
            received,
            latest: self.current.latest_clock.max(self.current.clock_before),
            parent: self.tip.time,
            late_doublings: self.current.late_doublings,
        };
        if !is_timely(&self.config.parameters, &bounds, time) {
            self.current.late_since.get_or_insert(received);
            return Err(Rejected::Untimely { proposer, time });
        }
        candidate.stage = Stage::Unexecuted;
        self.validate_when_executed()
    }

    /// L9: the first fault that header, payload and parent show.
    pub(super) fn fault_of(&self, proposal: &Proposal<P>) -> Option<ProposalFault> {
        let header = &proposal.header;
        let fault = if header.previous != self.tip.digest {
            ProposalFault::WrongParent
        } else if header.time <= self.tip.time {
            ProposalFault::TimeNotIncreasing
        } else if header.executed.height != self.tip.height {
            ProposalFault::WrongExecutedHeight
        } else if header.next_committee != self.config.committee.digest() {
            ProposalFault::WrongCommittee
        } else if encoded_length(&proposal.payload) > MAX_PAYLOAD_LEN {
            ProposalFault::PayloadTooLong
        } else if header.transactions != proposal.payload.root() {
            ProposalFault::WrongPayload
        } else {
            return None;
        };
        Some(fault)
    }

    /// L10: f+1 members vouch for the time, so at least one honest member does.
    pub(super) fn accept_late_candidate(&mut self) -> Result<(), Rejected> {
        let faulty = self.config.committee.quorum().faulty();
        let Some(candidate) = &mut self.current.candidate else {
            return Ok(());
        };
        if candidate.stage != Stage::Untimely {
            return Ok(());
        }
        let vouched = self.current.prepares.certify(
            &self.config,
            &candidate.ballot.digest,
            faulty + 1,
            &mut self.suspects,
        );
        if vouched.is_none() {
            return Ok(());
        }
        candidate.stage = Stage::Unexecuted;
        self.validate_when_executed()
    }

    /// L11: once the height before is executed here, compares its roots and asks the application.
    pub(super) fn validate_when_executed(&mut self) -> Result<(), Rejected> {
        let Some(candidate) = &mut self.current.candidate else {
            return Ok(());
        };
        if candidate.stage != Stage::Unexecuted || self.executed.height != self.tip.height {
            return Ok(());
        }
        let proposal = &candidate.pre_prepare.proposal;
        if proposal.header.executed != self.executed {
            let proposer = proposal.header.proposer;
            self.current.candidate = None;
            return Err(Rejected::InvalidProposal {
                proposer,
                fault: ProposalFault::WrongRoots,
            });
        }
        candidate.stage = Stage::Validating;
        let question = Effect::Validate(proposal.clone());
        self.outbox.push_at_once(question);
        Ok(())
    }

    /// L14: asks again for a deferred verdict.
    pub(super) fn ask_application_again(&mut self) {
        if let Some(candidate) = &mut self.current.candidate
            && candidate.stage == Stage::Deferred
        {
            candidate.stage = Stage::Validating;
            let question = Effect::Validate(candidate.pre_prepare.proposal.clone());
            self.outbox.push_at_once(question);
        }
    }

    /// L12: accepts the candidate.
    pub(super) fn prepare(&mut self) {
        let Some(candidate) = &mut self.current.candidate else {
            return;
        };
        candidate.stage = Stage::Prepared;
        let ballot = candidate.ballot;
        let pre_prepare = candidate.pre_prepare.clone();
        let vote = self.sign(ballot, Phase::Prepare);
        self.record_prepare(pre_prepare, vote, Message::Prepare(vote));
    }
}
