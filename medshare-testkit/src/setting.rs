//! The members of a simulation, its blocks, and the roots that executing them gives.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_consensus::credit::EpochRule;
use medshare_consensus::{ChainFact, ChainRecord, Config, Mode, Payload, Tip};
use medshare_types::committee::Committee;
use medshare_types::genesis::ChainParameters;
use medshare_types::hash::{Digest, digest};
use medshare_types::header::ExecutedRoots;
use medshare_types::id::{ChainId, Epoch, Height, ReplicaId};
use medshare_types::sign::SigningKey;
use medshare_types::time::Timestamp;
use medshare_types::wire::{DecodeError, to_borsh};

use crate::fixtures::Members;

/// A payload without meaning, or facts about members; see [`TestPayload::telling`].
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TestPayload(pub Vec<u8>);

impl TestPayload {
    /// The beginning of payloads that every application refuses.
    pub const INVALID: &'static [u8] = b"invalid";

    /// The beginning of payloads that tell facts.
    const TELLING: &'static [u8] = b"facts";

    /// A payload that tells these facts to the application, which takes them as they are. Payloads with
    /// other numbers differ.
    #[must_use]
    pub fn telling(number: u64, facts: &[ChainFact]) -> Self {
        Self([Self::TELLING, &number.to_le_bytes(), &to_borsh(facts)].concat())
    }

    /// What the payload tells.
    #[must_use]
    pub fn facts(&self) -> Vec<ChainFact> {
        let told = self.0.strip_prefix(Self::TELLING);
        let facts = told.and_then(|told| told.get(8..));
        let facts = facts.map(<Vec<ChainFact> as BorshDeserialize>::try_from_slice);
        facts.and_then(Result::ok).unwrap_or_default()
    }

    /// True when applications accept the payload.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        !self.0.starts_with(Self::INVALID)
    }
}

impl Payload for TestPayload {
    fn root(&self) -> Digest {
        digest("medshare/testkit/batch/v1", &[&self.0])
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A message between simulated members, with [`TestPayload`] as payload.
pub type Message = medshare_consensus::Message<TestPayload>;

/// The members of a simulation with their signing keys, which Byzantine members need.
#[derive(Clone, Debug)]
pub struct Setting {
    members: Members,
    committee: Committee,
    chain: ChainId,
    pub(crate) mode: Mode,
    epochs: EpochRule,
    /// Signatures cost and prove nothing.
    #[cfg(medshare_test_signatures)]
    simulated: bool,
}

impl Setting {
    /// Milliseconds between two ticks of a replica.
    pub const RESEND_MS: u64 = 200;

    /// Milliseconds after which an idle chain gets a block.
    pub const HEARTBEAT_MS: u64 = 1_000;

    /// The first `members` organisations of [`Members::new`].
    ///
    /// # Errors
    /// [`DecodeError`] for fewer than 4 or more than 1024.
    pub fn new(members: u16) -> Result<Self, DecodeError> {
        Self::of(Members::new(members))
    }

    /// Members whose signatures cost and prove nothing.
    ///
    /// # Errors
    /// As [`Self::new`].
    #[cfg(medshare_test_signatures)]
    pub fn simulated(members: u16) -> Result<Self, DecodeError> {
        let keys = (0..members).map(SigningKey::simulated);
        let setting = Self::of(Members::of_keys(keys))?;
        Ok(Self {
            simulated: true,
            ..setting
        })
    }

    fn of(members: Members) -> Result<Self, DecodeError> {
        Ok(Self {
            committee: members.genesis().committee()?,
            chain: members.chain(),
            members,
            mode: Mode::Credit,
            epochs: EpochRule::default(),
            #[cfg(medshare_test_signatures)]
            simulated: false,
        })
    }

    /// Adds organisations without a seat.
    ///
    /// # Errors
    /// [`DecodeError`] for more than 1024 organisations.
    pub fn with_candidates(mut self, candidates: u16) -> Result<Self, DecodeError> {
        let seats = u16::try_from(self.committee.members().len()).unwrap_or(u16::MAX);
        let parameters = ChainParameters {
            committee_size: seats,
            ..ChainParameters::default()
        };
        let all = self.with_count(seats.saturating_add(candidates));
        self.members = all.with_parameters(parameters);
        self.committee = self.members.genesis().committee()?;
        self.chain = self.members.chain();
        Ok(self)
    }

    fn with_count(&self, organisations: u16) -> Members {
        #[cfg(medshare_test_signatures)]
        if self.simulated {
            return Members::of_keys((0..organisations).map(SigningKey::simulated));
        }
        Members::new(organisations)
    }

    /// Sets when epochs end.
    #[must_use]
    pub const fn with_epochs(mut self, epochs: EpochRule) -> Self {
        self.epochs = epochs;
        self
    }

    /// The rule by which epochs end.
    #[must_use]
    pub const fn epochs(&self) -> EpochRule {
        self.epochs
    }

    /// The organisations in the order of their numbers.
    #[must_use]
    pub const fn members(&self) -> &Members {
        &self.members
    }

    /// The committee of epoch 0.
    #[must_use]
    pub const fn committee(&self) -> &Committee {
        &self.committee
    }

    /// The chain that votes and headers name.
    #[must_use]
    pub const fn chain(&self) -> ChainId {
        self.chain
    }

    /// The signing key of a seat.
    #[must_use]
    pub fn key(&self, seat: ReplicaId) -> &SigningKey {
        self.members.key(seat.0)
    }

    /// The signing key that a member registers for an epoch.
    #[must_use]
    pub fn key_in(&self, replica: ReplicaId, epoch: Epoch) -> SigningKey {
        if epoch == Epoch(0) {
            return self.key(replica).clone();
        }
        #[cfg(medshare_test_signatures)]
        if self.simulated {
            // Distinct while there are fewer than 64 organisations and 1,024 epochs.
            let epoch = u16::try_from(epoch.0 % 1_024).unwrap_or_default();
            return SigningKey::simulated(epoch * 64 + replica.0);
        }
        let fields = [replica.0.to_le_bytes().as_slice(), &epoch.0.to_le_bytes()].concat();
        let seed = digest("medshare/testkit/epoch-key/v1", &[&fields]);
        SigningKey::from_seed(seed.as_bytes())
    }

    /// The founding time of the chain.
    #[must_use]
    pub const fn created(&self) -> Timestamp {
        self.members.genesis().created
    }

    /// The configuration of one replica.
    #[must_use]
    pub fn config(&self, replica: ReplicaId) -> Config {
        Config {
            replica,
            signing_keys: vec![self.key(replica).clone()],
            chain: self.chain,
            parameters: self.members.genesis().parameters,
            resend_ms: Self::RESEND_MS,
            heartbeat_ms: Self::HEARTBEAT_MS,
        }
    }

    /// The tip that every ledger starts from.
    #[must_use]
    pub fn genesis(&self) -> Tip {
        let state = digest("medshare/testkit/genesis-state/v1", &[]);
        let all = self.members.genesis().voters().unwrap_or_default();
        let committee = self.committee.clone();
        let candidates = all.into_iter().skip(committee.members().len());
        let size = self.members.genesis().parameters.committee_size;
        let record = ChainRecord::new(self.mode, self.epochs, committee, candidates, size);
        Tip::genesis(self.created(), state, Digest::ZERO, record)
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
