//! Sweeping stores by what the chain names.

use std::time::Duration;

use medshare_contract::keys;
use medshare_contract::state::RecordState;
use medshare_store::backend::Store;
use medshare_store::objects::PayloadName;
use medshare_store::sweep::{self, Standing};
use medshare_types::keystore::BoxFuture;
use medshare_types::{ReplicaId, Timestamp};

use crate::chain::Chain;
use crate::error::Result;

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

/// Sweeps a store of payloads that a block of a later time proves to belong to no record of this
/// store. Returns the number of payloads removed.
pub(crate) async fn sweep(
    chain: &Chain,
    home: ReplicaId,
    store: &Store,
    age: Duration,
) -> Result<usize> {
    let known = |payload, settled| -> BoxFuture<'_, Result<Standing>> {
        Box::pin(standing(chain, home, store, payload, settled))
    };
    sweep::sweep(store, age, known).await
}

/// A block of the settled time or later proves that the chain names another payload or none; or the
/// chain names this payload and other stores: a copy that failed while it was sealed.
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
