//! Removal of objects that no record names, and of files that no object became: the remains of
//! interrupted seals.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use medshare_contract::keys;
use medshare_contract::state::RecordState;
use medshare_host::clock;
use medshare_types::{ReplicaId, Timestamp};

use crate::chain::Chain;
use crate::error::Result;
use crate::store::backend::Store;
use crate::store::objects::{ObjectKind, PayloadName};
use crate::store::probe::sweep_probes;

/// The sweep of one organisation's store, from
/// [`Consortium::sweep_orphans`](crate::Consortium::sweep_orphans).
#[derive(Debug)]
#[non_exhaustive]
pub struct StoreSweep {
    /// The organisation's name, as in the genesis.
    pub organisation: String,
    /// The number of payloads removed, or the first failure. The sweep went on after it as far as
    /// the store allowed.
    pub removed: Result<usize>,
}

/// Removes the payloads of a store that have not changed for `age` and that a later block proves
/// to belong to no record of this store, and staging files beside others. Payloads that this
/// process is sealing stay. Returns the number of payloads removed, or the first failure: after one
/// that concerns a payload, the sweep goes on with the others.
pub(crate) async fn sweep(
    chain: &Chain,
    home: ReplicaId,
    store: &Store,
    age: Duration,
) -> Result<usize> {
    // Without it, objects of another consortium would count as orphans.
    store.check_marker().await?;
    // An age beyond all representable time is never reached.
    let age_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
    let mut payloads = store.payloads().await?;
    let mut staged: BTreeMap<PayloadName, Vec<PathBuf>> = BTreeMap::new();
    let mut others = Vec::new();
    for file in store.staging_files().await? {
        match file.payload {
            Some(payload) => {
                let newest = payloads.entry(payload).or_insert(file.changed);
                *newest = file.changed.max(*newest);
                staged.entry(payload).or_default().push(file.path);
            }
            None if file.changed.plus_millis(age_ms) <= clock::now() => others.push(file.path),
            None => {}
        }
    }
    let mut failure = None;
    let mut note = |result: Result<()>| {
        if let Err(error) = result {
            tracing::warn!(%error, "the sweep of a store goes on without an object");
            failure.get_or_insert(error);
        }
    };
    note(store.remove_staging(others).await);
    note(sweep_probes(store, clock::now(), age).await);
    let mut swept = 0;
    for (payload, changed) in payloads {
        let settled = changed.plus_millis(age_ms);
        if settled > clock::now() || store.is_sealing(&payload) {
            continue;
        }
        let standing = standing(chain, home, store, payload, settled).await?;
        if standing == Standing::Unproven {
            continue;
        }
        if let Some(files) = staged.remove(&payload) {
            note(store.remove_staging(files).await);
        }
        if standing == Standing::Orphan {
            let removed = remove(store, payload).await;
            let failed = removed.is_err();
            swept += usize::from(!failed);
            note(removed);
            if failed && store.is_avoided() {
                // Each further request would wait for its whole deadline.
                break;
            }
        }
    }
    match failure {
        None => Ok(swept),
        Some(error) => Err(error),
    }
}

/// Removes every object of a payload; they need not exist.
pub(super) async fn remove(store: &Store, payload: PayloadName) -> Result<()> {
    for kind in ObjectKind::ALL {
        store.delete(payload.object(kind)).await?;
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// The chain names the payload, and this store among those that hold it.
    Registered,
    /// A block of the settled time or later proves that the chain names another payload or none, or
    /// the chain names this payload and other stores: a copy that failed while it was sealed.
    Orphan,
    /// No block so late was shown yet.
    Unproven,
}

async fn standing(
    chain: &Chain,
    home: ReplicaId,
    store: &Store,
    payload: PayloadName,
    settled: Timestamp,
) -> Result<Standing> {
    let key = keys::record(&payload.record, payload.version);
    let (found, proven_at): (Option<RecordState>, _) = chain.read_dated(home, key).await?;
    Ok(match found {
        Some(record) if record.preamble == payload.preamble => {
            // A registered record keeps its stores.
            if record.stores.contains(&store.owner().id) {
                Standing::Registered
            } else {
                Standing::Orphan
            }
        }
        _ if proven_at >= settled => Standing::Orphan,
        _ => Standing::Unproven,
    })
}
