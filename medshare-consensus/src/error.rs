//! Why an input is refused, a log cannot be recovered, or evidence proves nothing.

use medshare_types::certificate::CertificateError;
use medshare_types::id::{Epoch, Height, ReplicaId, View};
use medshare_types::sign::BadSignature;
use medshare_types::time::Timestamp;

use crate::log_record::LogPosition;
use crate::proposal::MAX_PAYLOAD_LEN;

/// Why an input, or a proposal that waited for it, was refused. The replica stays usable; where a
/// member is named, the fault is that member's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejected {
    /// A request on a backup: hand it to the primary.
    #[error("replica {primary} is the primary")]
    NotPrimary {
        /// Who may propose.
        primary: ReplicaId,
    },
    /// The height's proposal is made and not yet decided.
    #[error("height {height} is in flight")]
    InFlight {
        /// The undecided height.
        height: Height,
    },
    /// Execution lags behind: this height has to be reported first.
    #[error("height {height} is not executed yet")]
    NotExecuted {
        /// The height that lacks roots.
        height: Height,
    },
    /// The clock has not passed the parent's time.
    #[error("the clock has not reached {earliest}")]
    ClockBehind {
        /// When a proposal becomes possible.
        earliest: Timestamp,
    },
    /// The payload could not be decoded by others.
    #[error("payload of {length} bytes where at most {limit} are allowed")]
    PayloadTooLong {
        /// Encoded bytes.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The sender has no seat, or is this replica itself.
    #[error("replica {sender} is no other member")]
    UnknownSender {
        /// Who it claims to be.
        sender: ReplicaId,
    },
    /// A pre-prepare of somebody who may not propose.
    #[error("replica {sender} proposes and is not the primary")]
    NotThePrimary {
        /// Who sent it.
        sender: ReplicaId,
    },
    /// A message of another epoch or view.
    #[error("replica {sender} votes in epoch {epoch}, view {view}")]
    WrongView {
        /// Who sent it.
        sender: ReplicaId,
        /// The epoch named.
        epoch: Epoch,
        /// The view named.
        view: View,
    },
    /// A message for a height too far above this replica's own to be kept.
    #[error("replica {sender} is at height {height}, too far ahead")]
    TooFarAhead {
        /// Who sent it.
        sender: ReplicaId,
        /// The height named.
        height: Height,
    },
    /// A signature that is not its sender's.
    #[error("a signature of replica {sender} does not verify")]
    BadSignature {
        /// Who sent it.
        sender: ReplicaId,
    },
    /// Two different votes for one place; evidence is among the outputs when it is the first time.
    #[error("replica {sender} voted twice for height {height}")]
    Equivocation {
        /// Who sent both.
        sender: ReplicaId,
        /// The place.
        height: Height,
    },
    /// A proposal that can never be accepted at this height.
    #[error("proposal of replica {proposer}: {fault}")]
    InvalidProposal {
        /// Who proposed it.
        proposer: ReplicaId,
        /// What is wrong.
        fault: ProposalFault,
    },
    /// A proposal whose time is too far from this replica's clock. It is held without a vote.
    #[error("proposal of replica {proposer} is timed {time}")]
    Untimely {
        /// Who proposed it.
        proposer: ReplicaId,
        /// The header's time.
        time: Timestamp,
    },
    /// A served block that does not follow from this replica's tip.
    #[error("block served by replica {sender}: {fault}")]
    InvalidBlock {
        /// Who served it.
        sender: ReplicaId,
        /// What is wrong.
        fault: ProposalFault,
    },
    /// A served block without a valid certificate.
    #[error("certificate served by replica {sender}")]
    InvalidCertificate {
        /// Who served it.
        sender: ReplicaId,
        /// What is wrong with it.
        source: CertificateError,
    },
    /// The node reports a record durable that was never written.
    #[error("log position {} was never written", position.0)]
    UnknownPosition {
        /// The position reported.
        position: LogPosition,
    },
    /// The node reports roots of a height that was not handed to it, or out of order.
    #[error("roots of height {height} are not expected")]
    UnexpectedRoots {
        /// The height reported.
        height: Height,
    },
}

/// What a header, its payload and its parent show to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProposalFault {
    /// The header is of another chain.
    #[error("wrong chain")]
    WrongChain,
    /// The header is of another epoch.
    #[error("wrong epoch")]
    WrongEpoch,
    /// The header names another proposer than the sender.
    #[error("wrong proposer")]
    WrongProposer,
    /// The header does not name the block before.
    #[error("wrong parent")]
    WrongParent,
    /// The time is not after the parent's.
    #[error("time not after the parent's")]
    TimeNotIncreasing,
    /// The payload's root is not the header's.
    #[error("payload root differs from the header's")]
    WrongPayload,
    /// The payload is too long for the block to be served to others.
    #[error("payload of more than {MAX_PAYLOAD_LEN} bytes")]
    PayloadTooLong,
    /// The header does not name the roots of the height before.
    #[error("executed height is not the height before")]
    WrongExecutedHeight,
    /// The roots of the height before are not this replica's. No proof of a fault, see the spec.
    #[error("executed roots differ from this replica's")]
    WrongRoots,
    /// The next committee is not the one that sits.
    #[error("wrong next committee")]
    WrongCommittee,
    /// The certificate is for something else than the block it came with.
    #[error("certificate of another block")]
    WrongBallot,
}

/// Why a replica cannot start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecoverError {
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
        /// The height found.
        found: Height,
    },
    /// The records of a height contradict each other or the ledger.
    #[error("the records of height {height} contradict each other or the ledger")]
    Contradiction {
        /// The height.
        height: Height,
    },
}

/// Why evidence proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// The votes are for different places, or are the same.
    #[error("the votes do not contradict each other")]
    NoContradiction,
    /// The votes are of another committee's term.
    #[error("votes of epoch {found}, committee of epoch {expected}")]
    WrongEpoch {
        /// The committee's.
        expected: Epoch,
        /// The votes'.
        found: Epoch,
    },
    /// The accused has no seat.
    #[error("replica {accused} has no seat")]
    NotAMember {
        /// The place named.
        accused: ReplicaId,
    },
    /// One of the votes is not the accused's.
    #[error("a vote was not signed by the accused")]
    BadSignature {
        /// From the signature check.
        source: BadSignature,
    },
}
