//! Organisations with fixed keys, and the chain that they found: the starting point of the tests
//! of every crate.
//!
//! A crate's own test setting is called `Fixture` and holds a [`Members`].
//!
//! ```
//! use medshare_testkit::fixtures::Members;
//! use medshare_types::id::ReplicaId;
//! use medshare_types::time::Timestamp;
//!
//! let members = Members::new(4).with_created(Timestamp::from_millis(5));
//! assert_eq!(members.committee().quorum().quorum(), 3);
//! assert_eq!(members.genesis().members[2].key, members.key(2).verifying_key());
//! assert_eq!(members.committee().replica_of(&members.organisation(2)), Some(ReplicaId(2)));
//! ```

use medshare_types::certificate::{Ballot, CommitCertificate, Phase};
use medshare_types::committee::Committee;
use medshare_types::genesis::{ChainParameters, Genesis, GenesisAuthority, GenesisMember};
use medshare_types::hash::digest;
use medshare_types::header::BlockHeader;
use medshare_types::id::{ChainId, OrganisationId, ReplicaId};
use medshare_types::point::G1Bytes;
use medshare_types::sign::{SigningKey, VerifyingKey};
use medshare_types::time::Timestamp;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

/// The creation time of a [`Members`] chain unless [`Members::with_created`] sets another.
pub const CREATED: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// A cryptographic generator with a fixed seed.
#[must_use]
pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// The signing key of seat `seat` in [`Members::new`].
#[must_use]
pub fn signing_key(seat: u16) -> SigningKey {
    let seed = digest("medshare/testkit/key/v1", &[&seat.to_le_bytes()]);
    SigningKey::from_seed(seed.as_bytes())
}

/// The founding organisations of a chain, with their signing keys.
///
/// Seats are given as numbers from 0. Methods panic for a seat that does not exist.
#[derive(Clone, Debug)]
pub struct Members {
    keys: Vec<SigningKey>,
    genesis: Genesis,
}

impl Members {
    /// `count` organisations with the keys of [`signing_key`].
    #[must_use]
    pub fn new(count: u16) -> Self {
        Self::of_keys((0..count).map(signing_key))
    }

    /// Organisations with these keys, in the order of their seats.
    ///
    /// They are called `member-0`, `member-1`, …; their holder keys are zero bytes, which decode to
    /// no point. Tests that encrypt to holders call [`Members::with_holder_keys`].
    #[must_use]
    pub fn of_keys(keys: impl IntoIterator<Item = SigningKey>) -> Self {
        let keys: Vec<_> = keys.into_iter().collect();
        let member = |(seat, key): (usize, &SigningKey)| GenesisMember {
            name: format!("member-{seat}"),
            key: key.verifying_key(),
            holder_key: G1Bytes([0; 48]),
        };
        let genesis = Genesis {
            salt: [0; 32],
            created: CREATED,
            members: keys.iter().enumerate().map(member).collect(),
            authority: GenesisAuthority { parameters: vec![] },
            parameters: ChainParameters::default(),
        };
        Self { keys, genesis }
    }

    /// Sets the public keys that shares of gate keys are encrypted to, one a seat.
    #[must_use]
    pub fn with_holder_keys(mut self, holder_keys: impl IntoIterator<Item = G1Bytes>) -> Self {
        let holder_keys: Vec<_> = holder_keys.into_iter().collect();
        assert_eq!(holder_keys.len(), self.keys.len(), "one holder key a seat");
        for (member, holder_key) in self.genesis.members.iter_mut().zip(holder_keys) {
            member.holder_key = holder_key;
        }
        self
    }

    /// Sets the salt, so that the same organisations found another chain.
    #[must_use]
    pub const fn with_salt(mut self, salt: [u8; 32]) -> Self {
        self.genesis.salt = salt;
        self
    }

    /// Sets when the chain was founded.
    #[must_use]
    pub const fn with_created(mut self, created: Timestamp) -> Self {
        self.genesis.created = created;
        self
    }

    /// Sets the encoded public parameters of the attribute authority.
    #[must_use]
    pub fn with_authority(mut self, parameters: Vec<u8>) -> Self {
        self.genesis.authority = GenesisAuthority { parameters };
        self
    }

    /// Sets the chain's numbers.
    #[must_use]
    pub const fn with_parameters(mut self, parameters: ChainParameters) -> Self {
        self.genesis.parameters = parameters;
        self
    }

    /// The seats from 0, one an organisation.
    pub fn seats(&self) -> impl Iterator<Item = ReplicaId> + use<> {
        (0..).map(ReplicaId).take(self.keys.len())
    }

    /// The signing keys in the order of the seats.
    #[must_use]
    pub fn keys(&self) -> &[SigningKey] {
        &self.keys
    }

    /// The signing key of a seat.
    #[must_use]
    pub fn key(&self, seat: u16) -> &SigningKey {
        &self.keys[usize::from(seat)]
    }

    /// The organisation in a seat.
    #[must_use]
    pub fn organisation(&self, seat: u16) -> OrganisationId {
        self.genesis.members[usize::from(seat)].organisation()
    }

    /// Every organisation with its verifying key, in the order of the seats.
    #[must_use]
    pub fn verifying_keys(&self) -> Vec<(OrganisationId, VerifyingKey)> {
        let members = self.genesis.members.iter();
        members.map(|m| (m.organisation(), m.key)).collect()
    }

    /// The genesis, which clients of the chain start from.
    #[must_use]
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The identifier that [`Members::genesis`] gives the chain.
    #[must_use]
    pub fn chain(&self) -> ChainId {
        self.genesis.chain_id()
    }

    /// The committee of epoch 0.
    ///
    /// # Panics
    /// With fewer than 4 or more than 1024 organisations.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "a test fixture; the panic is documented"
    )]
    pub fn committee(&self) -> Committee {
        self.genesis.committee().expect("4 to 1024 distinct keys")
    }

    /// The certificate of `header` with the commits of `seats`, which must ascend to be valid.
    #[must_use]
    pub fn certify(&self, header: &BlockHeader, seats: &[u16]) -> CommitCertificate {
        let ballot = Ballot {
            epoch: header.epoch,
            view: header.view,
            height: header.height,
            digest: header.digest(),
        };
        let statement = ballot.statement(&header.chain, Phase::Commit);
        let vote = |seat: &u16| (ReplicaId(*seat), self.key(*seat).sign(&statement));
        CommitCertificate {
            ballot,
            votes: seats.iter().map(vote).collect(),
        }
    }
}
