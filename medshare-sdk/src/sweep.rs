//! Sweeping objects that no record names: what an interrupted seal left behind.

use std::time::Duration;

use medshare_contract::keys;
use medshare_contract::state::RecordState;

use crate::clock;
use crate::error::{Error, Result};
use crate::objects::{Part, PayloadName};
use crate::organisation::Organisation;

impl Organisation {
    /// Removes objects from this organisation's own store that belong to no registered payload and
    /// have not changed for `age`. Returns how many payloads were swept.
    ///
    /// That a payload is not registered is read by proof, so no member can have live objects removed. Keep
    /// `age` longer than any seal takes: its objects are there before the chain knows of them.
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
        let changed_before = clock::now().minus_millis(age).as_millis();
        let mut swept = 0;
        for (payload, changed) in store.payloads().await? {
            if changed >= changed_before || self.is_registered(payload).await? {
                continue;
            }
            for part in Part::ALL {
                store.delete(payload.object(part)).await?;
            }
            swept += 1;
        }
        Ok(swept)
    }

    async fn is_registered(&self, payload: PayloadName) -> Result<bool> {
        let chain = &self.consortium.inner.chain;
        let found: Option<RecordState> = chain
            .read(self.home, keys::record(&payload.record, payload.version))
            .await?;
        Ok(found.is_some_and(|record| record.preamble == payload.preamble))
    }
}
