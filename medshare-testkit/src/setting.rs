//! Who takes part, and what executing a block comes to.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_consensus::{Config, Payload, Tip};
use medshare_types::committee::Committee;
use medshare_types::genesis::ChainParameters;
use medshare_types::hash::{Digest, digest};
use medshare_types::header::ExecutedRoots;
use medshare_types::id::{ChainId, Height, ReplicaId};
use medshare_types::sign::SigningKey;
use medshare_types::time::Timestamp;
use medshare_types::wire::DecodeError;

use crate::fixtures::Members;

/// A block's contents: bytes without meaning.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Batch(pub Vec<u8>);

impl Payload for Batch {
    fn root(&self) -> Digest {
        digest("medshare/testkit/batch/v1", &[&self.0])
    }
}

/// A message between simulated members.
pub type Message = medshare_consensus::Message<Batch>;

/// Keys, committee and chain of a simulation; everybody's keys, for whoever is Byzantine.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The chain.
    pub chain: ChainId,
    /// The committee.
    pub committee: Committee,
    /// The signing key of each seat.
    pub keys: Vec<SigningKey>,
    /// The rules' numbers.
    pub parameters: ChainParameters,
    /// The tick of each replica, milliseconds.
    pub resend_ms: u64,
    /// When the chain begins.
    pub created: Timestamp,
}

impl Setting {
    /// `members` organisations with fixed keys.
    ///
    /// # Errors
    /// [`DecodeError`] for fewer than 4 or more than 1024.
    pub fn new(members: u16) -> Result<Self, DecodeError> {
        let members = Members::new(members);
        Ok(Self {
            chain: members.chain(),
            committee: members.genesis().committee()?,
            keys: members.keys().to_vec(),
            parameters: members.genesis().parameters,
            resend_ms: 200,
            created: members.genesis().created,
        })
    }

    /// The configuration of one replica.
    #[must_use]
    pub fn config(&self, replica: ReplicaId) -> Config {
        Config {
            replica,
            signing_key: self.keys[replica.index()].clone(),
            committee: self.committee.clone(),
            chain: self.chain,
            parameters: self.parameters,
            resend_ms: self.resend_ms,
        }
    }

    /// Where every ledger starts.
    #[must_use]
    pub fn genesis(&self) -> Tip {
        let state = digest("medshare/testkit/genesis-state/v1", &[]);
        Tip::genesis(self.created, state, Digest::ZERO)
    }
}

/// The roots after a block: a hash chain over the headers executed so far.
#[must_use]
pub fn execute(before: &ExecutedRoots, height: Height, block: &Digest) -> ExecutedRoots {
    let chained = |tag| digest(tag, &[before.state.as_ref(), block.as_ref()]);
    ExecutedRoots {
        height,
        state: chained("medshare/testkit/state/v1"),
        receipts: chained("medshare/testkit/receipts/v1"),
    }
}
