//! Removal of objects that no record names: the remains of interrupted seals.

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
/// unregistered. Returns their number.
pub(crate) async fn sweep(
    chain: &Chain,
    home: ReplicaId,
    store: &Store,
    age: Duration,
) -> Result<usize> {
    // An age beyond all representable time is never reached.
    let age_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
    let mut swept = 0;
    for (payload, changed) in store.payloads().await? {
        let settled = changed.plus_millis(age_ms);
        if settled > clock::now() || !is_orphan(chain, home, payload, settled).await? {
            continue;
        }
        for kind in ObjectKind::ALL {
            store.delete(payload.object(kind)).await?;
        }
        swept += 1;
    }
    Ok(swept)
}

/// Returns true if a block of `settled` or later proves that the chain names another payload or none.
async fn is_orphan(
    chain: &Chain,
    home: ReplicaId,
    payload: PayloadName,
    settled: Timestamp,
) -> Result<bool> {
    let key = keys::record(&payload.record, payload.version);
    let (found, proven_at): (Option<RecordState>, _) = chain.read_dated(home, key).await?;
    let registered = found.is_some_and(|record| record.preamble == payload.preamble);
    Ok(!registered && proven_at >= settled)
}
