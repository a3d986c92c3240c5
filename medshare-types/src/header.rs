//! The block header, which consensus agrees on and every proof starts from.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::hash::{self, Digest};
use crate::id::{ChainId, Epoch, Height, ReplicaId, View};
use crate::time::Timestamp;
use crate::wire::Wire;

/// Roots after executing the chain up to a height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ExecutedRoots {
    /// The last height executed.
    pub height: Height,
    /// Root of the state after this height.
    pub state: Digest,
    /// Root of the transaction receipts of this height.
    pub receipts: Digest,
}

/// A block without its transactions. Members vote on its digest.
///
/// `executed` names an earlier height (the one before, on an idle chain), so the roots of a block
/// are certified by a later header.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BlockHeader {
    /// Chain that the block belongs to.
    pub chain: ChainId,
    /// Position in the chain, from 1.
    pub height: Height,
    /// Term of the committee that ordered the block.
    pub epoch: Epoch,
    /// View of the first proposal; later views keep it.
    pub view: View,
    /// Seat of the first proposer.
    pub proposer: ReplicaId,
    /// Digest of the previous header; zero at height 1.
    pub previous: Digest,
    /// Block time: the proposer's clock, strictly increasing along the chain.
    pub time: Timestamp,
    /// Root of the list of transactions.
    pub transactions: Digest,
    /// Root of the votes for earlier heights that the block records, and of nothing else.
    pub attestations: Digest,
    /// Roots of an earlier height, already executed.
    pub executed: ExecutedRoots,
    /// Digest of the committee that orders the next block.
    pub next_committee: Digest,
}

impl Wire for BlockHeader {
    const KIND: [u8; 4] = *b"mHDR";
    const MAX_LEN: usize = 512;
}

impl BlockHeader {
    /// The digest that members vote on and that the next header names.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest("medshare/types/header/v1", &[&self.to_wire()])
    }
}
