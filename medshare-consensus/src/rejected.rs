//! Refused inputs.

use medshare_types::certificate::CertificateError;
use medshare_types::id::{Epoch, Height, ReplicaId, View};
use medshare_types::time::Timestamp;

use crate::log_record::LogPosition;
use crate::proposal::ProposalFault;

/// Why an input, or a proposal that had waited for it, was refused. The replica stays usable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejected {
    /// A request on a backup: hand it to the primary.
    #[error("only the primary proposes: replica {primary}")]
    NotPrimary {
        /// The seat that may propose.
        primary: ReplicaId,
    },
    /// The height's proposal is made and not yet decided.
    #[error("height {height} is in flight")]
    InFlight {
        /// The undecided height.
        height: Height,
    },
    /// Execution lags behind: the roots of this height are needed first.
    #[error("height {height} is not executed yet")]
    NotExecuted {
        /// The lowest height without roots.
        height: Height,
    },
    /// The clock has not passed the parent's time.
    #[error("the clock has not reached {earliest}")]
    ClockBehind {
        /// When a proposal becomes possible.
        earliest: Timestamp,
    },
    /// Other members could not decode the payload.
    #[error("payload of {length} bytes where at most {limit} are allowed")]
    PayloadTooLong {
        /// Encoded bytes.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The sender has no seat, or is this replica itself.
    #[error("replica {sender} is not another member of the committee")]
    UnknownSender {
        /// The seat that the channel names.
        sender: ReplicaId,
    },
    /// A pre-prepare of a backup.
    #[error("replica {sender} proposes and is not the primary")]
    NotThePrimary {
        /// The backup.
        sender: ReplicaId,
    },
    /// A message of another epoch or view.
    #[error("replica {sender} is in epoch {epoch}, view {view}")]
    WrongView {
        /// The message's sender.
        sender: ReplicaId,
        /// The message's epoch.
        epoch: Epoch,
        /// The message's view.
        view: View,
    },
    /// A message for a height too far above this replica's own to be kept.
    #[error("replica {sender} is at height {height}, too far ahead")]
    TooFarAhead {
        /// The message's sender.
        sender: ReplicaId,
        /// The message's height.
        height: Height,
    },
    /// A vote or pre-prepare whose signature is not its sender's.
    #[error("a signature of replica {sender} does not verify")]
    BadSignature {
        /// The message's sender.
        sender: ReplicaId,
    },
    /// Two different votes for one height and phase. The first time, evidence is among the outputs.
    #[error("replica {sender} voted twice for height {height}")]
    Equivocation {
        /// The sender of both votes.
        sender: ReplicaId,
        /// The height of both votes.
        height: Height,
    },
    /// A proposal that can never be accepted at this height.
    #[error("proposal of replica {proposer}: {fault}")]
    InvalidProposal {
        /// The primary that sent it.
        proposer: ReplicaId,
        /// The first check that failed.
        fault: ProposalFault,
    },
    /// A proposal whose time is too far from this replica's clock. It is held without a vote.
    #[error("proposal of replica {proposer} is timed {time}")]
    Untimely {
        /// The primary that sent it.
        proposer: ReplicaId,
        /// The header's time.
        time: Timestamp,
    },
    /// A served block that does not follow from this replica's tip.
    #[error("block served by replica {sender}: {fault}")]
    InvalidBlock {
        /// The member that served it.
        sender: ReplicaId,
        /// The first check that failed.
        fault: ProposalFault,
    },
    /// A served block without a valid certificate.
    #[error("the certificate served by replica {sender} is not valid")]
    InvalidCertificate {
        /// The member that served it.
        sender: ReplicaId,
        /// The certificate's fault.
        source: CertificateError,
    },
    /// The node reports a record durable that was never written.
    #[error("log position {} was never written", position.0)]
    UnknownPosition {
        /// The position reported.
        position: LogPosition,
    },
    /// The node reports roots out of order or of a height that was not committed.
    #[error("roots of height {height} are not expected")]
    UnexpectedRoots {
        /// The height reported.
        height: Height,
    },
}

impl Rejected {
    /// The members that broke the protocol, as far as this replica can tell; none where an honest
    /// member may be in the same situation.
    ///
    /// A rejection is no proof for others: only [`crate::Evidence`] is.
    #[must_use]
    pub fn culprits(&self) -> Vec<ReplicaId> {
        match self {
            Self::NotThePrimary { sender }
            | Self::BadSignature { sender }
            | Self::Equivocation { sender, .. }
            | Self::InvalidBlock { sender, .. }
            | Self::InvalidCertificate { sender, .. } => vec![*sender],
            // Different roots may be this replica's own fault.
            Self::InvalidProposal {
                fault: ProposalFault::WrongRoots,
                ..
            } => vec![],
            Self::InvalidProposal { proposer, .. } => vec![*proposer],
            Self::NotPrimary { .. }
            | Self::InFlight { .. }
            | Self::NotExecuted { .. }
            | Self::ClockBehind { .. }
            | Self::PayloadTooLong { .. }
            | Self::UnknownSender { .. }
            | Self::WrongView { .. }
            | Self::TooFarAhead { .. }
            | Self::Untimely { .. }
            | Self::UnknownPosition { .. }
            | Self::UnexpectedRoots { .. } => vec![],
        }
    }
}
