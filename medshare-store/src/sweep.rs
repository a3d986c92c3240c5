//! Removal of payloads that no record names, and of files that no object became: the remains of
//! interrupted seals.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use medshare_host::clock;
use medshare_types::Timestamp;
use medshare_types::keystore::BoxFuture;

use crate::backend::Store;
use crate::error::{Result, StoreError};
use crate::objects::PayloadName;
use crate::probe::sweep_probes;
use crate::transfer::remove;

/// Removes the payloads of a store that have not changed for `age` and that `standing` finds to
/// belong to no record of this store, and staging files beside others. Payloads that this
/// process is sealing stay. Returns the number of payloads removed, or the first failure: after one
/// that concerns a payload, the sweep goes on with the others.
///
/// # Errors
/// The first failure of the store or of `standing`.
pub async fn sweep<'a, E: From<StoreError>>(
    store: &Store,
    age: Duration,
    standing: impl Fn(PayloadName, Timestamp) -> BoxFuture<'a, Result<Standing, E>> + Send,
) -> Result<usize, E> {
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
        let standing = standing(payload, settled).await?;
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
        Some(error) => Err(E::from(error)),
    }
}

/// What is known of a payload that has not changed since a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A record names the payload, and this store among those that hold it.
    Registered,
    /// No record names the payload or, where one does, this store: it is what a failure left.
    Orphan,
    /// Not known at that moment or later.
    Unproven,
}
