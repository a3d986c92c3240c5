//! A folder of secrets, each encrypted under a key derived from a passphrase.
//!
//! ```text
//! folder/store     "mKST" ‖ version ‖ suite ‖ memory KiB u32le ‖ passes u32le ‖ salt (16) ‖ check (80)
//! folder/<name>    "mKEY" ‖ version ‖ suite ‖ u32le length ‖ encrypted secret
//!
//! key    = Argon2id(passphrase, salt, memory, passes, 1 lane)
//! <name> = the key's pseudonym of the entry's name: a listing does not show the owners
//! entry  = encrypted under the key, bound to "mKEY" ‖ the entry's name
//! check  = an empty secret bound to "mKST": a wrong passphrase fails at once
//! ```
//!
//! The file `store` tells the store from an empty folder, over which a volume was to be mounted, and
//! from another store. It is compared with what was opened wherever an entry is absent, and before
//! one is written.
//!
//! Key and encryption are those of [`crate::passphrase`]. Only the owner may read the files. An
//! attacker who can write to the folder can remove an entry, or put back an older one of the same
//! name; it cannot forge one.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{Digest, RandomSource, Wire};
use zeroize::Zeroizing;

use super::{BoxFuture, KeyStore, KeyStoreError, check_name};
use crate::blocking::{TaskError, blocking};
use crate::files::{self, Readers};
use crate::passphrase::{OVERHEAD, PassphraseCost, PassphraseError, PassphraseKey, SALT_LEN};
use crate::random::os_random;

/// The file `store`: all that the folder's key needs beside the passphrase.
#[derive(BorshSerialize, BorshDeserialize)]
struct Lock {
    cost: PassphraseCost,
    salt: [u8; SALT_LEN],
    check: [u8; OVERHEAD],
}

impl Wire for Lock {
    const KIND: [u8; 4] = *b"mKST";
    const MAX_LEN: usize = 128;
}

/// A file with one secret.
#[derive(BorshSerialize, BorshDeserialize)]
struct Entry {
    sealed: Vec<u8>,
}

impl Wire for Entry {
    const KIND: [u8; 4] = *b"mKEY";
    const MAX_LEN: usize = 1 << 24;
}

/// Keeps secrets in a folder, encrypted under a passphrase.
///
/// A folder that goes away while the store is open (an unmounted volume), or is replaced by another
/// store's, is [`KeyStoreError::Missing`] or [`KeyStoreError::Foreign`], never the absence of an
/// entry.
pub struct PassphraseKeyStore {
    shared: Arc<Shared>,
}

struct Shared {
    folder: PathBuf,
    key: PassphraseKey,
    /// The file `store`, as it was opened.
    lock: Vec<u8>,
}

impl PassphraseKeyStore {
    /// Opens the store in `folder`, or creates it there where the folder is empty or absent. Cost:
    /// one Argon2id, on a blocking thread.
    ///
    /// A path that was mistyped is a new store too: an application that has run before opens by
    /// [`Self::open_existing`].
    ///
    /// # Errors
    /// [`KeyStoreError::Locked`] for another passphrase or an altered store,
    /// [`KeyStoreError::MissingLock`] for a folder with entries and without the file `store`,
    /// [`KeyStoreError::Medium`] when the folder cannot be read or written, or the cost is out of
    /// bounds.
    pub async fn open(
        folder: impl Into<PathBuf>,
        passphrase: &str,
        cost: PassphraseCost,
    ) -> Result<Self, KeyStoreError> {
        let folder = folder.into();
        let passphrase = Zeroizing::new(passphrase.to_owned());
        blocking(move || {
            files::create_private_folder(&folder).map_err(|error| file_failed(&folder, error))?;
            files::sweep(&folder);
            match find(&folder)? {
                Some(lock) => Self::unlock(folder, lock, &passphrase),
                None => Self::create(folder, &passphrase, cost),
            }
        })
        .await?
    }

    /// Opens the store that was created in `folder`, and creates nothing. Cost: as [`Self::open`].
    ///
    /// # Errors
    /// [`KeyStoreError::Missing`] where there is none, and those of [`Self::open`].
    pub async fn open_existing(
        folder: impl Into<PathBuf>,
        passphrase: &str,
    ) -> Result<Self, KeyStoreError> {
        let folder = folder.into();
        let passphrase = Zeroizing::new(passphrase.to_owned());
        blocking(move || match find(&folder)? {
            Some(lock) => {
                files::sweep(&folder);
                Self::unlock(folder, lock, &passphrase)
            }
            None => Err(missing(&folder)),
        })
        .await?
    }

