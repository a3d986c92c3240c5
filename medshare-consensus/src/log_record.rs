//! Records of the write-ahead log: votes are durable before the replica acts on them.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::certificate::CommitCertificate;
use medshare_types::id::Height;
use medshare_types::wire::Wire;

use crate::late::LateVote;
use crate::message::Decided;
use crate::proposal::{MAX_PAYLOAD_LEN, OVERHEAD_LEN, Payload, Proposal};
use crate::view_change::{Opening, PreparedCertificate, ViewChange};
use crate::vote::Vote;

/// Number of a record among those that this run of the replica has written, from 1.
///
/// Recovered records have no position: they are durable before [`crate::Replica::recover`] reads
/// them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogPosition(pub u64);

/// An entry of the log. Heights never fall along the log, so it is cut by height.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum LogRecord<P> {
    /// The replica's prepare, and the block that it is for.
    Prepared {
        /// The replica's vote; on the primary, the signature of its pre-prepare.
        vote: Vote,
        /// The block that was prepared.
        proposal: Proposal<P>,
        /// What opened the vote's view, above 0: other members follow it, and it convicts members
        /// that contradict it.
        opening: Option<Opening>,
    },
    /// The replica's commit, and the certificate that permits it.
    Committed {
        /// The quorum of prepares.
        prepared: PreparedCertificate,
        /// The replica's commit for the same ballot.
        vote: Vote,
        /// The block, where no `Prepared` record of this height holds it.
        proposal: Option<Proposal<P>>,
    },
    /// The replica gave up the views below.
    ViewChanged(ViewChange),
    /// The block of an earlier record of this height is final.
    Decided {
        /// A quorum's commits for it.
        certificate: CommitCertificate,
    },
    /// A block that no earlier record holds is final.
    Adopted(Decided<P>),
    /// The replica found no acceptable proposal of a view in time.
    Late(LateVote),
}

impl<P: Payload> Wire for LogRecord<P> {
    const KIND: [u8; 4] = *b"mCLG";
    const MAX_LEN: usize = MAX_PAYLOAD_LEN + OVERHEAD_LEN;
}

impl<P> LogRecord<P> {
    /// True for what this replica signed, which must be synced at once: effects wait for it. A final
    /// block waits for the next sync, whatever brings it about: the votes of a quorum are durable, and
    /// decide the block again wherever its record is lost.
    #[must_use]
    pub const fn is_vote(&self) -> bool {
        match self {
            Self::Prepared { .. }
            | Self::Committed { .. }
            | Self::ViewChanged(_)
            | Self::Late(_) => true,
            Self::Decided { .. } | Self::Adopted(_) => false,
        }
    }

    /// The height that the record concerns. Once the ledger holds this height durably, all its
    /// records may be deleted together.
    #[must_use]
    pub fn height(&self) -> Height {
        match self {
            Self::Prepared { vote, .. } | Self::Committed { vote, .. } => vote.ballot.height,
            Self::ViewChanged(change) => change.vote.height,
            Self::Decided { certificate } => certificate.ballot.height,
            Self::Adopted(decided) => decided.proposal.header.height,
            Self::Late(vote) => vote.height,
        }
    }
}
