//! The quorum rules: the consequences of votes, roots and durable records.

use core::mem;

use medshare_types::certificate::{CommitCertificate, Phase};
use medshare_types::hash::Digest;

use super::slot::{OwnVote, Slot};
use super::{Parent, Replica};
use crate::io::Effect;
use crate::log_record::{LogRecord, PreparedCertificate};
use crate::message::{Decided, Message, Recipients};
use crate::proposal::{Payload, Proposal};
use crate::rejected::Rejected;

impl<P: Payload> Replica<P> {
    /// Applies the rules until none of them applies. Returns the first rejection.
    pub(super) fn advance(&mut self) -> Result<(), Rejected> {
        let mut outcome = Ok(());
        loop {
            self.count_own_votes();
            self.judge_loss();
            outcome = outcome.and(self.accept_late_candidate());
            self.commit_when_prepared();
            let Some(decided) = self.take_decided() else {
                return outcome;
            };
            self.decide(decided);
            outcome = outcome.and(self.replay_buffered_proposal());
        }
    }

    /// L19: a quorum has prepared the ballot of this replica's recorded prepare. The commit's
    /// record comes after the prepare's, so it cannot be durable without it.
    fn commit_when_prepared(&mut self) {
        let Some(own) = self.current.own_prepare else {
            return;
        };
        // L35
        if self.current.own_commit.is_some() || self.abstains() {
            return;
        }
        let ballot = own.vote.ballot;
        let Some(votes) = self.current.prepares.certify(
            &self.config,
            &ballot.digest,
            self.config.committee.quorum().quorum(),
            &mut self.suspects,
        ) else {
            return;
        };
        let vote = self.sign(ballot, Phase::Commit);
        let prepared = PreparedCertificate { ballot, votes };
        let position = self.outbox.persist(LogRecord::Committed { prepared, vote });
        self.current.own_commit = Some(OwnVote { vote, position });
        self.send(Recipients::All, Message::Commit(vote));
        self.restart_timer();
    }

    /// L20: takes the candidate once a quorum has committed it, at whatever stage it is here.
    fn take_decided(&mut self) -> Option<Decided<P>> {
        let ballot = self.current.candidate.as_ref()?.ballot;
        let votes = self.current.commits.certify(
            &self.config,
            &ballot.digest,
            self.config.committee.quorum().quorum(),
            &mut self.suspects,
        )?;
        let candidate = self.current.candidate.take()?;
        Some(Decided {
            proposal: candidate.pre_prepare.proposal,
            certificate: CommitCertificate { ballot, votes },
        })
    }

    /// L20 and L27: records that a block is final and goes to the next height.
    pub(super) fn decide(&mut self, decided: Decided<P>) {
        let digest = decided.certificate.ballot.digest;
        let own = self.current.own_prepare;
        let prepared = own.is_some_and(|own| own.vote.ballot.digest == digest);
        self.outbox.persist(if prepared {
            LogRecord::Decided {
                certificate: decided.certificate.clone(),
            }
        } else {
            LogRecord::Adopted(decided.clone())
        });
        self.enter_next(&decided.proposal, digest);
        self.deliver(decided);
        self.restart_timer();
    }

    pub(super) fn enter_next(&mut self, proposal: &Proposal<P>, digest: Digest) {
        let header = &proposal.header;
        self.tip = Parent {
            height: header.height,
            digest,
            time: header.time,
        };
        let clock_before = self.current.latest_clock;
        self.current = mem::replace(&mut self.next, Slot::new());
        self.current.clock_before = clock_before;
        self.sync.close_fetch_at(self.tip.height);
        self.serving.reset();
    }

    pub(super) fn deliver(&mut self, decided: Decided<P>) {
        self.outbox.push_gated(Effect::Commit {
            proposal: decided.proposal,
            certificate: decided.certificate,
        });
    }
}