    fn create(
        folder: PathBuf,
        passphrase: &str,
        cost: PassphraseCost,
    ) -> Result<Self, KeyStoreError> {
        let mut rng = os_random();
        let salt = rng.array();
        let key = PassphraseKey::derive(passphrase, &salt, cost).map_err(failed)?;
        let check = key.encrypt(&Lock::KIND, &[], &mut rng).map_err(failed)?;
        #[expect(clippy::expect_used, reason = "an empty secret grows by the overhead")]
        let check = check.try_into().expect("OVERHEAD bytes");
        let lock = Lock { cost, salt, check }.to_wire();
        let path = lock_path(&folder);
        match files::create(&path, &lock, Readers::Owner) {
            Ok(()) => Ok(Self::new(folder, key, lock)),
            // Another process created the store first: its salt counts.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let lock = std::fs::read(&path).map_err(|error| file_failed(&path, error))?;
                Self::unlock(folder, lock, passphrase)
            }
            Err(error) => Err(file_failed(&path, error)),
        }
    }

    fn unlock(folder: PathBuf, bytes: Vec<u8>, passphrase: &str) -> Result<Self, KeyStoreError> {
        let locked = || KeyStoreError::Locked {
            store: lock_path(&folder).display().to_string(),
        };
        let lock = Lock::from_wire(&bytes).map_err(|_| locked())?;
        let key = PassphraseKey::derive(passphrase, &lock.salt, lock.cost).map_err(|_| locked())?;
        key.decrypt(&Lock::KIND, &lock.check)
            .map_err(|_| locked())?;
        Ok(Self::new(folder, key, bytes))
    }

    fn new(folder: PathBuf, key: PassphraseKey, lock: Vec<u8>) -> Self {
        let shared = Shared { folder, key, lock };
        Self {
            shared: Arc::new(shared),
        }
    }

    fn path_of(&self, name: &str) -> Result<PathBuf, KeyStoreError> {
        check_name(name)?;
        let entry = self.shared.key.pseudonym(name).to_string();
        Ok(self.shared.folder.join(entry))
    }

    /// Encrypts a secret and hands its path and bytes to `put`, on a blocking thread.
    fn put(
        &self,
        name: &str,
        secret: &[u8],
        put: fn(&str, &Path, &[u8]) -> Result<(), KeyStoreError>,
    ) -> BoxFuture<'static, Result<(), KeyStoreError>> {
        let path = self.path_of(name);
        let shared = Arc::clone(&self.shared);
        let name = name.to_owned();
        let secret = Zeroizing::new(secret.to_vec());
        Box::pin(async move {
            let path = path?;
            blocking(move || {
                let context = context(&name);
                let sealed = shared
                    .key
                    .encrypt(&context, &secret, &mut os_random())
                    .map_err(failed)?;
                let bytes = Entry { sealed }.to_wire();
                if bytes.len() > Entry::MAX_LEN {
                    return Err(failed(PassphraseError::TooLong));
                }
                shared.check_lock()?;
                put(&name, &path, &bytes)
            })
            .await?
        })
    }
}

impl Shared {
    /// Refuses a folder that is not the store's any more: none is mounted, or another.
    fn check_lock(&self) -> Result<(), KeyStoreError> {
        match read(&lock_path(&self.folder))? {
            Some(lock) if lock == self.lock => Ok(()),
            Some(_) => Err(KeyStoreError::Foreign {
                store: self.folder.display().to_string(),
            }),
            None => Err(missing(&self.folder)),
        }
    }

    /// The bytes of an entry. Absence is believed of the store alone: what comes back while it is
    /// looked for is found.
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, KeyStoreError> {
        if let Some(bytes) = read(path)? {
            return Ok(Some(bytes));
        }
        self.check_lock()?;
        read(path)
    }
}

impl std::fmt::Debug for PassphraseKeyStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PassphraseKeyStore({})", self.shared.folder.display())
    }
}

impl KeyStore for PassphraseKeyStore {
    fn load<'a>(
        &'a self,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<Zeroizing<Vec<u8>>>, KeyStoreError>> {
        let path = self.path_of(name);
        let shared = Arc::clone(&self.shared);
        let name = name.to_owned();
        Box::pin(async move {
            let path = path?;
            blocking(move || {
                let Some(bytes) = shared.read(&path)? else {
                    return Ok(None);
                };
                let opened = Entry::from_wire(&bytes)
                    .ok()
                    .and_then(|entry| shared.key.decrypt(&context(&name), &entry.sealed).ok());
                match opened {
                    Some(secret) => Ok(Some(secret)),
                    None => Err(KeyStoreError::Altered {
                        name,
                        file: Some(path),
                    }),
                }
            })
            .await?
        })
    }

    fn store<'a>(
        &'a self,
        name: &'a str,
        secret: &'a [u8],
    ) -> BoxFuture<'a, Result<(), KeyStoreError>> {
        self.put(name, secret, |_, path, bytes| {
            files::write(path, bytes, Readers::Owner).map_err(|error| file_failed(path, error))
        })
    }

    fn create<'a>(
        &'a self,
        name: &'a str,
        secret: &'a [u8],
    ) -> BoxFuture<'a, Result<(), KeyStoreError>> {
        self.put(name, secret, |name, path, bytes| {
            files::create(path, bytes, Readers::Owner).map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists => KeyStoreError::AlreadyExists {
                    name: name.to_owned(),
                },
                _ => file_failed(path, error),
            })
        })
    }
}

