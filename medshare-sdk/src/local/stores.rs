//! The object store of each member: in its folder, unless the caller has given another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use medshare_types::Genesis;

use crate::deadlines::Deadlines;
use crate::error::{Error, Result};
use crate::local::folder;
use medshare_store::backend::{Owner, Store};
use medshare_store::location::{RecordStore, StoreLocation};
use medshare_store::marker::Occasion;

/// The stores that the caller has given, by the members' names.
#[derive(Default)]
pub(super) struct MemberStores(BTreeMap<String, RecordStore>);

impl MemberStores {
    pub(super) fn give(&mut self, member: String, store: RecordStore) {
        self.0.insert(member, store);
    }

    /// Refuses a store of a name that no member has.
    pub(super) fn check<'a>(&self, members: impl IntoIterator<Item = &'a String>) -> Result<()> {
        let members: BTreeSet<_> = members.into_iter().map(String::as_str).collect();
        match self.0.keys().find(|name| !members.contains(name.as_str())) {
            Some(name) => Err(Error::unknown_organisation(
                name,
                "the members are",
                members,
            )),
            None => Ok(()),
        }
    }

    pub(super) fn of(&self, root: &Path, member: &str) -> RecordStore {
        match self.0.get(member) {
            Some(given) => given.clone(),
            None => StoreLocation::Folder(folder::member_objects(root, member)).into(),
        }
    }

    /// Marks each member's store as its own, before there is anything to lose.
    pub(super) async fn prepare(&self, root: &Path, genesis: &Genesis) -> Result<()> {
        let chain = genesis.chain_id();
        for member in &genesis.members {
            let name = member.name.clone();
            let given = self.of(root, &name);
            let id = member.organisation();
            let owner = Owner { id, name, chain };
            let store = Store::new(owner, given, Deadlines::default().store);
            store.prepare(Occasion::Founding).await?;
        }
        Ok(())
    }
}
