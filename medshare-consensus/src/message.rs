//! What replicas send to each other.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::certificate::{Ballot, CommitCertificate, Phase};
use medshare_types::id::{ChainId, Height, ReplicaId};
use medshare_types::sign::{BadSignature, Signature, SigningKey, VerifyingKey};
use medshare_types::wire::Wire;

use crate::proposal::{MAX_PAYLOAD_LEN, OVERHEAD_LEN, Payload, Proposal};

/// A signed prepare or commit. The phase is not in it: the message or record that holds it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Vote {
    /// What it is cast for.
    pub ballot: Ballot,
    /// The voter's signature of (chain, ballot) under the tag of the phase.
    pub signature: Signature,
}

impl Vote {
    /// Signs a vote.
    #[must_use]
    pub fn sign(chain: &ChainId, ballot: Ballot, phase: Phase, key: &SigningKey) -> Self {
        Self {
            ballot,
            signature: key.sign(&ballot.statement(chain, phase)),
        }
    }

    /// Checks the signature.
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
    /// What is proposed.
    pub proposal: Proposal<P>,
    /// The primary's signature of the prepare statement.
    pub signature: Signature,
}

impl<P> PrePrepare<P> {
    /// The primary's prepare.
    #[must_use]
    pub fn vote(&self) -> Vote {
        Vote {
            ballot: self.proposal.ballot(),
            signature: self.signature,
        }
    }
}

/// A block with the certificate that it is final: what a replica that is behind is served.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Decided<P> {
    /// The block.
    pub proposal: Proposal<P>,
    /// A quorum's commits for it.
    pub certificate: CommitCertificate,
}

/// What replicas send to each other, over channels that authenticate both ends.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Message<P> {
    /// The primary proposes.
    PrePrepare(PrePrepare<P>),
    /// The sender accepts a proposal.
    Prepare(Vote),
    /// The sender holds a quorum of prepares.
    Commit(Vote),
    /// An answer to [`Message::Fetch`], out of the sender's ledger.
    Decided(Decided<P>),
    /// The sender asks for decided blocks.
    Fetch {
        /// The lowest height it lacks.
        from: Height,
    },
    /// How far the sender has decided, so that whoever is behind notices.
    Status {
        /// The last height it decided.
        height: Height,
    },
}

impl<P: Payload> Wire for Message<P> {
    const KIND: [u8; 4] = *b"mCMS";
    const MAX_LEN: usize = MAX_PAYLOAD_LEN + OVERHEAD_LEN;
}

/// A message and the member at the other end of the channel it came through.
///
/// Only a transport that has authenticated the channel may build one: votes are attributed to
/// `sender`, and nobody relays votes of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticated<M> {
    /// Who sent it.
    pub sender: ReplicaId,
    /// What was sent.
    pub message: M,
}

/// Whom a message goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipients {
    /// Every other member.
    All,
    /// These members, ascending, never empty, never the sender.
    Only(Vec<ReplicaId>),
}
