//! The way of a proposal from its arrival to this replica's prepare: L10 to L20.

use medshare_types::certificate::Phase;
use medshare_types::id::View;
use medshare_types::time::Timestamp;

use super::Replica;
use super::attest::has_root;
use super::slot::{Candidate, Stage};
use super::timeliness::{Bounds, is_timely};
use crate::io::Effect;
use crate::message::Message;
use crate::mutation::Mutant;
use crate::proposal::{MAX_PAYLOAD_LEN, Payload, Proposal, ProposalFault, encoded_length};
use crate::rejected::Rejected;
use crate::view_change::Opening;
use crate::vote::PrePrepare;

impl<P: Payload> Replica<P> {
    /// L10: a pre-prepare that arrived before its parent was decided is judged by its arrival.
    pub(super) fn replay_buffered_proposal(&mut self) -> Result<(), Rejected> {
        let Some(primary) = self.primary_of(View(0)) else {
            return Ok(());
        };
        let mut buffered = core::mem::take(&mut self.current.buffered);
        match buffered.remove(&primary) {
            Some((received, pre_prepare)) => self.take_first_proposal(received, pre_prepare, None),
            None => Ok(()),
        }
    }

    /// L14: holds the first proposal of a view, and judges its time by when it arrived.
    pub(super) fn take_first_proposal(
        &mut self,
        received: Timestamp,
        pre_prepare: PrePrepare<P>,
        opening: Option<Opening>,
    ) -> Result<(), Rejected> {
        let PrePrepare {
            view,
            proposal,
            signature,
        } = pre_prepare;
        let proposer = proposal.header.proposer;
        let time = proposal.header.time;
        let taken = self.current.candidate.is_some() || self.current.has_prepared();
        if taken && !self.mutation.is(Mutant::TwoVotesInAView) {
            return Ok(());
        }
        // L10: whose turn it is follows from blocks that wait for execution.
        let Some(primary) = self.primary_of(view) else {
            if view == View(0) {
                let pre_prepare = PrePrepare {
                    view,
                    proposal,
                    signature,
                };
                let buffered = self.current.buffered.entry(proposer);
                buffered.or_insert((received, pre_prepare));
            }
            return Ok(());
        };
        if proposer != primary {
            return Err(Rejected::NotThePrimary { sender: proposer });
        }
        if let Some(fault) = self.fault_of_first(&proposal, view) {
            return Err(Rejected::InvalidProposal { proposer, fault });
        }
        let bounds = Bounds {
            received,
            latest: self.current.latest_clock.max(self.current.clock_before),
            parent: self.tip.time,
            view,
        };
        let timely = is_timely(&self.config.parameters, &bounds, time);
        self.current.candidate = Some(Candidate {
            ballot: proposal.ballot_in(view),
            proposal,
            stage: if timely {
                Stage::Unexecuted
            } else {
                Stage::Untimely
            },
            opening,
        });
        if !timely {
            return Err(Rejected::Untimely { proposer, time });
        }
        self.validate_when_executed()
    }

    /// L14: the first fault that header, payload and parent show.
    fn fault_of_first(&self, proposal: &Proposal<P>, view: View) -> Option<ProposalFault> {
        let header = &proposal.header;
        let fault = if header.chain != self.config.chain {
            ProposalFault::WrongChain
        } else if header.epoch != self.config.committee.epoch() {
            ProposalFault::WrongEpoch
        } else if header.view != view {
            ProposalFault::WrongView
        } else if header.time <= self.tip.time {
            ProposalFault::TimeNotIncreasing
        } else if header.executed.height != self.tip.height {
            ProposalFault::WrongExecutedHeight
        } else if encoded_length(&proposal.payload) > MAX_PAYLOAD_LEN {
            ProposalFault::PayloadTooLong
        } else {
            return self.fault_of_link(proposal);
        };
        Some(fault)
    }

    /// L15 and L37: the hash links of a block; certificates or f+1 votes vouch for all else.
    pub(super) fn fault_of_link(&self, proposal: &Proposal<P>) -> Option<ProposalFault> {
        let header = &proposal.header;
        if header.previous != self.tip.digest || header.height != self.tip.height.next() {
            Some(ProposalFault::WrongParent)
        } else if header.transactions != proposal.payload.root() {
            Some(ProposalFault::WrongPayload)
        } else if !has_root(proposal) {
            Some(ProposalFault::WrongAttestations)
        } else {
            None
        }
    }

