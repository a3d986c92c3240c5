//! Sweeping objects that no record names: what an interrupted seal left behind.

use std::time::Duration;

use medshare_contract::keys;
use medshare_contract::state::RecordState;
use medshare_types::Timestamp;

use crate::error::{Error, Result};
use crate::organisation::Organisation;
use crate::store::objects::{Part, PayloadName};
use medshare_host::clock;

impl Organisation {
    /// Removes objects from this organisation's own store that belong to no registered payload and
    /// have not changed for `age`. Returns how many payloads were swept.
    ///
    /// Keep `age` longer than any seal takes: its objects are there before the chain knows of
    /// them. A payload counts as unregistered only by the proof of a block that is later than its
    /// last change by `age`, so that neither a member that lags nor one that shows an old state
    /// can have live objects removed. On an idle chain, sweeping waits for the next block.
    ///
    /// # Errors
    /// [`Error::ObjectStore`], or why the state could not be read.
    pub async fn sweep_orphans(&self, age: Duration) -> Result<usize> {
        let inner = &self.consortium.inner;
        let unknown = || Error::UnknownOrganisation {
            name: self.name.clone(),
        };
        let store = inner.stores.get(&self.id).ok_or_else(unknown)?;
        let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        let mut swept = 0;
        for (payload, changed) in store.payloads().await? {
            let settled = Timestamp::from_millis(changed).plus_millis(age);
            if settled > clock::now() || !self.is_orphan(payload, settled).await? {
                continue;
            }
            for part in Part::ALL {
                store.delete(payload.object(part)).await?;
            }
            swept += 1;
        }
        Ok(swept)
    }

    /// Whether a block of `settled` or later proves that the chain names another payload or none.
    async fn is_orphan(&self, payload: PayloadName, settled: Timestamp) -> Result<bool> {
        let chain = &self.consortium.inner.chain;
        let key = keys::record(&payload.record, payload.version);
        let (found, proven_at): (Option<RecordState>, _) = chain.read_dated(self.home, key).await?;
        let registered = found.is_some_and(|record| record.preamble == payload.preamble);
        Ok(!registered && proven_at >= settled)
    }
}
