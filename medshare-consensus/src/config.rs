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
    /// The number of this replica's organisation.
    pub replica: ReplicaId,
    /// The keys that it may vote with, one an epoch; see [`crate::Replica::add_signing_key`].
    pub signing_keys: Vec<SigningKey>,
    /// The chain that votes and headers must name.
    pub chain: ChainId,
    /// The chain's numbers; the bounds on block time are among them.
    pub parameters: ChainParameters,
    /// Milliseconds before messages that may be lost are sent again.
    pub resend_ms: u64,
    /// Milliseconds after which an idle chain gets an empty block.
    pub heartbeat_ms: u64,
}

/// A replica's data, as of the committee that orders the height after its tip.
#[derive(Debug)]
pub(crate) struct Seated {
    pub(crate) replica: ReplicaId,
    pub(crate) chain: ChainId,
    pub(crate) parameters: ChainParameters,
    pub(crate) resend_ms: u64,
    pub(crate) heartbeat_ms: u64,
    pub(crate) mode: Mode,
    pub(crate) committee: Committee,
    /// The key of the own seat; `None` without a seat, or without its key.
    pub(crate) signing_key: Option<SigningKey>,
    signing_keys: Vec<SigningKey>,
}

impl Seated {
    pub(crate) fn new(config: Config, mode: Mode, committee: Committee) -> Self {
        let mut seated = Self {
            replica: config.replica,
            chain: config.chain,
            parameters: config.parameters,
            resend_ms: config.resend_ms,
            heartbeat_ms: config.heartbeat_ms,
            mode,
            committee,
            signing_key: None,
            signing_keys: config.signing_keys,
        };
        seated.choose_key();
        seated
    }

    /// Goes on under another committee.
    pub(crate) fn sit(&mut self, committee: Committee) {
        self.committee = committee;
        self.choose_key();
    }

    pub(crate) fn add_key(&mut self, key: SigningKey) {
        self.signing_keys.push(key);
        self.choose_key();
    }

    /// Forgets the keys that the own seat does not use.
    pub(crate) fn keep_key_in_use(&mut self) {
        self.signing_keys = self.signing_key.iter().cloned().collect();
    }

    fn choose_key(&mut self) {
        let member = self.committee.member(self.replica);
        let is_own = |key: &&SigningKey| member.is_some_and(|own| own.key == key.verifying_key());
        self.signing_key = self.signing_keys.iter().find(is_own).cloned();
    }

    /// All seats but this replica's, ascending.
    pub(crate) fn peers(&self) -> impl Iterator<Item = ReplicaId> {
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
    /// True when it ordered something, so that its roots wait for the next block.
    pub ordered: bool,
    /// The roots after that block.
    pub executed: ExecutedRoots,
    /// What the chain records up to it; see [`ChainRecord`].
    pub record: ChainRecord,
}

impl Tip {
    /// The start of a chain: `state` and `receipts` are the roots of the genesis state.
    #[must_use]
    pub const fn genesis(
        created: Timestamp,
        state: Digest,
        receipts: Digest,
        record: ChainRecord,
    ) -> Self {
        Self {
            height: Height(0),
            digest: Digest::ZERO,
            time: created,
            ordered: false,
            executed: ExecutedRoots {
                height: Height(0),
                state,
                receipts,
            },
            record,
        }
    }
}
