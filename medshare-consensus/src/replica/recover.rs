//! L28 to L31, L32: a replica comes back from its ledger and its log.

use medshare_types::certificate::Phase;
use medshare_types::id::{Height, ReplicaId};

use super::Replica;
use super::loss::Loss;
use super::slot::{Candidate, OwnVote, Stage};
use crate::config::{Config, Tip};
use crate::log_record::{LogPosition, LogRecord, PreparedCertificate};
use crate::message::{Decided, LossId, Message, PrePrepare, Recipients, Vote};
use crate::proposal::Payload;

/// Why a replica cannot start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The seat does not exist or belongs to another key.
    #[error("the signing key is not that of seat {replica}")]
    NotTheMember {
        /// The seat configured.
        replica: ReplicaId,
    },
    /// The ledger's roots are not those of its tip.
    #[error("ledger tip {tip} with roots of height {executed}")]
    RootsOfAnotherHeight {
        /// The ledger's last height.
        tip: Height,
        /// The height of the roots given.
        executed: Height,
    },
    /// Records are missing between the ledger's tip and the log's next height.
    #[error("the log goes on at height {found}, expected {expected}")]
    Gap {
        /// The height after the tip.
        expected: Height,
        /// The height of the record.
        found: Height,
    },
    /// The records of a height contradict each other or the ledger.
    #[error("the records of height {height} contradict each other or the ledger")]
    Contradiction {
        /// The height of the first record that cannot follow from those before it.
        height: Height,
    },
}

impl<P: Payload> Replica<P> {
    /// Restores a replica from the durable tip of its ledger and the records of its log.
    ///
    /// Records at or below the ledger's tip may be there or be cut. Blocks that the log holds
    /// above the tip come out as [`crate::Effect::Commit`] again. Undecided votes are sent again
    /// as they were recorded, and the replica signs no other vote in their place.
    ///
    /// The records must be **durable** before this is called: sync a log after opening it, since
    /// records may have been written and not synced before a crash. The reader of the log drops a
    /// torn last record.
    ///
    /// # Errors
    /// [`ReplayError`] when key and seat do not belong together, or when log and ledger do not.
    pub fn recover(
        config: Config,
        tip: Tip,
        log: impl IntoIterator<Item = LogRecord<P>>,
    ) -> Result<Self, ReplayError> {
        Self::recover_with(config, tip, log, None)
    }

    /// As [`Self::recover`], for a member whose log is not the one that it last wrote: gone, cut
    /// short, copied or restored from a backup. `log` holds what was written since.
    ///
    /// The replica signs nothing until enough members have told how far the lost votes may reach,
    /// and nothing at those heights then; see [`Self::is_lost`]. The mark of the loss must be
    /// durable before this is called, and stay until the loss is over.
    ///
    /// # Errors
    /// As [`Self::recover`].
    pub fn recover_lost(
        config: Config,
        tip: Tip,
        log: impl IntoIterator<Item = LogRecord<P>>,
        loss: LossId,
    ) -> Result<Self, ReplayError> {
        Self::recover_with(config, tip, log, Some(Loss::new(loss)))
    }

    fn recover_with(
        config: Config,
        tip: Tip,
        log: impl IntoIterator<Item = LogRecord<P>>,
        loss: Option<Loss>,
    ) -> Result<Self, ReplayError> {
        let mut replica = Self::at_tip(config, tip)?;
        replica.loss = loss;
        for record in log {
            let height = record.height();
            let expected = replica.tip.height.next();
            // L28
            if height < expected {
                continue;
            }
            if height > expected {
                return Err(ReplayError::Gap {
                    expected,
                    found: height,
                });
            }
            // L29
            replica
                .replay(record)
                .ok_or(ReplayError::Contradiction { height })?;
        }
        // L31
        let height = replica.tip.height;
        replica.resend_votes();
        replica.send(Recipients::All, Message::Status { height });
        // L32
        replica.ask_for_lost_votes();
        replica.restart_timer();
        Ok(replica)
    }

    /// Applies a record of the height after the tip; `None` when it cannot follow from those before
    /// it.
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
        self.count_verified(Phase::Prepare, proposer, of_primary);
        self.count_verified(Phase::Prepare, self.config.replica, vote);
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
            self.count_verified(Phase::Prepare, *voter, prepare);
        }
        self.current.own_commit = Some(durable(vote));
        self.count_verified(Phase::Commit, self.config.replica, vote);
        Some(())
    }

    /// L30: delivers the block to the ledger again.
    fn replay_decided(&mut self, decided: Decided<P>) {
        self.enter_next(&decided.proposal, decided.certificate.ballot.digest);
        self.deliver(decided);
    }
}

/// A recovered record has no position and is durable.
const fn durable(vote: Vote) -> OwnVote {
    OwnVote {
        vote,
        position: LogPosition(0),
    }
}
