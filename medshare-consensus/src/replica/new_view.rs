//! L28 to L33: giving up a view, and opening the next.

use medshare_types::certificate::Phase;
use medshare_types::id::View;

use super::Replica;
use super::slot::{Candidate, OwnChange, Stage};
use crate::log_record::LogRecord;
use crate::message::{Message, Recipients};
use crate::mutation::Mutant;
use crate::proposal::{Payload, Proposal};
use crate::view_change::{Opening, PreparedCertificate, ViewChange, ViewChangeVote};

impl<P: Payload> Replica<P> {
    /// L28: goes to a later view of the current height.
    pub(super) fn enter(&mut self, view: View) {
        if view > self.current.view {
            self.disarm_view_timer();
            let candidate = self.current.candidate.take();
            self.current.enter(view);
            if self.mutation.is(Mutant::CandidateKept) {
                self.current.candidate = candidate;
            }
        }
    }

    /// L29: gives up the views below `view`, for good.
    pub(super) fn change_view(&mut self, view: View) {
        // L50
        if self.abstains() {
            return;
        }
        let prepared = self.current.prepared.as_ref();
        let prepared = prepared.filter(|_| !self.mutation.is(Mutant::NoOwnCertificate));
        let certificate = prepared.map(|(held, _)| held.clone());
        let subject = (self.config.committee.epoch(), self.tip.height.next(), view);
        let claim = certificate.as_ref().map(PreparedCertificate::claim);
        let Some(key) = &self.config.signing_key else {
            return;
        };
        let vote = ViewChangeVote::sign(&self.config.chain, subject, claim, key);
        let change = ViewChange { vote, certificate };
        let position = self.outbox.persist(LogRecord::ViewChanged(change.clone()));
        self.send(Recipients::All, Message::ViewChange(change.clone()));
        self.current.own_change = Some(OwnChange { change, position });
        self.enter(view);
        self.restart_timer();
    }

    /// L31: f+1 members are in later views, so at least one honest member is.
    pub(super) fn join_view_change(&mut self) {
        // L50
        if self.abstains() {
            return;
        }
        let faulty = self.config.committee.quorum().faulty();
        if let Some(view) = self.current.changes.joined(self.current.view, faulty) {
            self.change_view(view);
        }
    }

    /// L32: a quorum gave up the views before this one, so its primary's time runs.
    pub(super) fn arm_when_opened(&mut self) {
        let view = self.current.view;
        let quorum = self.config.committee.quorum().quorum();
        if view > View(0) && self.current.changes.count_into(view) >= quorum {
            self.arm_view_timer();
        }
    }

    /// L33: the primary of a later view proposes again what a quorum may have committed.
    pub(super) fn propose_again(&mut self) {
        let view = self.current.view;
        if view == View(0) || self.current.has_prepared() || self.abstains() {
            return;
        }
        if self.primary_of(view) != Some(self.config.replica) {
            return;
        }
        let quorum = self.config.committee.quorum().quorum();
        let Some(proof) = self.current.changes.proof(view, quorum, self.mutation) else {
            return;
        };
        let Some(claim) = proof.certified() else {
            return;
        };
        let Some(proposal) = self.current.block(&claim.digest).cloned() else {
            let holders = proof.holders();
            self.want(claim.digest, holders);
            return;
        };
        let ballot = proposal.ballot_in(view);
        let Some(vote) = self.sign(ballot, Phase::Prepare) else {
            return;
        };
        self.record_proposal(proposal, vote, Some(proof));
    }

    /// L15: prepares a block that a quorum prepared in an earlier view, without judging it again.
    pub(super) fn prepare_again(
        &mut self,
        view: View,
        proposal: Proposal<P>,
        opening: Option<Opening>,
    ) {
        let ballot = if self.mutation.is(Mutant::HeaderViewForBallot) {
            proposal.ballot_in(proposal.header.view)
        } else {
            proposal.ballot_in(view)
        };
        if self.mutation.is(Mutant::ReproposalValidated) {
            self.current.candidate = Some(Candidate {
                proposal,
                ballot,
                stage: Stage::Unexecuted,
                opening,
            });
            let _ = self.validate_when_executed();
            return;
        }
        let abstains = self.abstains();
        self.current.candidate = Some(Candidate {
            proposal,
            ballot,
            stage: if abstains {
                Stage::Refused
            } else {
                Stage::Validating
            },
            opening,
        });
        if !abstains {
            self.prepare();
        }
    }
}
