//! Lines 28–31: a replica comes back from its ledger and its log.

use medshare_types::certificate::Phase;
use medshare_types::id::ReplicaId;

use crate::config::{Config, Tip};
use crate::error::RecoverError;
use crate::log_record::{LogPosition, LogRecord, PreparedCertificate};
use crate::message::{Decided, Message, PrePrepare, Recipients, Vote};
use crate::proposal::Payload;
use crate::replica::Replica;
use crate::replica::slot::{Candidate, OwnVote, Stage};

impl<P: Payload> Replica<P> {
    /// Restores a replica from where its ledger durably stands and what its log holds.
    ///
    /// Records at or below the ledger's tip may be there or be cut. Blocks that the log holds
    /// above the tip come out as [`crate::Output::Commit`] again, undecided votes are sent again
    /// as they were recorded, and nothing else is ever signed in their place.
    ///
    /// The records must be **durable** before this is called: sync a log after opening it, since
    /// what was read may have been written and not synced before a crash. A torn last record is
    /// dropped by whoever reads the log.
    ///
    /// # Errors
    /// [`RecoverError`] when key and seat do not belong together, or when log and ledger do not.
    pub fn recover(
        config: Config,
        tip: Tip,
        log: impl IntoIterator<Item = LogRecord<P>>,
    ) -> Result<Self, RecoverError> {
        let mut replica = Self::bare(config, tip)?;
        for record in log {
            let (height, expected) = (record.height(), replica.tip.height.next());
            // L28
            if height < expected {
                continue;
            }
            if height > expected {
                let found = height;
                return Err(RecoverError::Gap { expected, found });
            }
            // L29
            replica
                .replay(record)
                .ok_or(RecoverError::Contradiction { height })?;
        }
        // L31
        let height = replica.tip.height;
        replica.resend_votes();
        replica.send(Recipients::All, Message::Status { height });
        replica.rearm();
        Ok(replica)
    }

    /// Takes one record of the height after the tip; `None` when it cannot be there.
    fn replay(&mut self, record: LogRecord<P>) -> Option<()> {
        match record {
            LogRecord::Prepared { pre_prepare, vote } => self.replay_prepared(pre_prepare, vote),
            LogRecord::Committed { prepared, vote } => self.replay_committed(&prepared, vote),
            LogRecord::Decided { certificate } => {
                let digest = self.current.own_prepare?.vote.ballot.digest;
                let proposal = self.current.candidate.take()?.pre_prepare.proposal;
                let decided = Decided {
                    proposal,
                    certificate,
                };
                (decided.certificate.ballot.digest == digest).then(|| self.replay_decided(decided))
            }
            LogRecord::Adopted(decided) => {
                let header = &decided.proposal.header;
                let fits = header.previous == self.tip.digest
                    && header.digest() == decided.certificate.ballot.digest;
                fits.then(|| self.replay_decided(decided))
            }
        }
    }

    fn replay_prepared(&mut self, pre_prepare: PrePrepare<P>, vote: Vote) -> Option<()> {
        let of_primary = pre_prepare.vote();
        let header = &pre_prepare.proposal.header;
        if self.current.own_prepare.is_some()
            || vote.ballot != of_primary.ballot
            || header.previous != self.tip.digest
        {
            return None;
        }
        let proposer = header.proposer;
        self.current.candidate = Some(Candidate {
            pre_prepare,
            ballot: vote.ballot,
            stage: Stage::Prepared,
        });
        self.current.own_prepare = Some(durable(vote));
        self.restore_vote(Phase::Prepare, proposer, of_primary);
        self.restore_vote(Phase::Prepare, self.config.replica, vote);
        Some(())
    }

    fn replay_committed(&mut self, prepared: &PreparedCertificate, vote: Vote) -> Option<()> {
        let own = self.current.own_prepare?.vote.ballot;
        if self.current.own_commit.is_some() || own != vote.ballot || own != prepared.ballot {
            return None;
        }
        for (voter, signature) in &prepared.votes {
            let prepare = Vote {
                ballot: prepared.ballot,
                signature: *signature,
            };
            self.restore_vote(Phase::Prepare, *voter, prepare);
        }
        self.current.own_commit = Some(durable(vote));
        self.restore_vote(Phase::Commit, self.config.replica, vote);
        Some(())
    }

    /// Line 30: the block goes to the ledger again.
    fn replay_decided(&mut self, decided: Decided<P>) {
        self.enter_next(&decided.proposal, decided.certificate.ballot.digest);
        self.hand_over(decided);
    }

    /// A vote that was verified before it was recorded.
    fn restore_vote(&mut self, phase: Phase, voter: ReplicaId, vote: Vote) {
        let tally = self.current.tally(phase);
        let _ = tally.cast(&self.config, &mut self.suspects, voter, vote, true);
    }
}

/// A recovered record has no position and is durable.
const fn durable(vote: Vote) -> OwnVote {
    OwnVote {
        vote,
        position: LogPosition(0),
    }
}
