//! The quorum rules: the consequences of votes, roots and durable records.

use core::mem;

use medshare_types::certificate::{Ballot, CommitCertificate, Phase};
use medshare_types::hash::Digest;
use medshare_types::header::BlockHeader;
use medshare_types::id::{ReplicaId, View};
use medshare_types::sign::Signature;

use super::attest::OpenVotes;
use super::slot::{OwnVote, Slot};
use super::{Parent, Replica};
use crate::io::Effect;
use crate::log_record::LogRecord;
use crate::message::{Decided, Message, Recipients};
use crate::mutation::Mutant;
use crate::proposal::{Payload, Proposal};
use crate::rejected::Rejected;
use crate::view_change::PreparedCertificate;

impl<P: Payload> Replica<P> {
    /// Applies the rules until none of them applies. Returns the first rejection.
    pub(super) fn advance(&mut self, monotonic_ms: u64) -> Result<(), Rejected> {
        let mut outcome = Ok(());
        loop {
            self.count_own_votes();
            self.judge_loss();
            outcome = outcome.and(self.accept_vouched());
            self.commit_when_prepared();
            let Some(decided) = self.take_decided() else {
                break;
            };
            let certificate = decided.certificate.clone();
            self.record_decision(&decided);
            self.commit_decided(&certificate);
            self.decide(decided, monotonic_ms);
            outcome = outcome.and(self.replay_buffered_proposal());
        }
        self.join_view_change();
        self.arm_when_opened();
        self.propose_again();
        outcome
    }

    /// L25: a quorum has prepared a block in this view or a later one. A prepare of this replica's
    /// own is not needed: otherwise f members that leave out f honest ones could stop the view.
    fn commit_when_prepared(&mut self) {
        // L50
        if self.abstains() {
            return;
        }
        let from = match self.current.own_commit {
            own if self.mutation.is(Mutant::VotesInOlderViews) => {
                own.map_or(View(0), |own| own.vote.ballot.view.next())
            }
            Some(own) if own.vote.ballot.view >= self.current.view => own.vote.ballot.view.next(),
            _ => self.current.view,
        };
        let quorum = self.config.committee.quorum().quorum();
        let Some((view, digest)) = self.current.prepares.leading(from, quorum) else {
            return;
        };
        let Some(votes) = self.certify(Phase::Prepare, (view, digest), quorum) else {
            return;
        };
        let Some(proposal) = self.current.block(&digest).cloned() else {
            let holders = votes.iter().map(|(voter, _)| *voter).collect();
            self.want(digest, holders);
            return;
        };
        self.enter(view);
        self.commit(self.ballot(view, digest), proposal, votes);
    }

    /// The ballot of a block of the undecided height.
    fn ballot(&self, view: View, digest: Digest) -> Ballot {
        Ballot {
            epoch: self.config.committee.epoch(),
            view,
            height: self.tip.height.next(),
            digest,
        }
    }

    fn commit(
        &mut self,
        ballot: Ballot,
        proposal: Proposal<P>,
        votes: Vec<(ReplicaId, Signature)>,
    ) {
        let Some(vote) = self.sign(ballot, Phase::Commit) else {
            return;
        };
        let prepared = PreparedCertificate { ballot, votes };
        let recorded =
            self.is_recorded(&ballot.digest) || self.mutation.is(Mutant::CommittedBlockLost);
        self.found_acceptable(ballot.view);
        let position = self.outbox.persist(LogRecord::Committed {
            prepared: prepared.clone(),
            vote,
            proposal: (!recorded).then(|| proposal.clone()),
        });
        self.current.prepared = Some((prepared, proposal));
        self.current.own_commit = Some(OwnVote { vote, position });
        self.send(Recipients::All, Message::Commit(vote));
        self.restart_timer();
    }

    /// True when a replay finds the block among the last prepare and commit of this height.
    fn is_recorded(&self, digest: &Digest) -> bool {
        let prepare = self.current.own_prepare.map(|own| own.vote.ballot.digest);
        let commit = self.current.own_commit.map(|own| own.vote.ballot.digest);
        prepare == Some(*digest) || commit == Some(*digest)
    }

