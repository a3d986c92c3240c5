//! The block header: what consensus agrees on and proofs start from.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::hash::{self, Digest};
use crate::id::{ChainId, Epoch, Height, ReplicaId, View};
use crate::time::Timestamp;
use crate::wire::Wire;

/// The result of executing the chain up to a height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ExecutedRoots {
    /// The last height executed.
    pub height: Height,
    /// Root of the state after it.
    pub state: Digest,
    /// Root of that block's transaction receipts.
    pub receipts: Digest,
}

/// A block without its transactions. Its digest is what members vote on.
///
/// `executed` names an earlier height (the one before, on an idle chain), so the roots of a block
/// are certified by a later header.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BlockHeader {
    /// The chain it belongs to.
    pub chain: ChainId,
    /// Its place.
    pub height: Height,
    /// The committee's term it was proposed in.
    pub epoch: Epoch,
    /// The view it was first proposed in.
    pub view: View,
    /// Who proposed it.
    pub proposer: ReplicaId,
    /// Digest of the header before; zero at height 1.
    pub previous: Digest,
    /// Block time: the proposer's clock, strictly increasing along the chain.
    pub time: Timestamp,
    /// Root of the block's transactions.
    pub transactions: Digest,
    /// Roots of an earlier, executed height.
    pub executed: ExecutedRoots,
    /// Digest of the committee that orders the next block.
    pub next_committee: Digest,
}

impl Wire for BlockHeader {
    const KIND: [u8; 4] = *b"mHDR";
    const MAX_LEN: usize = 512;
}

impl BlockHeader {
    /// What members vote on and the next header names.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest("medshare/types/header/v1", &[&self.to_wire()])
    }
}
