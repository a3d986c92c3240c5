//! The replica: its state, its inputs, its outputs.

mod advance;
mod handle;
mod outbox;
mod recover;
mod slot;
mod sync;
mod tally;

use std::collections::BTreeSet;

use medshare_types::certificate::{Ballot, Phase};
use medshare_types::hash::Digest;
use medshare_types::header::ExecutedRoots;
use medshare_types::id::{Height, ReplicaId, View};
use medshare_types::time::Timestamp;

use crate::config::{Config, Tip};
use crate::error::{RecoverError, Rejected};
use crate::io::{Input, Output, Timer};
use crate::message::{Authenticated, Message, Recipients, Vote};
use crate::proposal::Payload;
use crate::replica::outbox::Outbox;
use crate::replica::slot::Slot;
use crate::replica::sync::Peers;

/// One member's part in ordering blocks: a state machine without clock, network or disk.
///
/// Give it an [`Input`] with [`Replica::handle`], then drain [`Replica::poll_output`] to `None`
/// and do what it says, in that order.
pub struct Replica<P> {
    config: Config,
    view: View,
    /// The last decided block.
    tip: Link,
    /// The roots of the last executed block, at or below the tip.
    executed: ExecutedRoots,
    /// The height after the tip.
    current: Slot<P>,
    /// The height after that, kept because others may decide a little earlier.
    next: Slot<P>,
    /// Senders of bad signatures; their votes are verified on arrival.
    suspects: BTreeSet<ReplicaId>,
    peers: Peers,
    outbox: Outbox<P>,
}

/// What the next block has to follow from.
#[derive(Clone, Copy)]
struct Link {
    height: Height,
    digest: Digest,
    time: Timestamp,
}

impl<P: Payload> Replica<P> {
    /// A replica with an empty log. `tip` is where its ledger stands; see [`Tip::genesis`].
    ///
    /// # Errors
    /// As [`Replica::recover`].
    pub fn new(config: Config, tip: Tip) -> Result<Self, RecoverError> {
        Self::recover(config, tip, [])
    }

    /// A replica that nobody has heard of yet and that has sent nothing.
    fn bare(config: Config, tip: Tip) -> Result<Self, RecoverError> {
        let key = config.signing_key.verifying_key();
        let seat = config.committee.member(config.replica);
        if seat.is_none_or(|member| member.key != key) {
            return Err(RecoverError::NotTheMember {
                replica: config.replica,
            });
        }
        if tip.executed.height != tip.height {
            return Err(RecoverError::RootsOfAnotherHeight {
                tip: tip.height,
                executed: tip.executed.height,
            });
        }
        Ok(Self {
            config,
            view: View(0),
            tip: Link {
                height: tip.height,
                digest: tip.digest,
                time: tip.time,
            },
            executed: tip.executed,
            current: Slot::new(),
            next: Slot::new(),
            suspects: BTreeSet::new(),
            peers: Peers::default(),
            outbox: Outbox::new(),
        })
    }

    /// Takes one input. `now` is the wall clock, in UTC; it judges proposals and nothing else.
    ///
    /// # Errors
    /// [`Rejected`] says why the input, or the proposal that waited for it, was refused. The
    /// replica goes on; outputs may be there all the same.
    pub fn handle(&mut self, now: Timestamp, input: Input<P>) -> Result<(), Rejected> {
        match input {
            Input::Request(payload) => self.on_request(now, payload),
            Input::Message(Authenticated { sender, message }) => {
                self.on_message(now, sender, message)
            }
            Input::Validated { digest, verdict } => self.on_validated(&digest, verdict),
            Input::Persisted(position) => self.on_persisted(position),
            Input::Executed { roots } => self.on_executed(roots),
            Input::Timer(Timer::Resend) => {
                self.on_resend(now);
                Ok(())
            }
        }
    }

    fn on_message(
        &mut self,
        now: Timestamp,
        sender: ReplicaId,
        message: Message<P>,
    ) -> Result<(), Rejected> {
        if sender == self.config.replica || self.config.committee.member(sender).is_none() {
            return Err(Rejected::UnknownSender { sender });
        }
        match message {
            Message::PrePrepare(pre_prepare) => self.on_pre_prepare(now, sender, pre_prepare),
            Message::Prepare(vote) => self.on_vote(sender, Phase::Prepare, vote),
            Message::Commit(vote) => self.on_vote(sender, Phase::Commit, vote),
            Message::Decided(decided) => self.on_decided(sender, decided),
            Message::Fetch { from } => {
                self.on_fetch(sender, from);
                Ok(())
            }
            Message::Status { height } => {
                self.on_status(sender, height);
                Ok(())
            }
        }
    }

    /// The next thing to do. After every [`Replica::handle`], call it until it says `None`.
    ///
    /// The order is binding. What others can see (a message, a commit, evidence) is held back
    /// until every record written before it is reported durable.
    pub fn poll_output(&mut self) -> Option<Output<P>> {
        self.outbox.poll()
    }

    /// The last decided height; its [`Output::Commit`] may still wait for the log.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.tip.height
    }

    /// The current view.
    #[must_use]
    pub const fn view(&self) -> View {
        self.view
    }

    /// Who proposes in the current view.
    #[must_use]
    pub fn primary(&self) -> ReplicaId {
        self.config.primary(self.view)
    }

    fn send(&mut self, to: Recipients, message: Message<P>) {
        self.outbox.push_gated(Output::Send { to, message });
    }

    fn sign(&self, ballot: Ballot, phase: Phase) -> Vote {
        Vote::sign(&self.config.chain, ballot, phase, &self.config.signing_key)
    }

    /// Puts off the next re-send: something has just been sent or decided.
    fn rearm(&mut self) {
        self.outbox.push_at_once(Output::SetTimer {
            timer: Timer::Resend,
            after_ms: self.config.resend_ms,
        });
    }
}
