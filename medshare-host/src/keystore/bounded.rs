//! Deadlines around the caller's key stores and signers: one that hangs fails the call.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use medshare_types::keystore::{BoxFuture, KeyStore, KeyStoreError, Signer};
use medshare_types::{Digest, Signature, VerifyingKey};
use tokio::time::timeout;
use zeroize::Zeroizing;

/// A key store or signer with a deadline for each answer. One that lets it pass failed: the answer is
/// [`KeyStoreError::Medium`], and what was asked for may happen yet.
pub struct Bounded<T: ?Sized> {
    inner: Arc<T>,
    deadline: Duration,
}

impl<T: ?Sized> Bounded<T> {
    /// Gives `inner` this long for each answer.
    #[must_use]
    pub const fn new(inner: Arc<T>, deadline: Duration) -> Self {
        Self { inner, deadline }
    }

    async fn within<R>(
        &self,
        operation: impl FnOnce() -> String,
        answer: BoxFuture<'_, Result<R, KeyStoreError>>,
    ) -> Result<R, KeyStoreError> {
        timeout(self.deadline, answer).await.unwrap_or_else(|_| {
            let text = format!("no answer within {} ms", self.deadline.as_millis());
            Err(KeyStoreError::Medium {
                operation: operation(),
                source: io::Error::new(io::ErrorKind::TimedOut, text).into(),
            })
        })
    }
}

impl KeyStore for Bounded<dyn KeyStore> {
    fn load<'a>(
        &'a self,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<Zeroizing<Vec<u8>>>, KeyStoreError>> {
        let answer = self.inner.load(name);
        Box::pin(self.within(move || format!("load {name:?}"), answer))
    }

    fn store<'a>(
        &'a self,
        name: &'a str,
        secret: &'a [u8],
    ) -> BoxFuture<'a, Result<(), KeyStoreError>> {
        let answer = self.inner.store(name, secret);
        Box::pin(self.within(move || format!("store {name:?}"), answer))
    }

    fn create<'a>(
        &'a self,
        name: &'a str,
        secret: &'a [u8],
    ) -> BoxFuture<'a, Result<(), KeyStoreError>> {
        let answer = self.inner.create(name, secret);
        Box::pin(self.within(move || format!("create {name:?}"), answer))
    }
}

impl Signer for Bounded<dyn Signer> {
    fn verifying_key(&self) -> VerifyingKey {
        self.inner.verifying_key()
    }

    fn sign<'a>(
        &'a self,
        statement: &'a Digest,
    ) -> BoxFuture<'a, Result<Signature, KeyStoreError>> {
        let answer = self.inner.sign(statement);
        Box::pin(self.within(|| "sign".to_owned(), answer))
    }
}

impl<T: ?Sized> std::fmt::Debug for Bounded<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bounded")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
