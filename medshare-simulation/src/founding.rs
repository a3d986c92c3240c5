//! The members of a run, and their disks.

use std::collections::BTreeMap;

use medshare_host::keystore::{KeyStore as _, MemoryKeyStore};
use medshare_node::NodeSecrets;
use medshare_node::secrets::{HOLDER_KEY, SIGNING_KEY};
use medshare_testkit::fixtures::{CREATED, Members, rng};
use medshare_types::genesis::ChainParameters;
use medshare_types::{SigningKey, Timestamp};

use crate::disk::Disk;

/// Secrets of a machine, by name.
pub(crate) type Secrets = BTreeMap<String, Vec<u8>>;

/// A consortium, at some moment of its life.
#[derive(Clone)]
pub(crate) struct Consortium {
    pub(crate) members: Members,
    /// Disk and secrets of each seat.
    pub(crate) machines: Vec<(Disk, Secrets)>,
    /// Later than all that happened.
    pub(crate) now: Timestamp,
}

/// Epochs as short as the size of the committee allows.
const SHORT_EPOCHS: ChainParameters = ChainParameters {
    precision_ms: 500,
    message_delay_ms: 2_000,
    ticket_lifetime_ms: 120_000,
    committee_size: 1024,
    epoch_min_ms: 0,
    epoch_min_heights: 0,
};

/// Organisations with keys and nothing else.
pub(crate) fn unfounded(members: u16) -> Consortium {
    let secrets: Vec<_> = (0..members)
        .map(|seat| NodeSecrets::random(&mut rng(seat.into())))
        .collect();
    let stored: Vec<_> = secrets.iter().map(stored).collect();
    let keys = stored.iter().map(signing_key);
    let holder_keys = secrets.iter().map(NodeSecrets::holder_public);
    Consortium {
        members: Members::of_keys(keys)
            .with_holder_keys(holder_keys)
            .with_parameters(SHORT_EPOCHS),
        machines: stored
            .into_iter()
            .map(|secrets| (Disk::default(), secrets))
            .collect(),
        now: CREATED.plus_millis(1_000),
    }
}

#[expect(
    clippy::expect_used,
    reason = "a store in memory has what was put there"
)]
fn stored(secrets: &NodeSecrets) -> Secrets {
    let keys = MemoryKeyStore::new();
    let work = async {
        secrets.store(&keys).await.expect("an empty store");
        let mut entries = Secrets::new();
        for name in [SIGNING_KEY, HOLDER_KEY] {
            let secret = keys.load(name).await.expect("a store");
            entries.insert(name.to_owned(), secret.expect("a key").to_vec());
        }
        entries
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(work)
}

#[expect(clippy::expect_used, reason = "a seed of 32 bytes")]
fn signing_key(secrets: &Secrets) -> SigningKey {
    let seed = secrets[SIGNING_KEY].as_slice();
    SigningKey::from_seed(seed.try_into().expect("32 bytes"))
}
