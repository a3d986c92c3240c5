//! Fixed data of a replica, and the state of the ledger it starts from.

use medshare_types::certificate::Phase;
use medshare_types::committee::Committee;
use medshare_types::genesis::ChainParameters;
use medshare_types::hash::Digest;
use medshare_types::header::ExecutedRoots;
use medshare_types::id::{ChainId, Height, ReplicaId, View};
use medshare_types::sign::SigningKey;
use medshare_types::time::Timestamp;

use crate::vote::Vote;

/// How turns to propose pass on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The primary passes on with every height.
    #[default]
    Credit,
    /// The proposer of the last block stays primary until a view is given up: Castro and Liskov's
    /// PBFT, as the baseline of comparisons. A primary that is slow, or dates its blocks ahead, as far
    /// as the timers allow stays for as long as it likes.
    Classic,
}

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
    /// The seat that proposes in a view of the height after a block by `proposer`: the seats take
    /// turns. Before the first block of an epoch, `proposer` is that of [`Config::first_proposer`].
    #[must_use]
    #[expect(clippy::expect_used, reason = "the remainder is below a `u16`")]
    pub fn primary_after(&self, proposer: ReplicaId, view: View) -> ReplicaId {
        let seats = u64::from(self.committee.seats());
        let passed_on = match self.mode {
            Mode::Credit => 1,
            Mode::Classic => 0,
        };
        let turns = view.0 % seats + passed_on;
        let seat = (u64::from(proposer.0) + turns) % seats;
        ReplicaId(u16::try_from(seat).expect("below the number of seats"))
    }

    /// The seat that counts as the proposer before the first block of the committee's epoch.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the remainder is below a `u16`")]
    pub fn first_proposer(&self) -> ReplicaId {
        let seats = u64::from(self.committee.seats());
        let seat = self.committee.epoch().0 % seats;
        ReplicaId(u16::try_from(seat).expect("below the number of seats"))
    }

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

impl Tip {
    /// The start of a chain: `state` and `receipts` are the roots of the genesis state.
    #[must_use]
    pub const fn genesis(created: Timestamp, state: Digest, receipts: Digest) -> Self {
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
        }
    }
}
