//! Fixed data of a replica, and the state of the ledger it starts from.

use medshare_types::certificate::Phase;
use medshare_types::committee::Committee;
use medshare_types::genesis::ChainParameters;
use medshare_types::hash::Digest;
use medshare_types::header::ExecutedRoots;
use medshare_types::id::{ChainId, Height, ReplicaId};
use medshare_types::sign::SigningKey;
use medshare_types::time::Timestamp;

use crate::record::ChainRecord;
use crate::turns::Mode;
use crate::vote::Vote;

/// The fixed data of one replica.
#[derive(Clone, Debug)]
pub struct Config {
    /// The seat of this replica in the committee.
    pub replica: ReplicaId,
    /// The signing key of that seat.
    pub signing_key: SigningKey,
    /// The committee that the seat belongs to.
    pub committee: Committee,
    /// The chain that votes and headers must name.
    pub chain: ChainId,
    /// The chain's numbers; the bounds on block time are among them.
    pub parameters: ChainParameters,
    /// Milliseconds before messages that may be lost are sent again.
    pub resend_ms: u64,
    /// Milliseconds after which an idle chain gets an empty block.
    pub heartbeat_ms: u64,
    /// The same at all members.
    pub mode: Mode,
}

impl Config {
    /// All seats but this replica's, ascending.
    pub(crate) fn peers(&self) -> impl Iterator<Item = ReplicaId> + use<> {
        let own = self.replica;
        self.committee.replicas().filter(move |id| *id != own)
    }

    pub(crate) fn verifies(&self, phase: Phase, voter: ReplicaId, vote: &Vote) -> bool {
        self.committee
            .member(voter)
            .is_some_and(|member| vote.verify(&self.chain, phase, &member.key).is_ok())
    }
}

/// The ledger's last block and the roots after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Height of the last block, 0 for genesis.
    pub height: Height,
    /// Digest of its header, zero for genesis.
    pub digest: Digest,
    /// Time of its header; for genesis, when the chain was founded.
    pub time: Timestamp,
    /// Seat of its first proposer; `None` where the next block is its epoch's first.
    pub proposer: Option<ReplicaId>,
    /// True when it ordered something, so that its roots wait for the next block.
    pub ordered: bool,
    /// The roots after that block.
    pub executed: ExecutedRoots,
    /// What the blocks up to it recorded, folded by [`ChainRecord::absorb`].
    pub record: ChainRecord,
}

impl Tip {
    /// The start of a chain: `state` and `receipts` are the roots of the genesis state.
    #[must_use]
    pub fn genesis(created: Timestamp, state: Digest, receipts: Digest) -> Self {
        Self {
            height: Height(0),
            digest: Digest::ZERO,
            time: created,
            proposer: None,
            ordered: false,
            executed: ExecutedRoots {
                height: Height(0),
                state,
                receipts,
            },
            record: ChainRecord::default(),
        }
    }
}
