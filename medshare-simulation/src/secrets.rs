//! The key store of a simulated machine: each entry is durable once it is stored.

use std::io;

use medshare_types::keystore::{BoxFuture, KeyStore, KeyStoreError};
use zeroize::Zeroizing;

use crate::report::Point;
use crate::world::{Life, State};

/// The key store of one life.
pub(crate) struct SimKeys(pub(crate) Life);

impl SimKeys {
    fn put(&self, name: &str, secret: &[u8], replaces: bool) -> Result<(), KeyStoreError> {
        let host = self.0.host;
        let put = |state: &mut State| {
            let secrets = &mut state.hosts[host].secrets;
            secrets.insert(name.to_owned(), secret.to_vec());
        };
        let known = self.0.on().map_err(medium)?.hosts[host]
            .secrets
            .contains_key(name);
        if known && !replaces {
            let name = name.to_owned();
            return Err(KeyStoreError::AlreadyExists { name });
        }
        let before_or_after = self.0.at(Point::Secret, |state, rng| {
            if rng.chance(500) {
                put(state);
            }
        });
        let mut state = before_or_after.map_err(medium)?;
        put(&mut state);
        Ok(())
    }
}

fn medium(source: io::Error) -> KeyStoreError {
    KeyStoreError::Medium {
        operation: "be reached".to_owned(),
        source: Box::new(source),
    }
}

impl KeyStore for SimKeys {
    fn load<'a>(
        &'a self,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<Zeroizing<Vec<u8>>>, KeyStoreError>> {
        let state = self.0.on().map_err(medium);
        let found = state.map(|state| state.hosts[self.0.host].secrets.get(name).cloned());
        let found = found.map(|secret| secret.map(Zeroizing::new));
        Box::pin(std::future::ready(found))
    }

    fn store<'a>(
        &'a self,
        name: &'a str,
        secret: &'a [u8],
    ) -> BoxFuture<'a, Result<(), KeyStoreError>> {
        Box::pin(std::future::ready(self.put(name, secret, true)))
    }

    fn create<'a>(
        &'a self,
        name: &'a str,
        secret: &'a [u8],
    ) -> BoxFuture<'a, Result<(), KeyStoreError>> {
        Box::pin(std::future::ready(self.put(name, secret, false)))
    }
}
