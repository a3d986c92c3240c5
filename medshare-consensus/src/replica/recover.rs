//! L42 to L46: a replica comes back from its ledger and its log.

use core::fmt;

use medshare_types::certificate::Phase;
use medshare_types::id::{Height, ReplicaId};

use super::Replica;
use super::loss::Loss;
use super::slot::{Candidate, OwnChange, OwnVote, Stage, Wanted};
use crate::config::{Config, Tip};
use crate::log_record::{LogPosition, LogRecord};
use crate::message::{Decided, LossId, Message, Recipients};
use crate::mutation::{Mutant, Mutation};
use crate::proposal::{Payload, Proposal};
use crate::view_change::{Opening, PreparedCertificate, ViewChange};
use crate::vote::Vote;

/// Why a replica cannot start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The chain has no such organisation.
    #[error("the chain has no organisation {replica}")]
    UnknownReplica {
        /// Number that the configuration names.
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
    /// The record of votes and credit is not that of the ledger's tip.
    #[error("ledger tip {tip} with a record that ends with {}", Ended(*recorded))]
    RecordOfAnotherBlock {
        /// The ledger's last height.
        tip: Height,
        /// The last height recorded; `None` for an empty record.
        recorded: Option<Height>,
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

/// The end of a record, in words.
struct Ended(Option<Height>);

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(height) => write!(f, "another block, of height {height}"),
            None => f.write_str("the genesis"),
        }
    }
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
    /// [`ReplayError`] when the chain does not know the organisation, or when log and ledger do not
    /// belong together.
    pub fn recover(
        config: Config,
        tip: Tip,
        log: impl IntoIterator<Item = LogRecord<P>>,
    ) -> Result<Self, ReplayError> {
        Self::recover_with(config, tip, log, None, Mutation::default())
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
        Self::recover_with(config, tip, log, Some(Loss::new(loss)), Mutation::default())
    }

    /// As [`Self::recover`], or [`Self::recover_lost`] where there is a loss, with a deliberate
    /// fault.
    ///
    /// # Errors
    /// As [`Self::recover`].
    #[cfg(feature = "mutants")]
    pub fn recover_mutant(
        config: Config,
        tip: Tip,
        log: impl IntoIterator<Item = LogRecord<P>>,
        loss: Option<LossId>,
        mutant: Mutant,
    ) -> Result<Self, ReplayError> {
        let loss = loss.map(Loss::new);
        Self::recover_with(config, tip, log, loss, Mutation::of(mutant))
    }

    fn recover_with(
        config: Config,
        tip: Tip,
        log: impl IntoIterator<Item = LogRecord<P>>,
        loss: Option<Loss>,
        mutation: Mutation,
    ) -> Result<Self, ReplayError> {
        let mut replica = Self::at_tip(config, tip)?;
        replica.mutation = mutation;
        replica.loss = loss;
        for record in log {
            let height = record.height();
            let expected = replica.tip.height.next();
            // L42
            if height < expected {
                continue;
            }
            if height > expected {
                return Err(ReplayError::Gap {
                    expected,
                    found: height,
                });
            }
            // L43
            replica
                .replay(record)
                .ok_or(ReplayError::Contradiction { height })?;
        }
        // L46
        let height = replica.tip.height;
        replica.resend_votes();
        replica.send(Recipients::All, Message::Status { height });
        // L47
        replica.ask_for_lost_votes();
        replica.restart_timer();
        Ok(replica)
    }

    /// Applies a record of the height after the tip; `None` when it cannot follow from those before
    /// it.
    fn replay(&mut self, record: LogRecord<P>) -> Option<()> {
        match record {
            LogRecord::Prepared {
                vote,
                proposal,
                opening,
            } => self.replay_prepared(vote, proposal, opening),
            LogRecord::Committed {
                prepared,
                vote,
                proposal,
            } => self.replay_committed(prepared, vote, proposal),
            LogRecord::ViewChanged(change) => self.replay_view_change(change),
            LogRecord::Decided { certificate } => {
                let proposal = self.current.block(&certificate.ballot.digest)?.clone();
                self.replay_decided(Decided {
                    proposal,
                    certificate,
                });
                Some(())
            }
            LogRecord::Adopted(decided) => {
                let header = &decided.proposal.header;
                let fits = header.previous == self.tip.digest
                    && header.digest() == decided.certificate.ballot.digest;
                fits.then(|| self.replay_decided(decided))
            }
            // L44
            LogRecord::Late(vote) => {
                self.keep_own_late(vote);
                Some(())
            }
        }
    }

    /// L44: a prepare, in no view below those of the records before.
    fn replay_prepared(
        &mut self,
        vote: Vote,
        proposal: Proposal<P>,
        opening: Option<Opening>,
    ) -> Option<()> {
        let view = vote.ballot.view;
        let prepared = self.current.own_prepare;
        let again = prepared.is_some_and(|own| own.vote.ballot.view >= view);
        let fits =
            vote.ballot == proposal.ballot_in(view) && proposal.header.previous == self.tip.digest;
        if view < self.current.view || again || !fits {
            return None;
        }
        if self.forgets_prepare(&proposal) {
            let mut wanted = Wanted::of([]);
            let digest = vote.ballot.digest;
            wanted.block = (!self.mutation.is(Mutant::PreparedBlockLost)).then_some(proposal);
            self.current.wanted.insert(digest, wanted);
            return Some(());
        }
        self.current.enter(view);
        self.current.candidate = Some(Candidate {
            proposal: proposal.clone(),
            ballot: vote.ballot,
            stage: Stage::Prepared,
            opening: opening.clone(),
        });
        self.current.accepted = Some(proposal);
        self.current.opening = opening;
        self.current.own_prepare = Some(durable(vote));
        self.count_verified(Phase::Prepare, self.config.replica, vote);
        Some(())
    }

    /// True where a deliberate fault forgets a recorded prepare.
    fn forgets_prepare(&self, proposal: &Proposal<P>) -> bool {
        let own = proposal.header.proposer == self.config.replica;
        self.mutation.is(Mutant::PreparedBlockLost)
            || self.mutation.is(Mutant::PrepareForgotten) && !own
            || self.mutation.is(Mutant::ProposesAnew) && own
    }

    /// L44: a commit with its certificate, likewise.
    fn replay_committed(
        &mut self,
        prepared: PreparedCertificate,
        vote: Vote,
        proposal: Option<Proposal<P>>,
    ) -> Option<()> {
        let ballot = vote.ballot;
        let committed = self.current.own_commit;
        let again = committed.is_some_and(|own| own.vote.ballot.view >= ballot.view);
        if ballot.view < self.current.view || again || prepared.ballot != ballot {
            return None;
        }
        let block = match proposal {
            Some(block) => (block.ballot_in(ballot.view) == ballot).then_some(block)?,
            None => self.current.block(&ballot.digest)?.clone(),
        };
        if self.mutation.is(Mutant::CommitForgotten) {
            let mut wanted = Wanted::of([]);
            wanted.block = Some(block);
            self.current.wanted.insert(ballot.digest, wanted);
            return Some(());
        }
        self.current.enter(ballot.view);
        for (voter, signature) in &prepared.votes {
            let prepare = Vote {
                ballot,
                signature: *signature,
            };
            self.count_verified(Phase::Prepare, *voter, prepare);
        }
        self.current.prepared = Some((prepared, block));
        self.current.own_commit = Some(durable(vote));
        self.count_verified(Phase::Commit, self.config.replica, vote);
        Some(())
    }

    /// L44: a view change, into a later view than any before.
    fn replay_view_change(&mut self, change: ViewChange) -> Option<()> {
        let view = change.vote.view;
        if view <= self.current.view {
            return None;
        }
        self.current.enter(view);
        self.current
            .changes
            .keep(self.config.replica, change.clone());
        self.current.own_change = Some(OwnChange {
            change,
            position: LogPosition(0),
        });
        Some(())
    }

    /// L45: delivers the block to the ledger again.
    fn replay_decided(&mut self, decided: Decided<P>) {
        self.keep_votes_of_decided(&decided.certificate);
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
