//! The object stores of a consortium, and the copies of its records.

use std::time::Duration;

use futures::future::join_all;

use super::Consortium;
use crate::error::Result;
use crate::record::RecordRef;
use crate::repair::{Intent, RecordCopies, examine};
use crate::sweep::{StoreSweep, sweep};
use medshare_store::probe::{StoreHealth, health_of};

impl Consortium {
    /// Tries each store that the application was given, all at once: reading, writing, replacing,
    /// uploading, listing and deleting objects of its own. Returns their states in the order of
    /// seats.
    ///
    /// Never fails: a store that does not answer is one of the states.
    pub async fn stores(&self) -> Vec<StoreHealth> {
        let members = self.context.chain.genesis().members.iter();
        let stores = members.filter_map(|member| self.context.stores.get(&member.organisation()));
        join_all(stores.map(health_of)).await
    }

    /// Looks at each copy of a record's version: every object of it in every store that the record
    /// names, compared with the chain. Reads each copy once, and changes nothing.
    ///
    /// # Errors
    /// [`Error::Denied`](crate::Error::Denied) for a record that the chain does not have,
    /// [`Error::ContentTooLong`](crate::Error::ContentTooLong), or why the state could not be read. A
    /// store that fails is a state of its copy.
    pub async fn check(&self, record: impl Into<RecordRef>) -> Result<RecordCopies> {
        examine(&self.context, self.home(), record.into(), Intent::Look).await
    }

    /// As [`Self::check`], and restores what is missing or altered in a store out of the others, as
    /// far as they have it: segment by segment, in constant memory but for 32 bytes a segment. Each
    /// object is replaced whole or not at all, and looked at again. Needs no key: everything is
    /// ciphertext.
    ///
    /// Only stores that the record names are restored. The contract has no call yet that moves a
    /// record to other stores: where a store is gone for good, give the organisation a new one and
    /// [prepare](crate::Organisation::prepare_store) it, then repair each of its records.
    ///
    /// # Errors
    /// As [`Self::check`]; a copy that could not be restored is a state of it.
    pub async fn repair(&self, record: impl Into<RecordRef>) -> Result<RecordCopies> {
        examine(&self.context, self.home(), record.into(), Intent::Restore).await
    }

    /// Sweeps the store of each organisation that the application acts for, all at once, as
    /// [`Organisation::sweep_orphans`](crate::Organisation::sweep_orphans). A store that fails or
    /// hangs keeps no other from being swept. Organisations whose store the application was not
    /// given are left out.
    pub async fn sweep_orphans(&self, age: Duration) -> Vec<StoreSweep> {
        let genesis = self.context.chain.genesis();
        let members = self.context.own_organisations();
        let own = members.filter_map(|name| {
            let (seat, member) = genesis.member_named(name)?;
            Some((seat, self.context.stores.get(&member.organisation())?))
        });
        let swept = own.map(|(seat, store)| async move {
            StoreSweep {
                organisation: store.owner().name.clone(),
                removed: sweep(&self.context.chain, seat, store, age).await,
            }
        });
        join_all(swept).await
    }
}
