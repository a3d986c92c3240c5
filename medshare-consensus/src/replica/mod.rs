//! The replica: its state, and the interface that needs no input.
//!
//! The numbers L1 to L64 in the children of this module are the lines of the pseudo-code in
//! `docs/spec/pbft.md`.

mod advance;
mod attest;
mod candidate;
mod changes;
mod handle;
mod late;
mod loss;
mod new_view;
mod outbox;
mod pacing;
mod recover;
mod route;
mod serving;
mod slot;
#[cfg(test)]
mod stage_table;
mod sync;
mod tally;
mod timeliness;
mod votes;
mod wanted;

pub use recover::ReplayError;

use core::fmt;
use std::collections::BTreeSet;

use medshare_types::hash::Digest;
use medshare_types::header::ExecutedRoots;
use medshare_types::id::{Height, ReplicaId, View};
use medshare_types::time::Timestamp;

use crate::config::{Config, Tip};
use crate::io::{Effect, Output, Timer};
use crate::message::{Message, Recipients};
use crate::mutation::{Mutant, Mutation};
use crate::proposal::Payload;
use crate::record::ChainRecord;
use crate::turns::first_proposer;
use attest::OpenVotes;
use loss::Loss;
use outbox::Outbox;
use pacing::Pacing;
use serving::ServingLimits;
use slot::Slot;
use sync::SyncState;

/// One seat's part in ordering blocks: a state machine without clock, network or disk.
///
/// Give it an [`crate::Input`] with [`Replica::handle`], then drain [`Replica::poll_output`] to
/// `None` and carry out each output in that order.
pub struct Replica<P> {
    config: Config,
    /// The last decided block.
    tip: Parent,
    /// The roots of the last executed block, at or below the tip.
    executed: ExecutedRoots,
    /// The height after the tip.
    current: Slot<P>,
    /// The height after `current`, kept because other members may decide a little earlier.
    next: Slot<P>,
    /// Senders of bad signatures; their votes are verified on arrival.
    suspects: BTreeSet<ReplicaId>,
    /// Members and undecided heights for which evidence was put out.
    exposed: BTreeSet<(ReplicaId, Height)>,
    /// What the blocks up to the tip recorded.
    record: ChainRecord,
    /// Votes for decided heights, for blocks to record.
    open_votes: OpenVotes,
    pacing: Pacing,
    sync: SyncState,
    serving: ServingLimits,
    /// Present while votes that are lost may reach above the tip.
    loss: Option<Loss>,
    outbox: Outbox<P>,
    /// A deliberate fault, in tests only.
    mutation: Mutation,
}

/// The decided block that the next one must follow from.
#[derive(Clone, Copy, Debug)]
struct Parent {
    height: Height,
    digest: Digest,
    time: Timestamp,
    /// The seat after which turns go on.
    proposer: ReplicaId,
    /// True when the block's roots wait for the next block.
    ordered: bool,
}

impl<P: Payload> Replica<P> {
    /// A replica with an empty log. `tip` is the state of its ledger; see [`Tip::genesis`].
    ///
    /// # Errors
    /// As [`Replica::recover`].
    pub fn new(config: Config, tip: Tip) -> Result<Self, ReplayError> {
        Self::recover(config, tip, [])
    }

    /// A replica on `tip` that has replayed no record and queued no output.
    fn at_tip(config: Config, mut tip: Tip) -> Result<Self, ReplayError> {
        let key = config.signing_key.verifying_key();
        let member = config.committee.member(config.replica);
        if member.is_none_or(|member| member.key != key) {
            return Err(ReplayError::NotTheMember {
                replica: config.replica,
            });
        }
        if tip.executed.height != tip.height {
            return Err(ReplayError::RootsOfAnotherHeight {
                tip: tip.height,
                executed: tip.executed.height,
            });
        }
        let recorded = tip.record.tip();
        let is_genesis = tip.height == Height(0) && recorded.is_none();
        if !is_genesis && recorded != Some((tip.height, tip.digest)) {
            return Err(ReplayError::RecordOfAnotherBlock {
                tip: tip.height,
                recorded: recorded.map(|(height, _)| height),
            });
        }
        if is_genesis {
            tip.record.set_mode(config.mode);
        }
        if tip.record.mode() != config.mode {
            return Err(ReplayError::RecordOfAnotherMode {
                recorded: tip.record.mode(),
            });
        }
        let proposer = tip.proposer.unwrap_or(first_proposer(&config.committee));
        Ok(Self {
            config,
            tip: Parent {
                height: tip.height,
                digest: tip.digest,
                time: tip.time,
                proposer,
                ordered: tip.ordered,
            },
            executed: tip.executed,
            current: Slot::new(),
            next: Slot::new(),
            suspects: BTreeSet::new(),
            exposed: BTreeSet::new(),
            record: tip.record,
            open_votes: OpenVotes::default(),
            pacing: Pacing::default(),
            sync: SyncState::default(),
            serving: ServingLimits::default(),
            loss: None,
            outbox: Outbox::new(),
            mutation: Mutation::default(),
        })
    }

    /// The next output. After every [`Replica::handle`], call it until it returns `None`.
    ///
    /// The order is binding. Effects that others can see (a message, a commit, evidence) are held
    /// back until every vote written before them is reported durable.
    pub fn poll_output(&mut self) -> Option<Output<P>> {
        self.outbox.poll()
    }

    /// The last decided height; its [`Effect::Commit`] may still wait for the log.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.tip.height
    }

    /// The view of the height after the last decided one.
    #[must_use]
    pub const fn view(&self) -> View {
        self.current.view
    }

    /// The seat that proposes in the current view.
    #[must_use]
    pub fn primary(&self) -> ReplicaId {
        self.primary_of(self.current.view)
    }

    /// What the blocks up to the tip recorded: credit and bans of every seat.
    #[must_use]
    pub const fn record(&self) -> &ChainRecord {
        &self.record
    }

    /// L63: the seat that proposes in a view of the height after the tip.
    fn primary_of(&self, view: View) -> ReplicaId {
        let committee = &self.config.committee;
        self.record
            .primary_after(committee, self.tip.proposer, view)
    }

    fn send(&mut self, to: Recipients, message: Message<P>) {
        let send = Effect::Send { to, message };
        if self.mutation.is(Mutant::VoteBeforeSync) {
            self.outbox.push_at_once(send);
        } else {
            self.outbox.push_gated(send);
        }
    }

    /// Postpones the next re-send: a message was just sent or a block decided.
    fn restart_timer(&mut self) {
        self.outbox.push_at_once(Effect::SetTimer {
            timer: Timer::Resend,
            after_ms: self.config.resend_ms,
        });
    }
}

impl<P> fmt::Debug for Replica<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replica")
            .field("seat", &self.config.replica)
            .field("view", &self.current.view)
            .field("tip", &self.tip)
            .field("executed", &self.executed.height)
            .field("suspects", &self.suspects)
            .finish_non_exhaustive()
    }
}
