//! Where secrets are kept and who signs: asynchronous seams, so that an HSM or a vault fits.

use core::future::Future;
use core::pin::Pin;

use zeroize::Zeroizing;

use crate::hash::Digest;
use crate::sign::{Signature, SigningKey, VerifyingKey};

/// A boxed future that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why a secret could not be read, written or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyStoreError {
    /// The store exists but this passphrase does not open it, or it was altered.
    #[error("the key store cannot be unlocked: wrong passphrase, or altered")]
    Locked,
    /// An entry was altered, or belongs under another name.
    #[error("the entry {name} of the key store was altered")]
    Altered {
        /// Which entry.
        name: String,
    },
    /// A name that cannot be stored.
    #[error("{name:?} cannot name an entry of a key store")]
    InvalidName {
        /// The name.
        name: String,
    },
    /// The medium failed.
    #[error("the key store failed: {message}")]
    Medium {
        /// What it said.
        message: String,
    },
}

/// Keeps secrets by name. Implementations encrypt at rest and erase what they drop.
pub trait KeyStore: Send + Sync {
    /// The secret of that name, if there is one.
    fn load<'a>(
        &'a self,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<Zeroizing<Vec<u8>>>, KeyStoreError>>;

    /// Stores a secret durably; whole or not at all. Replaces one of the same name.
    fn store<'a>(
        &'a self,
        name: &'a str,
        secret: &'a [u8],
    ) -> BoxFuture<'a, Result<(), KeyStoreError>>;
}

/// Signs for one identity.
pub trait Signer: Send + Sync {
    /// The public key.
    fn verifying_key(&self) -> VerifyingKey;

    /// Signs a digest, deterministically (RFC 8032).
    fn sign<'a>(&'a self, statement: &'a Digest)
    -> BoxFuture<'a, Result<Signature, KeyStoreError>>;
}

impl Signer for SigningKey {
    fn verifying_key(&self) -> VerifyingKey {
        Self::verifying_key(self)
    }

    fn sign<'a>(
        &'a self,
        statement: &'a Digest,
    ) -> BoxFuture<'a, Result<Signature, KeyStoreError>> {
        Box::pin(core::future::ready(Ok(Self::sign(self, statement))))
    }
}
