//! A node's secrets, and their names in a key store.

use medshare_threshold::HolderKeyPair;
use medshare_types::keystore::{KeyStore, load_or_create};
use medshare_types::{Genesis, OrganisationId, RandomSource, ReplicaId, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::error::NodeError;

/// The seed of the key that signs the organisation's votes and transactions, 32 bytes.
pub const SIGNING_KEY: &str = "organisation/signing-key";
/// The private key that shares of gate keys are encrypted to.
pub const HOLDER_KEY: &str = "organisation/holder-key";
/// The node's share of the gate key, once the ceremony is over.
pub const GATE_SHARE: &str = "organisation/gate-share";

/// The key that the organisation votes with in an epoch with an even number but the first, 40 bytes: the
/// epoch and a seed.
pub const EVEN_VOTING_KEY: &str = "organisation/voting-key-even";
/// As [`EVEN_VOTING_KEY`], for epochs with an odd number.
pub const ODD_VOTING_KEY: &str = "organisation/voting-key-odd";

/// Tells that the node has begun a ledger and a log, and may have voted: where one of them is missing,
/// it was lost.
pub const TOOK_PART: &str = "organisation/took-part";

/// The keys that a node needs to start.
pub struct NodeSecrets {
    pub(crate) organisation: OrganisationId,
    pub(crate) signing_key: SigningKey,
    pub(crate) holder_key: HolderKeyPair,
}

impl NodeSecrets {
    /// Draws an organisation's keys. A node finds them once they are in its key store.
    #[must_use]
    pub fn random(rng: &mut impl RandomSource) -> Self {
        let signing_key = SigningKey::random(rng);
        let organisation = OrganisationId::of_key(&signing_key.verifying_key());
        Self {
            organisation,
            signing_key,
            holder_key: HolderKeyPair::random(rng),
        }
    }

    /// The public key that verifies the organisation's votes and transactions.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.signing_key.verifying_key()
    }

    /// The public key that shares are encrypted to.
    #[must_use]
    pub fn holder_public(&self) -> medshare_types::G1Bytes {
        self.holder_key.public()
    }

    /// Puts the keys into a key store that has none.
    ///
    /// # Errors
    /// [`NodeError::KeyStore`], with [`KeyStoreError::AlreadyExists`] where an organisation has its
    /// keys: they are never replaced.
    ///
    /// [`KeyStoreError::AlreadyExists`]: medshare_types::keystore::KeyStoreError::AlreadyExists
    pub async fn store(&self, keys: &dyn KeyStore) -> Result<(), NodeError> {
        keys.create(SIGNING_KEY, &**self.signing_key.seed()).await?;
        keys.create(HOLDER_KEY, &*self.holder_key.to_bytes())
            .await?;
        Ok(())
    }

    /// The keys in a key store; those that it lacks are drawn and stored. A founding that was
    /// interrupted goes on with the keys that it drew.
    ///
    /// # Errors
    /// [`NodeError::ForeignSecret`] for an entry that holds no key, [`NodeError::KeyStore`].
    pub async fn load_or_create(
        keys: &dyn KeyStore,
        rng: &mut impl RandomSource,
    ) -> Result<Self, NodeError> {
        let foreign = |name| NodeError::ForeignSecret { name };
        let drawn = Self::random(rng);
        let seed = || Zeroizing::new(drawn.signing_key.seed().to_vec());
        let seed = load_or_create(keys, SIGNING_KEY, seed).await?;
        let seed = seed.as_slice().try_into();
        let signing_key = SigningKey::from_seed(seed.map_err(|_| foreign(SIGNING_KEY))?);
        let bytes = || Zeroizing::new(drawn.holder_key.to_bytes().to_vec());
        let bytes = load_or_create(keys, HOLDER_KEY, bytes).await?;
        let holder_key = <&[u8; 32]>::try_from(bytes.as_slice())
            .ok()
            .and_then(|bytes| HolderKeyPair::from_bytes(bytes).ok())
            .ok_or_else(|| foreign(HOLDER_KEY))?;
        Ok(Self {
            organisation: OrganisationId::of_key(&signing_key.verifying_key()),
            signing_key,
            holder_key,
        })
    }

    /// Loads the keys of the node at `seat` from a key store.
    ///
    /// # Errors
    /// [`NodeError::MissingSecret`], [`NodeError::ForeignSecret`], [`NodeError::KeyStore`].
    pub async fn load(
        keys: &dyn KeyStore,
        genesis: &Genesis,
        seat: ReplicaId,
    ) -> Result<Self, NodeError> {
        let seed = secret(keys, SIGNING_KEY).await?;
        let foreign = |name| NodeError::ForeignSecret { name };
        let seed: &[u8; 32] = seed
            .as_slice()
            .try_into()
            .map_err(|_| foreign(SIGNING_KEY))?;
        let signing_key = SigningKey::from_seed(seed);
        let member = genesis
            .members
            .get(seat.index())
            .filter(|member| member.key == signing_key.verifying_key())
            .ok_or_else(|| foreign(SIGNING_KEY))?;
        let bytes = secret(keys, HOLDER_KEY).await?;
        let holder_key = <&[u8; 32]>::try_from(bytes.as_slice())
            .ok()
            .and_then(|bytes| HolderKeyPair::from_bytes(bytes).ok())
            .filter(|pair| pair.public() == member.holder_key)
            .ok_or_else(|| foreign(HOLDER_KEY))?;
        Ok(Self {
            organisation: member.organisation(),
            signing_key,
            holder_key,
        })
    }
}

impl std::fmt::Debug for NodeSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NodeSecrets({})", self.organisation)
    }
}

async fn secret(keys: &dyn KeyStore, name: &'static str) -> Result<Zeroizing<Vec<u8>>, NodeError> {
    keys.load(name)
        .await?
        .ok_or(NodeError::MissingSecret { name })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use medshare_host::keystore::MemoryKeyStore;
    use medshare_host::os_random;
    use medshare_types::keystore::KeyStoreError;

    use super::*;

    #[tokio::test]
    async fn keys_are_drawn_once_and_never_replaced() {
        let keys = MemoryKeyStore::new();
        let drawn = NodeSecrets::load_or_create(&keys, &mut os_random())
            .await
            .unwrap();
        let other = NodeSecrets::random(&mut os_random());
        let error = other.store(&keys).await.unwrap_err();
        assert!(
            matches!(
                error,
                NodeError::KeyStore(KeyStoreError::AlreadyExists { .. })
            ),
            "{error}"
        );
        let found = NodeSecrets::load_or_create(&keys, &mut os_random())
            .await
            .unwrap();
        assert_eq!(found.verifying_key(), drawn.verifying_key());
        assert_eq!(found.holder_public(), drawn.holder_public());

        keys.store(HOLDER_KEY, b"not a key").await.unwrap();
        let error = NodeSecrets::load_or_create(&keys, &mut os_random())
            .await
            .unwrap_err();
        assert!(
            matches!(error, NodeError::ForeignSecret { name } if name == HOLDER_KEY),
            "{error}"
        );
    }
}