/// The context that an entry is encrypted under.
fn context(name: &str) -> Vec<u8> {
    [Entry::KIND.as_slice(), name.as_bytes()].concat()
}

/// The file `store` of a folder; nothing where a store could be created.
fn find(folder: &Path) -> Result<Option<Vec<u8>>, KeyStoreError> {
    files::check_path(folder).map_err(|error| file_failed(folder, error))?;
    let path = lock_path(folder);
    if let Some(lock) = read(&path)? {
        return Ok(Some(lock));
    }
    if !holds_entries(folder)? {
        return Ok(None);
    }
    // Another process may have created the store and its first entry since.
    match read(&path)? {
        Some(lock) => Ok(Some(lock)),
        None => Err(KeyStoreError::MissingLock {
            store: path.display().to_string(),
        }),
    }
}

fn holds_entries(folder: &Path) -> Result<bool, KeyStoreError> {
    let is_entry = |name: &str| name.parse::<Digest>().is_ok();
    match std::fs::read_dir(folder) {
        Ok(mut files) => files
            .try_fold(false, |found, file| {
                Ok(found || file?.file_name().to_str().is_some_and(is_entry))
            })
            .map_err(|error| file_failed(folder, error)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(file_failed(folder, error)),
    }
}

fn lock_path(folder: &Path) -> PathBuf {
    folder.join("store")
}

fn missing(folder: &Path) -> KeyStoreError {
    KeyStoreError::Missing {
        store: folder.display().to_string(),
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, KeyStoreError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file_failed(path, error)),
    }
}

fn file_failed(path: &Path, error: std::io::Error) -> KeyStoreError {
    KeyStoreError::Medium {
        operation: format!("use {}", path.display()),
        source: Box::new(error),
    }
}

fn failed(error: PassphraseError) -> KeyStoreError {
    KeyStoreError::Medium {
        operation: "encrypt under the passphrase".to_owned(),
        source: Box::new(error),
    }
}

impl From<TaskError> for KeyStoreError {
    fn from(error: TaskError) -> Self {
        Self::Medium {
            operation: "run its task".to_owned(),
            source: Box::new(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: PassphraseCost = PassphraseCost {
        memory_kib: 64,
        passes: 1,
    };

    #[tokio::test]
    async fn create_keeps_the_entry_that_is_there_even_a_damaged_one() {
        let folder = tempfile::tempdir().unwrap();
        let store = PassphraseKeyStore::open(folder.path(), "right", CHEAP)
            .await
            .unwrap();
        store.create("name", b"first").await.unwrap();
        let path = store.path_of("name").unwrap();
        for bytes in [std::fs::read(&path).unwrap(), b"damaged".to_vec()] {
            std::fs::write(&path, &bytes).unwrap();
            let error = store.create("name", b"second").await.unwrap_err();
            assert!(
                matches!(&error, KeyStoreError::AlreadyExists { name } if name == "name"),
                "{error}"
            );
            assert_eq!(std::fs::read(&path).unwrap(), bytes);
        }
        let files = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files, 2, "the store and one entry, nothing left beside");
    }

    #[tokio::test]
    async fn another_passphrase_and_alterations_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = PassphraseKeyStore::open(folder.path(), "right", CHEAP)
            .await
            .unwrap();
        store.store("a", b"secret of a").await.unwrap();
        store.store("b", b"secret of b").await.unwrap();
        let error = PassphraseKeyStore::open(folder.path(), "wrong", CHEAP)
            .await
            .unwrap_err();
        assert!(matches!(error, KeyStoreError::Locked { .. }), "{error}");
        let shown = folder.path().display().to_string();
        assert!(error.to_string().contains(&shown), "{error}");

        let a = store.path_of("a").unwrap();
        let b = store.path_of("b").unwrap();
        let bytes = std::fs::read(&a).unwrap();
        std::fs::write(&b, &bytes).unwrap();
        let error = store.load("b").await.unwrap_err();
        assert!(
            matches!(error, KeyStoreError::Altered { .. }),
            "swapped: {error}"
        );
        for at in [0, 5, 6, 10, 30, 50, 80, bytes.len() - 1] {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            std::fs::write(&a, &altered).unwrap();
            let error = store.load("a").await.unwrap_err();
            assert!(
                matches!(error, KeyStoreError::Altered { .. }),
                "byte {at}: {error}"
            );
        }
        std::fs::write(folder.path().join("store"), b"short").unwrap();
        let error = PassphraseKeyStore::open(folder.path(), "right", CHEAP)
            .await
            .unwrap_err();
        assert!(matches!(error, KeyStoreError::Locked { .. }), "{error}");
        let shown = folder.path().display().to_string();
        assert!(error.to_string().contains(&shown), "{error}");
    }
}
