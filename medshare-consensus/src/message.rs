//! Messages between replicas, and the votes in them.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::certificate::{Ballot, CommitCertificate, Phase};
use medshare_types::id::{ChainId, Height, ReplicaId};
use medshare_types::sign::{BadSignature, Signature, SigningKey, VerifyingKey};
use medshare_types::wire::Wire;

use crate::proposal::{MAX_PAYLOAD_LEN, OVERHEAD_LEN, Payload, Proposal};

/// A signed prepare or commit. The message or record that holds the vote gives its phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Vote {
    /// Epoch, view, height and digest that the vote is for.
    pub ballot: Ballot,
    /// The voter's signature of (chain, ballot) under the tag of the phase.
    pub signature: Signature,
}

impl Vote {
    /// Signs `ballot` under the tag of `phase`.
    #[must_use]
    pub fn sign(chain: &ChainId, ballot: Ballot, phase: Phase, key: &SigningKey) -> Self {
        Self {
            ballot,
            signature: key.sign(&ballot.statement(chain, phase)),
        }
    }

    /// Checks the signature. Cost: one Ed25519 verification.
    ///
    /// # Errors
    /// [`BadSignature`] when `key` did not sign this ballot on this chain in this phase.
    pub fn verify(
        &self,
        chain: &ChainId,
        phase: Phase,
        key: &VerifyingKey,
    ) -> Result<(), BadSignature> {
        key.verify(&self.ballot.statement(chain, phase), &self.signature)
    }
}

/// The primary's proposal. Its signature is also the primary's prepare.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PrePrepare<P> {
    /// The block to agree on.
    pub proposal: Proposal<P>,
    /// The primary's signature of the prepare statement.
    pub signature: Signature,
}

impl<P> PrePrepare<P> {
    /// The primary's prepare, with the same signature.
    #[must_use]
    pub fn vote(&self) -> Vote {
        Vote {
            ballot: self.proposal.ballot(),
            signature: self.signature,
        }
    }
}

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
    /// The primary proposes a block.
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
    /// The sender lost its votes and asks how far they may have reached.
    Recall {
        /// Names this loss, so that answers to an earlier one do not count.
        loss: LossId,
    },
    /// An answer to [`Message::Recall`], from a member that has its own votes.
    Recalled(Recalled),
    /// A proposal of the receiver, which it lost, with the receiver's own signature.
    Returned(PrePrepare<P>),
}

/// Names one loss of votes: drawn when the new log is begun, and kept with it.
pub type LossId = [u8; 16];

/// What a member knows of the votes that another one lost.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Recalled {
    /// The loss that was asked about.
    pub loss: LossId,
    /// The last height that the sender decided.
    pub height: Height,
    /// True when the sender has voted at the height after.
    pub voted: bool,
    /// The receiver's signatures on proposals that the sender holds above `height`; at most two.
    pub proposals: Vec<Vote>,
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
