//! Key stores of the caller's that hide entries, or hang where others are created.

use std::future::{pending, ready};
use std::sync::Arc;

use medshare_sdk::Zeroizing;
use medshare_sdk::keystore::{BoxFuture, KeyStore, KeyStoreError};

/// Any rule about the name of an entry.
type Rule = fn(&str) -> bool;

/// Another key store, but for the entries that the rules name.
pub struct OddKeyStore {
    real: Arc<dyn KeyStore>,
    hides: Rule,
    hangs: Rule,
}

impl OddKeyStore {
    /// Loads no entry that `hides` names.
    pub fn hiding(real: Arc<dyn KeyStore>, hides: Rule) -> Self {
        let hangs = |_: &str| false;
        Self { real, hides, hangs }
    }

    /// Never creates an entry that `hangs` names, and never says so.
    pub fn hanging(real: Arc<dyn KeyStore>, hangs: Rule) -> Self {
        let hides = |_: &str| false;
        Self { real, hides, hangs }
    }
}

impl KeyStore for OddKeyStore {
    fn load<'a>(
        &'a self,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<Zeroizing<Vec<u8>>>, KeyStoreError>> {
        if (self.hides)(name) {
            return Box::pin(ready(Ok(None)));
        }
        self.real.load(name)
    }

    fn store<'a>(
        &'a self,
        name: &'a str,
        secret: &'a [u8],
    ) -> BoxFuture<'a, Result<(), KeyStoreError>> {
        self.real.store(name, secret)
    }

    fn create<'a>(
        &'a self,
        name: &'a str,
        secret: &'a [u8],
    ) -> BoxFuture<'a, Result<(), KeyStoreError>> {
        if (self.hangs)(name) {
            return Box::pin(pending());
        }
        self.real.create(name, secret)
    }
}
