//! What goes into a replica and what comes out.

use medshare_types::certificate::CommitCertificate;
use medshare_types::hash::Digest;
use medshare_types::header::ExecutedRoots;
use medshare_types::id::{Height, ReplicaId};

use crate::evidence::Evidence;
use crate::log_record::{LogPosition, LogRecord};
use crate::message::{Authenticated, Message, Recipients};
use crate::proposal::Proposal;

/// Something that happened outside.
// Inputs are handed over one at a time and never collected, so their size costs nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input<P> {
    /// The next batch, for the primary to propose. Ask [`crate::Replica::may_propose`] first.
    Request(P),
    /// A message of another member.
    Message(Authenticated<Message<P>>),
    /// The answer to [`Output::Validate`].
    Validated {
        /// The header's digest.
        digest: Digest,
        /// What the application says.
        verdict: Verdict,
    },
    /// Every record up to and including this position is durable.
    Persisted(LogPosition),
    /// A committed block is executed; heights come in order.
    Executed {
        /// The roots after it.
        roots: ExecutedRoots,
    },
    /// A timer fired. One that was replaced or never set does no harm.
    Timer(Timer),
}

/// What the application says about a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may be committed.
    Valid,
    /// It must not be.
    Invalid,
    /// It cannot be judged yet; the replica asks again.
    Deferred,
}

/// The timers of a replica, one of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// Send again what may be lost.
    Resend,
}

/// Something the node has to do, in the order given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Output<P> {
    /// Append the record to the log, sync, then report [`Input::Persisted`]. Several may be
    /// covered by one sync. A failed sync ends the process.
    Persist {
        /// Its position.
        position: LogPosition,
        /// What to append.
        record: LogRecord<P>,
    },
    /// Ask the application about a payload.
    Validate(Proposal<P>),
    /// Start a timer, replacing the one of the same kind.
    SetTimer {
        /// Which.
        timer: Timer,
        /// Milliseconds from now on a monotonic clock.
        after_ms: u64,
    },
    /// Send a message.
    Send {
        /// To whom.
        to: Recipients,
        /// What.
        message: Message<P>,
    },
    /// Execute a block that is final, and report [`Input::Executed`].
    ///
    /// Heights come in order. A node whose own roots of the height before differ from
    /// `header.executed` has gone astray and must stop.
    Commit {
        /// The block.
        proposal: Proposal<P>,
        /// The proof that it is final.
        certificate: CommitCertificate,
    },
    /// A member is proven to misbehave.
    Misbehaviour(Evidence),
    /// Send each ledger block in `[from, until]` to a member that is behind, as
    /// [`Message::Decided`].
    Serve {
        /// Who is behind.
        to: ReplicaId,
        /// The first height.
        from: Height,
        /// The last height.
        until: Height,
    },
}
