//! Inputs and outputs of a replica.

use medshare_types::certificate::CommitCertificate;
use medshare_types::hash::Digest;
use medshare_types::header::ExecutedRoots;
use medshare_types::id::{Height, ReplicaId};
use medshare_types::time::Timestamp;

use crate::evidence::Evidence;
use crate::log_record::{LogPosition, LogRecord};
use crate::message::{Authenticated, Message, Recipients};
use crate::proposal::Proposal;
use crate::record::ChainFact;

/// The clocks of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The wall clock in UTC: makes and judges the times of proposals, and nothing else.
    pub wall: Timestamp,
    /// Milliseconds on a clock that is never put back, from any start: measures durations.
    pub monotonic_ms: u64,
}

/// An event that the node reports.
#[allow(
    clippy::large_enum_variant,
    reason = "inputs are handed over one at a time and never collected"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input<P> {
    /// Whether requests wait that every honest primary could take now. While some do, the primary
    /// has to propose in time.
    Waiting(bool),
    /// The next payload, for the primary to propose. Ask [`crate::Replica::may_propose`] first.
    Request(P),
    /// A message of another member.
    Message(Authenticated<Message<P>>),
    /// The answer to [`Effect::Validate`].
    Validated {
        /// Digest of the proposal's header.
        digest: Digest,
        /// The application's judgement of the payload.
        verdict: Verdict,
    },
    /// Every record up to and including this position is durable.
    Persisted(LogPosition),
    /// A committed block is executed; heights ascend without gaps.
    Executed {
        /// The roots after the block.
        roots: ExecutedRoots,
        /// What its transactions told of organisations.
        facts: Vec<ChainFact>,
    },
    /// A timer fired. One that fires early costs at most a view, never safety.
    Timer(Timer),
}

/// The application's judgement of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The payload may be committed.
    Valid,
    /// This replica does not prepare the payload.
    Invalid,
    /// The application cannot judge yet; the replica asks again at the next tick.
    Deferred,
}

/// The timers of a replica; each runs at most once at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// Sends again whatever may be lost.
    Resend,
    /// An idle chain is due for a block.
    Heartbeat,
    /// The primary of the current view had its time.
    View,
    /// A primary of the current height had half of its time.
    Late,
}

/// The next step of the node; steps are taken in the order given.
///
/// A record is not an [`Effect`]: code that carries out effects cannot append a vote to the log
/// without the sync that has to follow.
#[allow(
    clippy::large_enum_variant,
    reason = "outputs are handed over one at a time and never collected"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Output<P> {
    /// Append the record to the log. Where it [is a vote](LogRecord::is_vote), sync, then report
    /// [`Input::Persisted`]; others are synced together with the next vote. One sync may cover
    /// several records. A failed sync ends the replica; another recovers from what was durable
    /// before.
    Persist {
        /// Position to report with [`Input::Persisted`].
        position: LogPosition,
        /// Record to append, in its wire encoding.
        record: LogRecord<P>,
    },
    /// Act outside the log.
    Effect(Effect<P>),
}

/// An action outside the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Effect<P> {
    /// Ask the application about a payload; it answers with [`Input::Validated`].
    Validate(Proposal<P>),
    /// Start a timer, replacing the running one of the same kind.
    SetTimer {
        /// Timer to report when it fires.
        timer: Timer,
        /// Milliseconds from now on a monotonic clock.
        after_ms: u64,
    },
    /// Stop a timer, which need not run.
    CancelTimer(Timer),
    /// Send a message over authenticated channels, best effort.
    Send {
        /// Members to send it to, never this replica.
        to: Recipients,
        /// Message to send in its wire encoding.
        message: Message<P>,
    },
    /// Append the final block to the ledger, execute it, then report [`Input::Executed`].
    ///
    /// Heights ascend without gaps. A node whose own roots of the height before differ from
    /// `header.executed` has diverged and must stop.
    Commit {
        /// The block, which may not be the one prepared here.
        proposal: Proposal<P>,
        /// A quorum's commits for it.
        certificate: CommitCertificate,
    },
    /// A member provably broke the protocol.
    Misbehaviour(Evidence),
    /// Send each ledger block in `from..=until` to a member that is behind, as
    /// [`Message::Decided`].
    Serve {
        /// The member that asked.
        to: ReplicaId,
        /// First height, at least 1.
        from: Height,
        /// Last height, at most the tip.
        until: Height,
    },
}
