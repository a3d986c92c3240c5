//! The keys that an organisation votes with, one an epoch, in its key store.
//!
//! The first epoch is voted in with the organisation's own key. For every later one a key is drawn, made
//! durable, and then registered. Two entries take turns: the key of epoch e replaces that of e − 2, whose
//! last block is durable by then, unless the member still votes with it. So a thief of a key store finds
//! the keys of two epochs, and cannot sign another history of earlier ones.

use medshare_types::keystore::KeyStore;
use medshare_types::{Epoch, RandomSource, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::error::NodeError;
use crate::secrets::{EVEN_VOTING_KEY, ODD_VOTING_KEY};

/// Bytes of an entry: the epoch, little-endian, and the seed.
const ENTRY_LEN: usize = 8 + 32;

/// A key and the first epoch that it is for.
pub(crate) struct VotingKey {
    pub(crate) epoch: Epoch,
    pub(crate) key: SigningKey,
}

const fn entry(epoch: Epoch) -> &'static str {
    if epoch.0.is_multiple_of(2) {
        EVEN_VOTING_KEY
    } else {
        ODD_VOTING_KEY
    }
}

/// The keys in a key store, of at most two epochs.
///
/// # Errors
/// [`NodeError::ForeignSecret`] for an entry that holds no key, [`NodeError::KeyStore`].
pub(crate) async fn load(keys: &dyn KeyStore) -> Result<Vec<VotingKey>, NodeError> {
    let mut found = Vec::new();
    for name in [EVEN_VOTING_KEY, ODD_VOTING_KEY] {
        let Some(bytes) = keys.load(name).await? else {
            continue;
        };
        let decoded = decode(&bytes).filter(|held| entry(held.epoch) == name);
        found.push(decoded.ok_or(NodeError::ForeignSecret { name })?);
    }
    Ok(found)
}

/// True where drawing the key of `next` erases none that the committee goes on with. A member that
/// registered no key for an epoch votes with an older one, which may lie in the entry: then the next
/// epoch gets none either, and the one after has the other entry.
pub(crate) fn may_draw(held: &[VotingKey], next: Epoch, in_use: Option<&VerifyingKey>) -> bool {
    let mut held = held.iter();
    !held.any(|held| entry(held.epoch) == entry(next) && in_use == Some(&held.key.verifying_key()))
}

/// Draws the key of an epoch and makes it durable in place of that of two epochs before.
///
/// # Errors
/// [`NodeError::KeyStore`]; then there is no new key.
pub(crate) async fn draw(
    keys: &dyn KeyStore,
    epoch: Epoch,
    rng: &mut (impl RandomSource + Send),
) -> Result<VotingKey, NodeError> {
    let key = SigningKey::random(rng);
    let mut bytes = Zeroizing::new([0; ENTRY_LEN]);
    bytes[..8].copy_from_slice(&epoch.0.to_le_bytes());
    bytes[8..].copy_from_slice(&**key.seed());
    keys.store(entry(epoch), &*bytes).await?;
    Ok(VotingKey { epoch, key })
}

fn decode(bytes: &[u8]) -> Option<VotingKey> {
    let (epoch, seed) = bytes.split_first_chunk::<8>()?;
    let seed = Zeroizing::new(<[u8; 32]>::try_from(seed).ok()?);
    Some(VotingKey {
        epoch: Epoch(u64::from_le_bytes(*epoch)),
        key: SigningKey::from_seed(&seed),
    })
}

#[cfg(test)]
mod tests {
    use medshare_host::keystore::MemoryKeyStore;
    use medshare_host::os_random;

    use super::*;

    #[tokio::test]
    async fn a_key_replaces_that_of_two_epochs_before_and_no_other() {
        let keys = MemoryKeyStore::new();
        assert!(load(&keys).await.unwrap().is_empty());
        let mut drawn = Vec::new();
        for epoch in 1..5 {
            drawn.push(draw(&keys, Epoch(epoch), &mut os_random()).await.unwrap());
            let mut found = load(&keys).await.unwrap();
            found.sort_by_key(|held| held.epoch);
            let kept = &drawn[drawn.len().saturating_sub(2)..];
            let of = |held: &VotingKey| (held.epoch, held.key.verifying_key());
            let found: Vec<_> = found.iter().map(of).collect();
            assert_eq!(found, kept.iter().map(of).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_key_that_the_committee_goes_on_with_is_not_erased() {
        let held = [4, 5].map(|epoch| VotingKey {
            epoch: Epoch(epoch),
            key: SigningKey::from_seed(&[u8::try_from(epoch).unwrap(); 32]),
        });
        let [fourth, fifth] = held.each_ref().map(|held| held.key.verifying_key());
        // In epoch 5: the member registered none for it, or did.
        assert!(!may_draw(&held, Epoch(6), Some(&fourth)));
        assert!(may_draw(&held, Epoch(6), Some(&fifth)));
        // In epoch 6, still with the key of epoch 4.
        assert!(may_draw(&held, Epoch(7), Some(&fourth)));
        assert!(may_draw(&held, Epoch(6), None), "without a seat");
    }

    #[tokio::test]
    async fn an_entry_that_holds_no_key_of_its_epochs_is_named() {
        let odd = [&1u64.to_le_bytes()[..], &[7; 32]].concat();
        for bytes in [b"short".to_vec(), vec![0; 41], odd] {
            let keys = MemoryKeyStore::new();
            keys.store(EVEN_VOTING_KEY, &bytes).await.unwrap();
            let error = load(&keys).await.map(drop).unwrap_err();
            assert!(
                matches!(error, NodeError::ForeignSecret { name } if name == EVEN_VOTING_KEY),
                "{error}"
            );
        }
    }
}
