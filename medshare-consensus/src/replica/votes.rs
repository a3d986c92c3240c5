//! Votes: signing and recording this replica's own, keeping those of others.

use medshare_types::certificate::{Ballot, Phase};
use medshare_types::hash::Digest;
use medshare_types::id::{Height, ReplicaId, View};
use medshare_types::sign::Signature;

use super::Replica;
use super::route::Route;
use super::slot::{Candidate, OwnVote, Stage};
use super::tally::Cast;
use crate::evidence::{Evidence, Offence};
use crate::io::Effect;
use crate::log_record::LogRecord;
use crate::message::{Message, Recipients};
use crate::mutation::Mutant;
use crate::proposal::{Payload, Proposal};
use crate::rejected::Rejected;
use crate::view_change::{Opening, ViewChangeVote, ViewProof};
use crate::vote::{PrePrepare, Vote};

impl<P: Payload> Replica<P> {
    /// A vote of the own seat; `None` without a seat or its key.
    pub(super) fn sign(&self, ballot: Ballot, phase: Phase) -> Option<Vote> {
        let key = self.config.signing_key.as_ref()?;
        Some(Vote::sign(&self.config.chain, ballot, phase, key))
    }

    /// L8, L15 and L18: the record first, then `message` to all.
    pub(super) fn record_prepare(
        &mut self,
        proposal: Proposal<P>,
        vote: Vote,
        opening: Option<Opening>,
        message: Message<P>,
    ) {
        self.found_acceptable(vote.ballot.view);
        self.current.accepted = Some(proposal.clone());
        self.current.opening.clone_from(&opening);
        let record = LogRecord::Prepared {
            vote,
            proposal,
            opening,
        };
        let position = self.outbox.persist(record);
        self.current.own_prepare = Some(OwnVote { vote, position });
        self.send(Recipients::All, message);
        self.restart_timer();
    }

    /// L8 and L33: records the own proposal, which is the own prepare as well.
    pub(super) fn record_proposal(
        &mut self,
        proposal: Proposal<P>,
        vote: Vote,
        proof: Option<ViewProof>,
    ) {
        let (view, signature) = (vote.ballot.view, vote.signature);
        let opening = proof.map(|proof| Opening { proof, signature });
        let message = match &opening {
            Some(opening) => Message::NewView(opening.clone().with(view, proposal.clone())),
            None => Message::PrePrepare(PrePrepare {
                view,
                proposal: proposal.clone(),
                signature,
            }),
        };
        self.current.candidate = Some(Candidate {
            proposal: proposal.clone(),
            ballot: vote.ballot,
            stage: Stage::Prepared,
            opening: opening.clone(),
        });
        self.current.own_proposal = Some(message.clone());
        self.record_prepare(proposal, vote, opening, message);
    }

    /// L23: keeps a vote; a contradiction becomes evidence, once. `verified` votes have a signature
    /// that is known to be good.
    pub(super) fn cast(
        &mut self,
        sender: ReplicaId,
        phase: Phase,
        route: Route,
        vote: Vote,
        verified: bool,
    ) -> Result<(), Rejected> {
        let height = vote.ballot.height;
        let slot = match route {
            Route::Current => &mut self.current,
            Route::Next => &mut self.next,
        };
        let tally = slot.tally(phase);
        match tally.cast(&self.config, &mut self.suspects, sender, vote, verified) {
            Cast::Held | Cast::Outdated => {}
            Cast::BadSignature => return Err(Rejected::BadSignature { sender }),
            Cast::ContradictsAgain => return Err(Rejected::Equivocation { sender, height }),
            Cast::Contradicts { first } => {
                let second = vote;
                return self.expose(
                    sender,
                    height,
                    Offence::TwoVotes {
                        phase,
                        first,
                        second,
                    },
                );
            }
        }
        let forgets = |held: &ViewChangeVote| phase == Phase::Commit && held.forgets(&vote.ballot);
        let forgotten = slot.changes_of(sender).find(forgets);
        match forgotten {
            Some(view_change) => self.expose_forgotten(sender, vote, view_change),
            None => Ok(()),
        }
    }

    /// L23 and L30: a commit and a view change that an honest member does not sign both. The commit
    /// may not be verified yet.
    pub(super) fn expose_forgotten(
        &mut self,
        sender: ReplicaId,
        commit: Vote,
        view_change: ViewChangeVote,
    ) -> Result<(), Rejected> {
        if !self.config.verifies(Phase::Commit, sender, &commit) {
            self.suspects.insert(sender);
            return Err(Rejected::BadSignature { sender });
        }
        let height = commit.ballot.height;
        let offence = Offence::ForgottenCertificate {
            commit,
            view_change,
        };
        self.expose(sender, height, offence)
    }

    pub(super) fn expose(
        &mut self,
        culprit: ReplicaId,
        height: Height,
        offence: Offence,
    ) -> Result<(), Rejected> {
        if self.exposed.insert((culprit, height)) {
            let evidence = Evidence { culprit, offence };
            self.outbox.push_gated(Effect::Misbehaviour(evidence));
        }
        let sender = culprit;
        Err(Rejected::Equivocation { sender, height })
    }

    /// L24: `needed` verified votes for a ballot of the current height.
    pub(super) fn certify(
        &mut self,
        phase: Phase,
        (view, digest): (View, Digest),
        needed: usize,
    ) -> Option<Vec<(ReplicaId, Signature)>> {
        let tally = self.current.tally(phase);
        if self.mutation.is(Mutant::VotesUnverified) {
            return tally.choose(view, digest, needed);
        }
        tally.certify(&self.config, (view, digest), needed, &mut self.suspects)
    }

    /// L27: the replica's own votes count once they are durable.
    pub(super) fn count_own_votes(&mut self) {
        for phase in [Phase::Prepare, Phase::Commit] {
            let own = match phase {
                Phase::Prepare => self.current.own_prepare,
                Phase::Commit => self.current.own_commit,
            };
            if let Some(own) = own.filter(|own| self.outbox.is_durable(own.position)) {
                self.count_verified(phase, self.config.replica, own.vote);
            }
        }
        let own = self.current.own_change.as_ref();
        if let Some(own) = own.filter(|own| self.outbox.is_durable(own.position)) {
            let change = own.change.clone();
            self.current.changes.keep(self.config.replica, change);
        }
    }

    /// Counts a vote for `current` that was verified before, or that this replica signed.
    pub(super) fn count_verified(&mut self, phase: Phase, voter: ReplicaId, vote: Vote) {
        let tally = self.current.tally(phase);
        // A verified vote of a seat that has none yet, or the same one again, is always held.
        let _ = tally.cast(&self.config, &mut self.suspects, voter, vote, true);
    }
}
