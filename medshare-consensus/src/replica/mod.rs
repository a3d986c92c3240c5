//! The replica: its state, and the interface that needs no input.
//!
//! The numbers L1 to L66 in the children of this module are the lines of the pseudo-code in
//! `docs/spec/pbft.md`.

mod advance;
mod attest;
mod candidate;
mod changes;
mod early;
mod footprint;
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

pub use footprint::Footprint;
pub use recover::ReplayError;

use core::fmt;
use std::collections::{BTreeSet, VecDeque};

use medshare_types::attestation::Attestation;
use medshare_types::committee::Committee;
use medshare_types::hash::Digest;
use medshare_types::header::{BlockHeader, ExecutedRoots};
use medshare_types::id::{Height, ReplicaId, View};
use medshare_types::sign::SigningKey;
use medshare_types::time::Timestamp;

use crate::config::{Config, Seated, Tip};
use crate::io::{Effect, Output, Timer};
use crate::message::{Message, Recipients};
use crate::mutation::{Mutant, Mutation};
use crate::proposal::Payload;
use crate::record::ChainRecord;
use attest::OpenVotes;
use early::EarlyMessages;
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
    config: Seated,
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
    /// What the chain records up to the tip, or up to the block before those of `unrecorded`.
    record: ChainRecord,
    /// Decided blocks that are not recorded yet: the one before them is not executed.
    unrecorded: VecDeque<(BlockHeader, Vec<Attestation>)>,
    /// Messages of the epoch after this one.
    early: EarlyMessages<P>,
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
    fn at_tip(config: Config, tip: Tip) -> Result<Self, ReplayError> {
        let record = tip.record;
        if !record.knows(config.replica) {
            return Err(ReplayError::UnknownReplica {
                replica: config.replica,
            });
        }
        if tip.executed.height != tip.height {
            return Err(ReplayError::RootsOfAnotherHeight {
                tip: tip.height,
                executed: tip.executed.height,
            });
        }
        let recorded = record.tip();
        let is_genesis = tip.height == Height(0) && recorded.is_none();
        if (!is_genesis && recorded != Some((tip.height, tip.digest)))
            || record.learned() != tip.height
        {
            return Err(ReplayError::RecordOfAnotherBlock {
                tip: tip.height,
                recorded: recorded.map(|(height, _)| height),
            });
        }
        Ok(Self {
            config: Seated::new(config, record.mode(), record.committee().clone()),
            tip: Parent {
                height: tip.height,
                digest: tip.digest,
                time: tip.time,
                ordered: tip.ordered,
            },
            executed: tip.executed,
            current: Slot::new(),
            next: Slot::new(),
            suspects: BTreeSet::new(),
            exposed: BTreeSet::new(),
            record,
            unrecorded: VecDeque::new(),
            early: EarlyMessages::default(),
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

    /// The seat that proposes in the current view; while blocks wait for execution, that of an earlier
    /// height.
    #[must_use]
    pub fn primary(&self) -> ReplicaId {
        self.record.primary(self.current.view)
    }

    /// What the chain records up to the tip: credit, bans and committee. While blocks wait for
    /// execution, up to an earlier height.
    #[must_use]
    pub const fn record(&self) -> &ChainRecord {
        &self.record
    }

    /// The committee that orders the height after the tip.
    #[must_use]
    pub const fn committee(&self) -> &Committee {
        &self.config.committee
    }

    /// True when this replica has a seat in the committee, and its key: otherwise it follows and signs
    /// nothing.
    #[must_use]
    pub const fn is_seated(&self) -> bool {
        self.config.signing_key.is_some()
    }

    /// Adds a key that this replica registered for a later epoch. It must be durable: a committee may
    /// name it from now on.
    pub fn add_signing_key(&mut self, key: SigningKey) {
        self.config.add_key(key);
    }

    /// Forgets every key but that of the present seat. Call it once the key is of no more use: the
    /// epoch's last block and the own commit for it are durable, and the next committee names another.
    pub fn keep_signing_key_in_use(&mut self) {
        self.config.keep_key_in_use();
    }

    /// L63: the seat that proposes in a view of the height after the tip; `None` while the chain's
    /// record waits for execution.
    fn primary_of(&self, view: View) -> Option<ReplicaId> {
        self.unrecorded
            .is_empty()
            .then(|| self.record.primary(view))
    }

    /// Sends to `to`: all are the members of the committee.
    fn send(&mut self, to: Recipients, message: Message<P>) {
        let to = match to {
            Recipients::All if !self.record.seats_all() => {
                Recipients::Only(self.config.peers().collect())
            }
            to => to,
        };
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
