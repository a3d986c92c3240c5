//! A key store that lives as long as its value.

use std::collections::BTreeMap;
use std::sync::Mutex;

use zeroize::Zeroizing;

use super::{BoxFuture, KeyStore, KeyStoreError};

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
        let found = self.with_entries(|entries| entries.get(name).cloned());
        Box::pin(std::future::ready(Ok(found)))
    }

    fn store<'a>(
        &'a self,
        name: &'a str,
        secret: &'a [u8],
    ) -> BoxFuture<'a, Result<(), KeyStoreError>> {
        let secret = Zeroizing::new(secret.to_vec());
        self.with_entries(|entries| entries.insert(name.to_owned(), secret));
        Box::pin(std::future::ready(Ok(())))
    }
}
