//! Interfaces to key stores and signers: asynchronous, so that an HSM or a vault can implement them.

use core::error::Error;
use core::future::Future;
use core::pin::Pin;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::hash::Digest;
use crate::sign::{Signature, SigningKey, VerifyingKey};
use crate::text::excerpt;

/// A boxed future that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A secret that could not be read, written or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyStoreError {
    /// The passphrase is wrong, or the store was altered: the two look alike.
    #[error("the key store {store} cannot be unlocked: wrong passphrase, or altered")]
    Locked {
        /// The file or device.
        store: String,
    },
    /// Where the store was, none is: its folder is empty, its volume not mounted.
    #[error(
        "the key store {store} is empty or not mounted; mount it, or restore it from a backup; \
         nothing was written to it"
    )]
    Missing {
        /// The folder or device.
        store: String,
    },
    /// Where the store was, another is.
    #[error(
        "the key store {store} is not the one that was opened; mount that one; \
         nothing was written to it"
    )]
    Foreign {
        /// The folder or device.
        store: String,
    },
    /// The store has entries, and lacks what unlocks them.
    #[error(
        "the key store {store} has entries, and the file that unlocks them is missing; \
         restore that file from a backup; nothing was written to it"
    )]
    MissingLock {
        /// The file that is missing.
        store: String,
    },
    /// The entry was altered, or was stored under another name.
    #[error(
        "the entry {name:?} of the key store was altered{}; restore it from a backup",
        told(file)
    )]
    Altered {
        /// Name of the entry.
        name: String,
        /// The file that holds it, in a store of files.
        file: Option<PathBuf>,
    },
    /// The store cannot hold an entry with this name.
    #[error("{:?} is not a valid name of an entry", excerpt(name))]
    InvalidName {
        /// The name, as given.
        name: String,
    },
    /// [`KeyStore::create`] found an entry, which stays as it is.
    #[error("the key store has an entry {name:?} already; load it")]
    AlreadyExists {
        /// Name of the entry.
        name: String,
    },
    /// The medium failed: a file, a device, a vault.
    #[error("the key store cannot {operation}")]
    Medium {
        /// The failed operation and its object, as a verb phrase.
        operation: String,
        /// The error of the medium.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

fn told(file: &Option<PathBuf>) -> String {
    let told = |file: &PathBuf| format!(", in the file {}", file.display());
    file.as_ref().map(told).unwrap_or_default()
}

/// Longest name of an entry, in bytes. Every [`KeyStore`] holds names from one byte to this length.
pub const MAX_ENTRY_NAME_LEN: usize = 256;

/// Stores secrets by name. Implementations encrypt at rest and erase dropped secrets.
///
/// A secret that is drawn where none is found goes through [`load_or_create`]: between a look and a
/// [`store`](Self::store), another caller may have stored one and used it.
pub trait KeyStore: Send + Sync {
    /// Loads the secret with that name; `None` when there is none. A store that is away (a volume
    /// that is not mounted, a vault that was emptied) has no absent entries: it fails, for one with
    /// [`KeyStoreError::Missing`]. Callers draw a new secret where they are told `None`.
    fn load<'a>(
        &'a self,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<Zeroizing<Vec<u8>>>, KeyStoreError>>;

    /// Stores a secret durably and atomically, replacing an entry with the same name.
    fn store<'a>(
        &'a self,
        name: &'a str,
        secret: &'a [u8],
    ) -> BoxFuture<'a, Result<(), KeyStoreError>>;

    /// Stores a secret durably where no entry has the name, else fails with
    /// [`KeyStoreError::AlreadyExists`] and changes nothing. Look and write are one step, also
    /// against other processes with the same store: of several calls at once, one succeeds.
    fn create<'a>(
        &'a self,
        name: &'a str,
        secret: &'a [u8],
    ) -> BoxFuture<'a, Result<(), KeyStoreError>>;
}

/// The secret with that name; where there is none, the one that `draw` makes is stored. Callers at
/// once all get the same secret.
///
/// # Errors
/// Those of the key store.
pub async fn load_or_create(
    keys: &dyn KeyStore,
    name: &str,
    draw: impl FnOnce() -> Zeroizing<Vec<u8>> + Send,
) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
    if let Some(found) = keys.load(name).await? {
        return Ok(found);
    }
    let drawn = draw();
    match keys.create(name, &drawn).await {
        Ok(()) => Ok(drawn),
        Err(KeyStoreError::AlreadyExists { name }) => match keys.load(&name).await? {
            Some(found) => Ok(found),
            None => Err(KeyStoreError::AlreadyExists { name }),
        },
        Err(error) => Err(error),
    }
}

/// Signs with the key of one identity.
pub trait Signer: Send + Sync {
    /// Verifies the signatures of [`Self::sign`].
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
