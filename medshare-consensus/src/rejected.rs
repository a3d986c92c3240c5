//! Refused inputs, and the members to blame for them.

use medshare_types::certificate::CertificateError;
use medshare_types::id::{Epoch, Height, ReplicaId, View};
use medshare_types::time::Timestamp;

use crate::log_record::LogPosition;
use crate::proposal::ProposalFault;

/// Why an input, or a proposal that had waited for it, was refused. The replica stays usable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the variants explain their fields")]
pub enum Rejected {
    /// A request on a backup: hand it to the primary.
    #[error("only the primary proposes: replica {primary}")]
    NotPrimary { primary: ReplicaId },
    /// The proposal of this height is made and not yet decided.
    #[error("height {height} is in flight")]
    InFlight { height: Height },
    /// Execution lags behind: the roots of this height, the lowest without, are needed first.
    #[error("height {height} is not executed yet")]
    NotExecuted { height: Height },
    /// This replica lost its votes and signs nothing at this height.
    #[error("no vote at height {height}: the votes of this replica were lost")]
    Abstaining { height: Height },
    /// An answer about lost votes that was not asked for.
    #[error("replica {sender} answers a question that is not open")]
    Unasked { sender: ReplicaId },
    /// Nothing waits, and the heartbeat is not due.
    #[error("no proposal is due")]
    NotDue,
    /// The view needs a quorum's view changes, or proposes a certified block again.
    #[error("view {view} takes no new proposal now")]
    ViewNotOpen { view: View },
    /// Other members could not decode a payload of so many bytes.
    #[error("payload of {length} bytes where at most {limit} are allowed")]
    PayloadTooLong { length: usize, limit: usize },
    /// The sender has no seat, or is this replica itself.
    #[error("replica {sender} is not another member of the committee")]
    UnknownSender { sender: ReplicaId },
    /// A pre-prepare of a backup.
    #[error("replica {sender} proposes and is not the primary")]
    NotThePrimary { sender: ReplicaId },
    /// A message of another epoch.
    #[error("replica {sender} is in epoch {epoch}")]
    WrongEpoch { sender: ReplicaId, epoch: Epoch },
    /// A proposal for a view that this replica has given up, or has a proposal for.
    #[error("replica {sender} proposes in view {view}, which is over")]
    ViewOver { sender: ReplicaId, view: View },
    /// A view change or new view whose signatures or certificate do not hold.
    #[error("replica {sender} cannot prove view {view}")]
    UnprovenView { sender: ReplicaId, view: View },
    /// A block that this replica did not ask for.
    #[error("replica {sender} sent a block that was not asked for")]
    Unsolicited { sender: ReplicaId },
    /// A message for a height too far above this replica's own to be kept.
    #[error("replica {sender} is at height {height}, too far ahead")]
    TooFarAhead { sender: ReplicaId, height: Height },
    /// A vote or pre-prepare whose signature is not its sender's.
    #[error("a signature of replica {sender} does not verify")]
    BadSignature { sender: ReplicaId },
    /// Two different votes for one height and phase. The first time, evidence is among the outputs.
    #[error("replica {sender} voted twice for height {height}")]
    Equivocation { sender: ReplicaId, height: Height },
    /// A proposal that can never be accepted at this height.
    #[error("proposal of replica {proposer}: {fault}")]
    InvalidProposal {
        proposer: ReplicaId,
        fault: ProposalFault,
    },
    /// A proposal whose time is too far from this replica's clock. It is held without a vote.
    #[error("proposal of replica {proposer} is timed {time}")]
    Untimely {
        proposer: ReplicaId,
        time: Timestamp,
    },
    /// A block, served or proposed again, that does not follow from this replica's tip.
    #[error("block served by replica {sender}: {fault}")]
    InvalidBlock {
        sender: ReplicaId,
        fault: ProposalFault,
    },
    /// A served block without a valid certificate.
    #[error("the certificate served by replica {sender} is not valid")]
    InvalidCertificate {
        sender: ReplicaId,
        source: CertificateError,
    },
    /// The node reports a record durable that was never written.
    #[error("log position {} was never written", position.0)]
    UnknownPosition { position: LogPosition },
    /// The node reports roots out of order or of a height that was not committed.
    #[error("roots of height {height} are not expected")]
    UnexpectedRoots { height: Height },
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
            | Self::UnprovenView { sender, .. }
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
            | Self::NotDue
            | Self::Abstaining { .. }
            | Self::Unasked { .. }
            | Self::ViewNotOpen { .. }
            | Self::PayloadTooLong { .. }
            | Self::UnknownSender { .. }
            | Self::WrongEpoch { .. }
            | Self::ViewOver { .. }
            | Self::Unsolicited { .. }
            | Self::TooFarAhead { .. }
            | Self::Untimely { .. }
            | Self::UnknownPosition { .. }
            | Self::UnexpectedRoots { .. } => vec![],
        }
    }
}
