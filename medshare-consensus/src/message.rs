//! Messages between replicas.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::certificate::CommitCertificate;
use medshare_types::hash::Digest;
use medshare_types::id::{Height, ReplicaId, View};
use medshare_types::wire::Wire;

use crate::late::LateVote;
use crate::proposal::{MAX_PAYLOAD_LEN, OVERHEAD_LEN, Payload, Proposal};
use crate::view_change::{NewView, ViewChange};
use crate::vote::{PrePrepare, Vote};

/// A final block with its certificate, as served to replicas that are behind.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Decided<P> {
    /// The block that is final.
    pub proposal: Proposal<P>,
    /// A quorum's commits for it.
    pub certificate: CommitCertificate,
}

/// A message between replicas, over a channel that authenticates both ends.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Message<P> {
    /// The primary of view 0 proposes a block.
    PrePrepare(PrePrepare<P>),
    /// The sender accepts a proposal.
    Prepare(Vote),
    /// The sender holds a quorum of prepares.
    Commit(Vote),
    /// An answer to [`Message::Fetch`] from the sender's ledger.
    Decided(Decided<P>),
    /// The sender asks for decided blocks.
    Fetch {
        /// The lowest height that the sender lacks.
        from: Height,
    },
    /// The sender's progress, so that members that are behind notice.
    Status {
        /// The last height that the sender decided.
        height: Height,
    },
    /// The sender gives up the views below the one that it names.
    ViewChange(ViewChange),
    /// The primary of a later view proposes a block, or a member that prepared it there shows it to
    /// one that asked.
    NewView(NewView<P>),
    /// The sender lacks a block of an undecided height that others have voted for.
    FetchProposal {
        /// The height, which the asker has not decided.
        height: Height,
        /// Digest of the header.
        digest: Digest,
    },
    /// The answer to [`Message::FetchProposal`].
    Proposal(Proposal<P>),
    /// The sender lost its votes and asks how far they may have reached.
    Recall {
        /// Names this loss, so that answers to an earlier one do not count.
        loss: LossId,
    },
    /// An answer to [`Message::Recall`], from a member that has its own votes.
    Recalled(Recalled),
    /// The sender found no acceptable proposal of a view in half the view's time.
    Late(LateVote),
    /// The sender lacks the proposal of a view above 0 that others have prepared. The answer is a
    /// [`Message::NewView`].
    FetchNewView {
        /// The height, which the asker has not decided.
        height: Height,
        /// The view that was opened.
        view: View,
        /// Digest of the header.
        digest: Digest,
    },
}

/// Names one loss of votes: drawn when the new log is begun, and kept with it.
pub type LossId = [u8; 16];

/// What a member knows of the votes that another one lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Recalled {
    /// The loss that was asked about.
    pub loss: LossId,
    /// The last height that the sender decided.
    pub height: Height,
    /// True when the sender has voted at the height after.
    pub voted: bool,
}

impl<P: Payload> Wire for Message<P> {
    const KIND: [u8; 4] = *b"mCMS";
    const MAX_LEN: usize = MAX_PAYLOAD_LEN + OVERHEAD_LEN;
}

/// A message and the member at the other end of the channel it came through.
///
/// Only a transport that has authenticated the channel may build one: votes are attributed to
/// `sender`, and members never relay votes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticated<M> {
    /// The seat at the other end.
    pub sender: ReplicaId,
    /// The message, decoded and not otherwise checked.
    pub message: M,
}

/// The addressees of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipients {
    /// All members but the sender.
    All,
    /// These members, ascending, never empty, never the sender.
    Only(Vec<ReplicaId>),
}
