//! A key store that lives as long as its value.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Mutex;

use zeroize::Zeroizing;

use super::{BoxFuture, KeyStore, KeyStoreError, check_name};

/// Keeps secrets in memory, for tests and short-lived consortia. Dropping it erases them.
#[derive(Default)]
pub struct MemoryKeyStore {
    entries: Mutex<BTreeMap<String, Zeroizing<Vec<u8>>>>,
}

impl MemoryKeyStore {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn with_entries<T>(
        &self,
        act: impl FnOnce(&mut BTreeMap<String, Zeroizing<Vec<u8>>>) -> T,
    ) -> T {
        // Nothing panics while the lock is held, so a poisoned lock still guards a whole map.
        act(&mut self
            .entries
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl std::fmt::Debug for MemoryKeyStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = self.with_entries(|entries| entries.len());
        write!(f, "MemoryKeyStore({count} secrets)")
    }
}

impl KeyStore for MemoryKeyStore {
    fn load<'a>(
        &'a self,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<Zeroizing<Vec<u8>>>, KeyStoreError>> {
        let found =
            check_name(name).map(|()| self.with_entries(|entries| entries.get(name).cloned()));
        Box::pin(std::future::ready(found))
    }

    fn store<'a>(
        &'a self,
        name: &'a str,
        secret: &'a [u8],
    ) -> BoxFuture<'a, Result<(), KeyStoreError>> {
        let secret = Zeroizing::new(secret.to_vec());
        let stored = check_name(name).map(|()| {
            self.with_entries(|entries| entries.insert(name.to_owned(), secret));
        });
        Box::pin(std::future::ready(stored))
    }

    fn create<'a>(
        &'a self,
        name: &'a str,
        secret: &'a [u8],
    ) -> BoxFuture<'a, Result<(), KeyStoreError>> {
        let secret = Zeroizing::new(secret.to_vec());
        let created = check_name(name).and_then(|()| {
            self.with_entries(|entries| match entries.entry(name.to_owned()) {
                Entry::Vacant(entry) => {
                    entry.insert(secret);
                    Ok(())
                }
                Entry::Occupied(entry) => Err(KeyStoreError::AlreadyExists {
                    name: entry.key().clone(),
                }),
            })
        });
        Box::pin(std::future::ready(created))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MAX_ENTRY_NAME_LEN, load_or_create};
    use super::*;

    #[tokio::test]
    async fn create_never_replaces_an_entry() {
        let store = MemoryKeyStore::new();
        store.create("a", b"first").await.unwrap();
        let error = store.create("a", b"second").await.unwrap_err();
        assert!(
            matches!(&error, KeyStoreError::AlreadyExists { name } if name == "a"),
            "{error}"
        );
        assert_eq!(store.load("a").await.unwrap().unwrap().as_slice(), b"first");
        let drawn = || unreachable!("there is an entry");
        let found = load_or_create(&store, "a", drawn).await.unwrap();
        assert_eq!(found.as_slice(), b"first");
    }

    #[tokio::test]
    async fn names_are_held_up_to_the_limit() {
        let store = MemoryKeyStore::new();
        let longest = "x".repeat(MAX_ENTRY_NAME_LEN);
        store.create(&longest, b"").await.unwrap();
        for name in ["", &format!("{longest}x")] {
            let refusals = [
                store.create(name, b"").await,
                store.store(name, b"").await,
                store.load(name).await.map(drop),
            ];
            for refused in refusals {
                let error = refused.unwrap_err();
                assert!(
                    matches!(error, KeyStoreError::InvalidName { .. }),
                    "{error}"
                );
            }
        }
    }
}