    /// L16: f+1 members prepared a block in this view or a later one, so at least one honest member
    /// accepted its proposal there. That stands for its time, and in view 0 for the proposal itself.
    /// In a later view such a member shows what opened it: where more than f are Byzantine, a prepare
    /// without that proof could help to decide another block, and convict none of them.
    pub(super) fn accept_vouched(&mut self) -> Result<(), Rejected> {
        let view = self.current.view;
        let faulty = self.config.committee.quorum().faulty();
        let Some((of, digest)) = self.current.prepares.leading(view, faulty + 1) else {
            return Ok(());
        };
        let held = self.current.candidate.as_ref();
        let untimely = held.is_some_and(|held| held.stage == Stage::Untimely)
            && !self.mutation.is(Mutant::LateForGood);
        if of == view && (self.current.has_prepared() || (held.is_some() && !untimely)) {
            return Ok(());
        }
        let vouched = self.certify(Phase::Prepare, (of, digest), faulty + 1);
        if vouched.is_none() {
            return Ok(());
        }
        let holders = self.current.prepares.voters(of, digest);
        let candidate = self.current.candidate.as_mut();
        let ballot = (of, digest);
        if let Some(held) = candidate.filter(|c| (c.ballot.view, c.ballot.digest) == ballot) {
            held.stage = Stage::Unexecuted;
            return self.validate_when_executed();
        }
        if of > View(0) && !self.mutation.is(Mutant::VouchedUnproven) {
            // The answer is the primary's, which follows from blocks that wait for execution.
            if self.primary_of(of).is_some() {
                self.want_opening(of, digest, holders);
            }
            return Ok(());
        }
        let Some(proposal) = self.current.block(&digest).cloned() else {
            self.want(digest, holders);
            return Ok(());
        };
        self.enter(of);
        if proposal.header.view < of {
            self.prepare_again(of, proposal, None);
            return Ok(());
        }
        self.current.candidate = Some(Candidate {
            ballot: proposal.ballot_in(of),
            proposal,
            stage: Stage::Unexecuted,
            opening: None,
        });
        self.validate_when_executed()
    }

    /// L17: once the height before is executed here, compares its roots, judges the votes that the
    /// block records, and asks the application.
    pub(super) fn validate_when_executed(&mut self) -> Result<(), Rejected> {
        let executed = self.executed;
        let Some(candidate) = &mut self.current.candidate else {
            return Ok(());
        };
        if candidate.stage != Stage::Unexecuted || executed.height != self.tip.height {
            return Ok(());
        }
        candidate.stage = Stage::Validating;
        let proposal = candidate.proposal.clone();
        let next_committee = self.record.next_committee().digest();
        let fault = if proposal.header.executed != executed {
            Some(ProposalFault::WrongRoots)
        } else if proposal.header.next_committee != next_committee {
            // L65
            Some(ProposalFault::WrongCommittee)
        } else {
            // L61
            self.fault_of_votes(&proposal)
        };
        let Some(fault) = fault else {
            self.outbox.push_at_once(Effect::Validate(proposal));
            return Ok(());
        };
        if let Some(candidate) = &mut self.current.candidate {
            candidate.stage = Stage::Refused;
        }
        let proposer = proposal.header.proposer;
        Err(Rejected::InvalidProposal { proposer, fault })
    }

    /// L20: asks again for a deferred verdict.
    pub(super) fn ask_application_again(&mut self) {
        if let Some(candidate) = &mut self.current.candidate
            && candidate.stage == Stage::Deferred
        {
            candidate.stage = Stage::Validating;
            let question = Effect::Validate(candidate.proposal.clone());
            self.outbox.push_at_once(question);
        }
    }

    /// L18: accepts the candidate.
    pub(super) fn prepare(&mut self) {
        let Some(candidate) = &mut self.current.candidate else {
            return;
        };
        candidate.stage = Stage::Prepared;
        let ballot = candidate.ballot;
        let proposal = candidate.proposal.clone();
        let opening = candidate.opening.clone();
        let Some(vote) = self.sign(ballot, Phase::Prepare) else {
            return;
        };
        self.record_prepare(proposal, vote, opening, Message::Prepare(vote));
    }
}
