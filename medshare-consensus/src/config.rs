//! Who a replica is and by which numbers it plays.

use medshare_types::certificate::Phase;
use medshare_types::committee::Committee;
use medshare_types::genesis::ChainParameters;
use medshare_types::hash::Digest;
use medshare_types::header::ExecutedRoots;
use medshare_types::id::{ChainId, Height, ReplicaId, View};
use medshare_types::sign::SigningKey;
use medshare_types::time::Timestamp;

use crate::message::Vote;

/// The fixed data of one replica.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its seat.
    pub replica: ReplicaId,
    /// The key of that seat.
    pub signing_key: SigningKey,
    /// The committee it sits in.
    pub committee: Committee,
    /// The chain.
    pub chain: ChainId,
    /// The rules' numbers.
    pub parameters: ChainParameters,
    /// How long to wait before sending again what may be lost, milliseconds.
    pub resend_ms: u64,
}

impl Config {
    /// The member that proposes in a view.
    #[must_use]
    pub fn primary(&self, view: View) -> ReplicaId {
        let members = self.committee.members().len() as u64;
        ReplicaId(u16::try_from(view.0 % members).unwrap_or(0))
    }

    /// Every other member, ascending.
    pub(crate) fn peers(&self) -> impl Iterator<Item = ReplicaId> + use<> {
        let own = self.replica;
        self.committee.replicas().filter(move |id| *id != own)
    }

    pub(crate) fn verifies(&self, phase: Phase, voter: ReplicaId, vote: &Vote) -> bool {
        self.committee
            .member(voter)
            .is_some_and(|member| vote.verify(&self.chain, phase, &member.key).is_ok())
    }

    /// Whether a header's time is acceptable on arrival at `now`. The bound on how late it may
    /// come doubles with `patience`; the bound on how far ahead it may be does not move.
    pub(crate) fn is_timely(&self, now: Timestamp, time: Timestamp, patience: u32) -> bool {
        let ChainParameters {
            precision_ms,
            message_delay_ms,
            ..
        } = self.parameters;
        let growth = 1u64.checked_shl(patience).unwrap_or(u64::MAX);
        let delay = message_delay_ms.saturating_mul(growth);
        let earliest = now.minus_millis(delay.saturating_add(precision_ms));
        earliest <= time && time <= now.plus_millis(precision_ms)
    }
}

/// Where the ledger stands: its last block and the roots after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Height of the last block, 0 for genesis.
    pub height: Height,
    /// Its header's digest, zero for genesis.
    pub digest: Digest,
    /// Its header's time; for genesis, when that was made.
    pub time: Timestamp,
    /// The roots after it.
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
            executed: ExecutedRoots {
                height: Height(0),
                state,
                receipts,
            },
        }
    }
}
