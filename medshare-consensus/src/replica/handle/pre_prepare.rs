//! Lines 4–9: a proposal arrives.

use medshare_types::certificate::Phase;
use medshare_types::header::BlockHeader;
use medshare_types::id::ReplicaId;
use medshare_types::time::Timestamp;

use crate::error::{ProposalFault, Rejected};
use crate::message::PrePrepare;
use crate::proposal::{MAX_PAYLOAD_LEN, Payload, Proposal, encoded_length};
use crate::replica::Replica;
use crate::replica::slot::{Candidate, Stage};

impl<P: Payload> Replica<P> {
    pub(in crate::replica) fn on_pre_prepare(
        &mut self,
        now: Timestamp,
        sender: ReplicaId,
        pre_prepare: PrePrepare<P>,
    ) -> Result<(), Rejected> {
        let header = &pre_prepare.proposal.header;
        // L5
        if sender != self.primary() {
            return Err(Rejected::NotThePrimary { sender });
        }
        let Some(place) = self.place_of(sender, header.epoch, header.view, header.height)? else {
            return Ok(());
        };
        self.check_origin(sender, header)?;
        // L6
        let vote = pre_prepare.vote();
        if !self.config.verifies(Phase::Prepare, sender, &vote) {
            self.suspects.insert(sender);
            return Err(Rejected::BadSignature { sender });
        }
        // L7
        self.cast(sender, Phase::Prepare, place, vote, true)?;
        // L8
        if place == Place::Next {
            self.next.early.get_or_insert((now, pre_prepare));
            return Ok(());
        }
        let outcome = self.examine(now, pre_prepare);
        outcome.and(self.advance())
    }

    /// Line 5, second half: chain and proposer, which need no parent.
    fn check_origin(&self, sender: ReplicaId, header: &BlockHeader) -> Result<(), Rejected> {
        let fault = if header.chain != self.config.chain {
            ProposalFault::WrongChain
        } else if header.proposer != sender {
            ProposalFault::WrongProposer
        } else {
            return Ok(());
        };
        Err(Rejected::InvalidProposal {
            proposer: sender,
            fault,
        })
    }

    /// Line 9: holds a proposal that fits on the tip, and judges its time by when it came.
    pub(in crate::replica) fn examine(
        &mut self,
        received: Timestamp,
        pre_prepare: PrePrepare<P>,
    ) -> Result<(), Rejected> {
        let header = &pre_prepare.proposal.header;
        let (proposer, time) = (header.proposer, header.time);
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
        if !self.config.is_timely(received, time, self.current.patience) {
            self.current.patient_since.get_or_insert(received);
            return Err(Rejected::Untimely { proposer, time });
        }
        candidate.stage = Stage::Unexecuted;
        self.validate_when_executed()
    }

    /// What header, payload and parent show to be wrong.
    fn fault_of(&self, proposal: &Proposal<P>) -> Option<ProposalFault> {
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
}

/// Which of the two heights in sight a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::replica) enum Place {
    /// The height after the tip.
    Current,
    /// The height after that.
    Next,
}