    /// L26: takes the block that a quorum has committed in one view, whatever its stage here.
    fn take_decided(&mut self) -> Option<Decided<P>> {
        let quorum = self.config.committee.quorum().quorum();
        let (view, digest) = self.current.commits.leading(View(0), quorum)?;
        let votes = self.certify(Phase::Commit, (view, digest), quorum)?;
        let Some(proposal) = self.current.block(&digest).cloned() else {
            let holders = votes.iter().map(|(voter, _)| *voter).collect();
            self.want(digest, holders);
            return None;
        };
        if self.awaits_boundary(&proposal.header) {
            return None;
        }
        let ballot = self.ballot(view, digest);
        Some(Decided {
            proposal,
            certificate: CommitCertificate { ballot, votes },
        })
    }

    /// L65: the block is its epoch's last, and the next committee is not known here yet: it follows
    /// from executing the block before. A block that names this epoch's committee goes on with it.
    pub(super) fn awaits_boundary(&self, header: &BlockHeader) -> bool {
        header.next_committee != self.config.committee.digest()
            && self.executed.height != self.tip.height
    }

    /// L26 and L41: records that a block is final.
    pub(super) fn record_decision(&mut self, decided: &Decided<P>) {
        let recorded = self.is_recorded(&decided.certificate.ballot.digest);
        self.outbox.persist(if recorded {
            LogRecord::Decided {
                certificate: decided.certificate.clone(),
            }
        } else {
            LogRecord::Adopted(decided.clone())
        });
    }

    /// L26 and L41: goes to the next height.
    pub(super) fn decide(&mut self, decided: Decided<P>, monotonic_ms: u64) {
        let ballot = decided.certificate.ballot;
        let ordered = !decided.proposal.payload.is_empty();
        self.end_height(ballot.view, ordered, monotonic_ms);
        self.keep_votes_of_decided(&decided.certificate);
        self.enter_next(&decided.proposal, ballot.digest);
        self.deliver(decided);
        self.restart_timer();
    }

    pub(super) fn enter_next(&mut self, proposal: &Proposal<P>, digest: Digest) {
        let header = &proposal.header;
        self.tip = Parent {
            height: header.height,
            digest,
            time: header.time,
            ordered: !proposal.payload.is_empty(),
        };
        let attestations = proposal.attestations.clone();
        self.unrecorded.push_back((header.clone(), attestations));
        let clock_before = self.current.latest_clock;
        let view = self.current.view;
        self.current = mem::replace(&mut self.next, Slot::new());
        if self.mutation.is(Mutant::ViewKept) {
            self.current.enter(view);
        }
        self.current.clock_before = clock_before;
        let height = self.tip.height;
        self.exposed.retain(|(_, of)| *of > height);
        self.sync.close_fetch_at(height);
        self.serving.reset();
        self.record_blocks();
    }

    /// L62: records the decided blocks whose parent is executed.
    pub(super) fn record_blocks(&mut self) {
        let waits =
            |(header, _): &mut (BlockHeader, _)| header.height == self.executed.height.next();
        if let Some((header, attestations)) = self.unrecorded.pop_front_if(waits) {
            self.record.absorb(&header, &attestations);
            if self.mutation.is(Mutant::LostTurnsForgiven) {
                self.record.forgive_lost_turns();
            }
            self.close_votes();
            if self.record.committee().epoch() != self.config.committee.epoch() {
                self.begin_epoch();
            }
        }
    }

    /// L66: the epoch is over. What belonged to it is dropped; heights that are still open take no more
    /// votes.
    fn begin_epoch(&mut self) {
        self.config.sit(self.record.committee().clone());
        self.suspects.clear();
        self.open_votes = OpenVotes::default();
        let (latest, before) = (self.current.latest_clock, self.current.clock_before);
        self.current = Slot::new();
        self.current.latest_clock = latest;
        self.current.clock_before = before;
        self.next = Slot::new();
        self.forget_answers_to_loss();
    }

    pub(super) fn deliver(&mut self, decided: Decided<P>) {
        self.outbox.push_gated(Effect::Commit {
            proposal: decided.proposal,
            certificate: decided.certificate,
        });
    }
}
