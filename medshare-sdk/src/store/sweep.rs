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

/// Removes the payloads of a store that have not changed for `age` and that a later block proves
/// unregistered, and staging files beside registered ones. Payloads that this process is sealing
/// stay. Returns the number of payloads removed.
pub(crate) async fn sweep(
    chain: &Chain,
    home: ReplicaId,
    store: &Store,
    age: Duration,
) -> Result<usize> {
    // An age beyond all representable time is never reached.
    let age_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
    let mut payloads = store.payloads().await?;
    let mut staged: BTreeMap<PayloadName, Vec<PathBuf>> = BTreeMap::new();
    for file in store.staging_files().await? {
        let newest = payloads.entry(file.payload).or_insert(file.changed);
        *newest = file.changed.max(*newest);
        staged.entry(file.payload).or_default().push(file.path);
    }
    let mut swept = 0;
    for (payload, changed) in payloads {
        let settled = changed.plus_millis(age_ms);
        if settled > clock::now() || store.is_sealing(&payload) {
            continue;
        }
        let standing = standing(chain, home, payload, settled).await?;
        if standing == Standing::Unproven {
            continue;
        }
        if let Some(files) = staged.remove(&payload) {
            store.remove_staging(files).await?;
        }
        if standing == Standing::Orphan {
            for kind in ObjectKind::ALL {
                store.delete(payload.object(kind)).await?;
            }
            swept += 1;
        }
    }
    Ok(swept)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// The chain names the payload.
    Registered,
    /// A block of the settled time or later proves that the chain names another payload or none.
    Orphan,
    /// No block so late was shown yet.
    Unproven,
}

async fn standing(
    chain: &Chain,
    home: ReplicaId,
    payload: PayloadName,
    settled: Timestamp,
) -> Result<Standing> {
    let key = keys::record(&payload.record, payload.version);
    let (found, proven_at): (Option<RecordState>, _) = chain.read_dated(home, key).await?;
    Ok(match found {
        Some(record) if record.preamble == payload.preamble => Standing::Registered,
        _ if proven_at >= settled => Standing::Orphan,
        _ => Standing::Unproven,
    })
}
