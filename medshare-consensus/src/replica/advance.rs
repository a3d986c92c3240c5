//! What follows once votes, roots or durable records are in: the quorum rules.

use core::mem;

use medshare_types::certificate::{CommitCertificate, Phase};
use medshare_types::hash::Digest;

use crate::error::{ProposalFault, Rejected};
use crate::io::Output;
use crate::log_record::{LogRecord, PreparedCertificate};
use crate::message::{Decided, Message, Recipients};
use crate::proposal::{Payload, Proposal};
use crate::replica::slot::{OwnVote, Slot, Stage};
use crate::replica::{Link, Replica};

impl<P: Payload> Replica<P> {
    /// Applies the rules below until none of them applies.
    pub(super) fn advance(&mut self) -> Result<(), Rejected> {
        let mut outcome = Ok(());
        loop {
            self.count_own_votes();
            outcome = outcome.and(self.excuse_untimely());
            self.commit_when_prepared();
            let Some(decided) = self.decided() else {
                return outcome;
            };
            self.settle(decided);
            outcome = outcome.and(self.take_up_early());
        }
    }

    /// Line 21: the replica's own votes count once they are durable.
    fn count_own_votes(&mut self) {
        for phase in [Phase::Prepare, Phase::Commit] {
            let own = match phase {
                Phase::Prepare => self.current.own_prepare,
                Phase::Commit => self.current.own_commit,
            };
            if let Some(own) = own.filter(|own| self.outbox.is_durable(own.position)) {
                let tally = self.current.tally(phase);
                let (voter, suspects) = (self.config.replica, &mut self.suspects);
                let _ = tally.cast(&self.config, suspects, voter, own.vote, true);
            }
        }
    }

    /// Line 10: f+1 members vouch for the time, so an honest one does.
    fn excuse_untimely(&mut self) -> Result<(), Rejected> {
        let faulty = self.config.committee.quorum().faulty();
        let Some(candidate) = &mut self.current.candidate else {
            return Ok(());
        };
        if candidate.stage != Stage::Untimely {
            return Ok(());
        }
        let (prepares, digest) = (&mut self.current.prepares, &candidate.ballot.digest);
        let vouched = prepares.certify(&self.config, digest, faulty + 1, &mut self.suspects);
        if vouched.is_none() {
            return Ok(());
        }
        candidate.stage = Stage::Unexecuted;
        self.validate_when_executed()
    }

    /// Line 11: once the height before is executed here, its roots are compared and the
    /// application is asked.
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
        let proposal = proposal.clone();
        self.outbox.push_at_once(Output::Validate(proposal));
        Ok(())
    }

    /// Line 12: accepts the candidate.
    pub(super) fn prepare(&mut self) {
        let Some(candidate) = &mut self.current.candidate else {
            return;
        };
        candidate.stage = Stage::Prepared;
        let (ballot, pre_prepare) = (candidate.ballot, candidate.pre_prepare.clone());
        let vote = self.sign(ballot, Phase::Prepare);
        self.record_prepare(pre_prepare, vote, Message::Prepare(vote));
    }

    /// Line 19: a quorum has prepared what this replica has recorded its prepare for. The commit's
    /// record comes after the prepare's, so it cannot be durable without it.
    fn commit_when_prepared(&mut self) {
        let Some(own) = self.current.own_prepare else {
            return;
        };
        if self.current.own_commit.is_some() {
            return;
        }
        let (ballot, needed) = (own.vote.ballot, self.config.committee.quorum().quorum());
        let (prepares, suspects) = (&mut self.current.prepares, &mut self.suspects);
        let Some(votes) = prepares.certify(&self.config, &ballot.digest, needed, suspects) else {
            return;
        };
        let vote = self.sign(ballot, Phase::Commit);
        let prepared = PreparedCertificate { ballot, votes };
        let position = self.outbox.persist(LogRecord::Committed { prepared, vote });
        self.current.own_commit = Some(OwnVote { vote, position });
        self.send(Recipients::All, Message::Commit(vote));
        self.rearm();
    }

    /// Line 20: a quorum has committed the candidate, whatever this replica thinks of it.
    fn decided(&mut self) -> Option<Decided<P>> {
        let candidate = self.current.candidate.as_ref()?;
        let (ballot, needed) = (candidate.ballot, self.config.committee.quorum().quorum());
        let (commits, suspects) = (&mut self.current.commits, &mut self.suspects);
        let votes = commits.certify(&self.config, &ballot.digest, needed, suspects)?;
        let proposal = self.current.candidate.take()?.pre_prepare.proposal;
        let certificate = CommitCertificate { ballot, votes };
        Some(Decided {
            proposal,
            certificate,
        })
    }

    /// Lines 20 and 27: records that a block is final and goes to the next height.
    pub(super) fn settle(&mut self, decided: Decided<P>) {
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
        self.hand_over(decided);
        self.rearm();
    }

    pub(super) fn enter_next(&mut self, proposal: &Proposal<P>, digest: Digest) {
        let header = &proposal.header;
        self.tip = Link {
            height: header.height,
            digest,
            time: header.time,
        };
        self.current = mem::replace(&mut self.next, Slot::new());
        self.peers.adopted(self.tip.height);
        self.peers.refresh();
    }

    pub(super) fn hand_over(&mut self, decided: Decided<P>) {
        let Decided {
            proposal,
            certificate,
        } = decided;
        self.outbox.push_gated(Output::Commit {
            proposal,
            certificate,
        });
    }

    /// Line 8: what came before its parent was decided is judged by when it came.
    pub(super) fn take_up_early(&mut self) -> Result<(), Rejected> {
        match self.current.early.take() {
            Some((received, pre_prepare)) => self.examine(received, pre_prepare),
            None => Ok(()),
        }
    }
}
