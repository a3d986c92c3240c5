//! Properties that a run can break.

use medshare_consensus::ReplayError;
use medshare_types::id::{Height, ReplicaId};
use medshare_types::wire::DecodeError;

use crate::checker::Fault;

/// A property that a run broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// An honest member holds more of others' messages than its committee allows.
    TooMuchMemory {
        /// The member in question.
        member: ReplicaId,
        /// What it holds too much of.
        what: &'static str,
        /// How many it holds.
        held: usize,
        /// How many it may hold.
        bound: usize,
    },
    /// Two honest members committed different blocks.
    Disagreement {
        /// The height of both blocks.
        height: Height,
    },
    /// A committed block does not follow from the one before.
    BrokenChain {
        /// The member that committed it.
        member: ReplicaId,
        /// Height of the block in question.
        height: Height,
        /// The field or rule that is broken.
        what: &'static str,
    },
    /// An honest member sent or committed before the record behind it was durable.
    NotDurable {
        /// The member that acted too early.
        member: ReplicaId,
        /// The height of the vote or block.
        height: Height,
    },
    /// An honest member voted for two blocks in one phase of one height.
    TwoVotes {
        /// The member that voted twice.
        member: ReplicaId,
        /// The height of both votes.
        height: Height,
    },
    /// An honest member recorded a vote in a view that it had given up.
    VoteAfterViewChange {
        /// The member that voted.
        member: ReplicaId,
        /// The height of the vote.
        height: Height,
    },
    /// An honest member gave up a view without the certificate behind its commit.
    ForgottenCommit {
        /// The member that forgot.
        member: ReplicaId,
        /// The height of the commit.
        height: Height,
    },
    /// An honest member prepared another block than one that f Byzantine members could have had
    /// decided in an earlier view.
    BrokenLock {
        /// The member that prepared.
        member: ReplicaId,
        /// The height of the prepare.
        height: Height,
    },
    /// A block that every application refuses was committed.
    InvalidPayload {
        /// The member that committed it.
        member: ReplicaId,
        /// Height of the refused block.
        height: Height,
    },
    /// A primary has more time than the heights before justify.
    LongTimer {
        /// The member whose timer it is.
        member: ReplicaId,
        /// The time that it gives the primary, milliseconds.
        after_ms: u64,
    },
    /// Evidence names an honest member, or does not prove what it claims.
    FalseEvidence {
        /// The seat that the evidence names.
        culprit: ReplicaId,
    },
    /// Two honest members have different records of one chain.
    DifferentRecord {
        /// The member that differs from the first.
        member: ReplicaId,
        /// The height of their tips.
        height: Height,
    },
    /// The log of the run breaks a rule.
    BrokenRule(Fault),
    /// The log of the run does not decode.
    UnreadableLog {
        /// The error that decoding gave.
        error: DecodeError,
    },
    /// The chain says that an honest member lost its turn, when all messages came in time.
    HonestBlamed {
        /// The member that is blamed.
        member: ReplicaId,
        /// The height of the turn.
        height: Height,
    },
    /// A replica could not recover from a sound disk.
    NoRecovery {
        /// The member that stays down.
        member: ReplicaId,
        /// The error that the replica gave.
        error: ReplayError,
    },
}
