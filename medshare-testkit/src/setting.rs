//! Who takes part, and what executing a block comes to.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_consensus::{Config, Payload, Tip};
use medshare_types::committee::{Committee, CommitteeMember};
use medshare_types::genesis::ChainParameters;
use medshare_types::hash::{Digest, digest};
use medshare_types::header::ExecutedRoots;
use medshare_types::id::{ChainId, Epoch, Height, OrganisationId, ReplicaId};
use medshare_types::sign::SigningKey;
use medshare_types::time::Timestamp;
use medshare_types::wire::DecodeError;

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
        let keys: Vec<_> = (0..members)
            .map(|n| digest("medshare/testkit/key/v1", &[&n.to_le_bytes()]))
            .map(|seed| SigningKey::from_seed(seed.as_bytes()))
            .collect();
        let seat = |key: &SigningKey| {
            let key = key.verifying_key();
            let organisation = OrganisationId::of_key(&key);
            CommitteeMember { organisation, key }
        };
        Ok(Self {
            chain: ChainId::from_digest(digest("medshare/testkit/chain/v1", &[])),
            committee: Committee::new(Epoch(0), keys.iter().map(seat).collect())?,
            keys,
            parameters: ChainParameters::default(),
            resend_ms: 200,
            created: Timestamp::from_millis(1_700_000_000_000),
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
