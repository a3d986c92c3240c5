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
//! Key and encryption are those of [`crate::passphrase`]. Only the owner may read the files. An
//! attacker who can write to the folder can remove an entry, or put back an older one of the same
//! name; it cannot forge one.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{RandomSource, Wire};
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
pub struct PassphraseKeyStore {
    folder: PathBuf,
    key: Arc<PassphraseKey>,
}

impl PassphraseKeyStore {
    /// Opens the store in `folder`, or creates it there. Cost: one Argon2id, on a blocking thread.
    ///
    /// # Errors
    /// [`KeyStoreError::Locked`] for another passphrase or an altered store,
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
            let key = open_or_create(&folder.join("store"), &passphrase, cost)?;
            Ok(Self {
                folder,
                key: Arc::new(key),
            })
        })
        .await?
    }

    fn path_of(&self, name: &str) -> Result<PathBuf, KeyStoreError> {
        check_name(name)?;
        Ok(self.folder.join(self.key.pseudonym(name).to_string()))
    }

    /// Encrypts a secret and hands its path and bytes to `put`, on a blocking thread.
    fn put(
        &self,
        name: &str,
        secret: &[u8],
        put: fn(&str, &Path, &[u8]) -> Result<(), KeyStoreError>,
    ) -> BoxFuture<'static, Result<(), KeyStoreError>> {
        let path = self.path_of(name);
        let key = Arc::clone(&self.key);
        let name = name.to_owned();
        let secret = Zeroizing::new(secret.to_vec());
        Box::pin(async move {
            let path = path?;
            blocking(move || {
                let sealed = key
                    .encrypt(&context(&name), &secret, &mut os_random())
                    .map_err(failed)?;
                let bytes = Entry { sealed }.to_wire();
                if bytes.len() > Entry::MAX_LEN {
                    return Err(failed(PassphraseError::TooLong));
                }
                put(&name, &path, &bytes)
            })
            .await?
        })
    }
}

impl std::fmt::Debug for PassphraseKeyStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PassphraseKeyStore({})", self.folder.display())
    }
}

impl KeyStore for PassphraseKeyStore {
    fn load<'a>(
        &'a self,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<Zeroizing<Vec<u8>>>, KeyStoreError>> {
        let path = self.path_of(name);
        let key = Arc::clone(&self.key);
        let name = name.to_owned();
        Box::pin(async move {
            let path = path?;
            blocking(move || {
                let Some(bytes) = read(&path)? else {
                    return Ok(None);
                };
                let opened = Entry::from_wire(&bytes)
                    .ok()
                    .and_then(|entry| key.decrypt(&context(&name), &entry.sealed).ok());
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

fn open_or_create(
    path: &Path,
    passphrase: &str,
    cost: PassphraseCost,
) -> Result<PassphraseKey, KeyStoreError> {
    if let Some(bytes) = read(path)? {
        return unlock(path, &bytes, passphrase);
    }
    let mut rng = os_random();
    let salt = rng.array();
    let key = PassphraseKey::derive(passphrase, &salt, cost).map_err(failed)?;
    let check = key.encrypt(&Lock::KIND, &[], &mut rng).map_err(failed)?;
    #[expect(clippy::expect_used, reason = "an empty secret grows by the overhead")]
    let check = check.try_into().expect("OVERHEAD bytes");
    let lock = Lock { cost, salt, check };
    match files::create(path, &lock.to_wire(), Readers::Owner) {
        Ok(()) => Ok(key),
        // Another process created the store first: its salt counts.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let bytes = std::fs::read(path).map_err(|error| file_failed(path, error))?;
            unlock(path, &bytes, passphrase)
        }
        Err(error) => Err(file_failed(path, error)),
    }
}

fn unlock(path: &Path, bytes: &[u8], passphrase: &str) -> Result<PassphraseKey, KeyStoreError> {
    let locked = || KeyStoreError::Locked {
        store: path.display().to_string(),
    };
    let lock = Lock::from_wire(bytes).map_err(|_| locked())?;
    let key = PassphraseKey::derive(passphrase, &lock.salt, lock.cost).map_err(failed)?;
    match key.decrypt(&Lock::KIND, &lock.check) {
        Ok(_) => Ok(key),
        Err(_) => Err(locked()),
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
    async fn secrets_survive_and_neither_they_nor_their_names_show() {
        let folder = tempfile::tempdir().unwrap();
        let store = PassphraseKeyStore::open(folder.path(), "open sesame", CHEAP)
            .await
            .unwrap();
        store.store("dr-lee", b"a very secret key").await.unwrap();
        drop(store);
        let store = PassphraseKeyStore::open(folder.path(), "open sesame", CHEAP)
            .await
            .unwrap();
        assert_eq!(
            store.load("dr-lee").await.unwrap().unwrap().as_slice(),
            b"a very secret key"
        );
        assert!(store.load("dr-who").await.unwrap().is_none());
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let entry = entry.unwrap();
            assert!(!entry.file_name().to_string_lossy().contains("lee"));
            let bytes = std::fs::read(entry.path()).unwrap();
            assert!(!bytes.windows(6).any(|window| window == b"secret"));
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_the_owner_may_read_and_parallel_writes_leave_one_whole_value() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let store = PassphraseKeyStore::open(&path, "right", CHEAP)
            .await
            .unwrap();
        let one = vec![1; 1000];
        let two = vec![2; 1000];
        for _ in 0..20 {
            let (a, b) = tokio::join!(store.store("name", &one), store.store("name", &two));
            a.and(b).unwrap();
            let found = store.load("name").await.unwrap().unwrap();
            assert!(*found == one || *found == two);
        }
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o700);
        let entries: Vec<_> = std::fs::read_dir(&path)
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(
            entries.len(),
            2,
            "the store and one entry, nothing left beside"
        );
        assert!(entries.iter().all(|entry| mode(&entry.path()) == 0o600));
    }

    #[tokio::test]
    async fn stores_created_at_once_in_one_folder_are_one_store() {
        let folder = tempfile::tempdir().unwrap();
        let open = || PassphraseKeyStore::open(folder.path(), "right", CHEAP);
        let (one, two) = tokio::join!(open(), open());
        one.unwrap().store("name", b"secret").await.unwrap();
        let found = two.unwrap().load("name").await.unwrap();
        assert_eq!(found.unwrap().as_slice(), b"secret");
    }

    #[tokio::test]
    async fn secrets_drawn_at_once_are_one_secret() {
        use crate::keystore::load_or_create;

        let folder = tempfile::tempdir().unwrap();
        let open = || PassphraseKeyStore::open(folder.path(), "right", CHEAP);
        let (one, two) = (open().await.unwrap(), open().await.unwrap());
        for round in 0..20 {
            let name = format!("entry {round}");
            let draw = |secret: u8| move || Zeroizing::new(vec![secret]);
            let (first, second) = tokio::join!(
                load_or_create(&one, &name, draw(1)),
                load_or_create(&two, &name, draw(2))
            );
            assert_eq!(first.unwrap(), second.unwrap());
        }
    }

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
