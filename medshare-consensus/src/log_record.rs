//! Records of the write-ahead log: durable before the replica acts on them.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::certificate::{Ballot, CommitCertificate};
use medshare_types::id::{Height, ReplicaId};
use medshare_types::sign::Signature;
use medshare_types::wire::Wire;

use crate::message::{Decided, PrePrepare, Vote};
use crate::proposal::{MAX_PAYLOAD_LEN, OVERHEAD_LEN, Payload};

/// Number of a record among those that this run of the replica has written, from 1.
///
/// Recovered records have no position: they are durable before [`crate::Replica::recover`] reads
/// them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogPosition(pub u64);

/// A quorum's verified prepares for one ballot.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PreparedCertificate {
    /// The ballot of every vote.
    pub ballot: Ballot,
    /// Signatures by seat, strictly ascending.
    pub votes: Vec<(ReplicaId, Signature)>,
}

/// An entry of the log. Heights never fall along the log, so it is cut by height.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum LogRecord<P> {
    /// The replica's prepare, with all data that sending it again needs.
    Prepared {
        /// The primary's message; on the primary, its own.
        pre_prepare: PrePrepare<P>,
        /// The replica's vote; on the primary, the same signature.
        vote: Vote,
    },
    /// The replica's commit, and the certificate that permits it.
    Committed {
        /// The quorum of prepares.
        prepared: PreparedCertificate,
        /// The replica's commit for the same ballot.
        vote: Vote,
    },
    /// The block of the `Prepared` record at this height is final.
    Decided {
        /// A quorum's commits for it.
        certificate: CommitCertificate,
    },
    /// A block that the replica did not prepare is final.
    Adopted(Decided<P>),
}

impl<P: Payload> Wire for LogRecord<P> {
    const KIND: [u8; 4] = *b"mCLG";
    const MAX_LEN: usize = MAX_PAYLOAD_LEN + OVERHEAD_LEN;
}

impl<P> LogRecord<P> {
    /// The height that the record concerns. Once the ledger holds this height durably, all its
    /// records may be deleted together.
    #[must_use]
    pub fn height(&self) -> Height {
        match self {
            Self::Prepared { vote, .. } | Self::Committed { vote, .. } => vote.ballot.height,
            Self::Decided { certificate } => certificate.ballot.height,
            Self::Adopted(decided) => decided.proposal.header.height,
        }
    }
}
