//! The outcome of a run.

use std::collections::BTreeSet;

/// A property that every run must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Property {
    /// At each height one block is certified, and all ledgers hold it.
    OneBlock,
    /// Ledgers of equal heights have equal roots.
    EqualRoots,
    /// Every certificate and proof that a member gives is sound.
    Sound,
    /// A receipt that a client was given stays on the chain as it was.
    ReceiptStays,
    /// A transaction is ordered once at the most.
    OrderedOnce,
    /// A member votes for one block in a phase of a view, and remembers its commits.
    OneVote,
    /// A vote leaves once it is durable.
    DurableVote,
    /// A member that starts again has decided all that its votes rest on.
    NothingForgotten,
    /// A ledger verifies from the genesis.
    SoundLedger,
    /// A node starts from whatever a power cut leaves, and ends only when it is asked to.
    NodeRuns,
    /// A pool of waiting transactions keeps its bounds.
    BoundedPool,
    /// A member orders what it admitted, unless it falls.
    AdmittedOrdered,
    /// In the calm all members catch up and all orders are answered.
    GoesOn,
}

/// A property that a run broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The one that does not hold.
    pub property: Property,
    /// The member, height and values in question.
    pub what: String,
}

/// The moments at which a machine can lose its power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// Before a frame leaves.
    Send,
    /// In the midst of a write to the log.
    LogWrite,
    /// Before or after a sync of the log.
    LogSync,
    /// Before or after the log is replaced by a new file.
    LogReplace,
    /// Between two writes to the ledger.
    LedgerWrite,
    /// Before or after a sync of the ledger.
    LedgerSync,
    /// Before or after a secret is stored.
    Secret,
}

/// Sums over a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames on their way, lost ones included.
    pub frames: u64,
    /// Frames that got lost or were repeated.
    pub disturbed: u64,
    /// Power cuts of all machines.
    pub crashes: u64,
    /// Points at which machines lost their power.
    pub points: BTreeSet<Point>,
    /// Incidents that took or replaced files.
    pub losses: u64,
    /// Starts of nodes that succeeded.
    pub starts: u64,
    /// Receipts that clients verified.
    pub receipts: u64,
    /// Transactions that members admitted.
    pub admitted: u64,
    /// Submissions that were refused for want of room.
    pub refused: u64,
}

/// The outcome of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Digest of every step and frame: equal for equal seeds.
    pub trace: u64,
    /// Properties that were broken.
    pub violations: Vec<Violation>,
    /// The height that all honest ledgers have reached at the end.
    pub height: u64,
    /// Simulated milliseconds from the start to the end.
    pub simulated_ms: u64,
    /// Simulated milliseconds of the calm, until all work was done.
    pub settled_ms: u64,
    /// Sums over the run.
    pub counts: Counts,
    /// The steps in words, where the scenario asks for them.
    pub words: Option<Vec<String>>,
}
