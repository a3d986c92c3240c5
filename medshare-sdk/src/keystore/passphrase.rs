//! A folder of secrets, each encrypted under a key that a passphrase gives.
//!
//! ```text
//! folder/store     "mKST" ‖ version ‖ suite ‖ memory KiB u32le ‖ passes u32le ‖ salt (16) ‖ check (40)
//! folder/<name>    "mKEY" ‖ version ‖ suite ‖ nonce (24) ‖ ciphertext ‖ tag (16)
//!
//! key    = Argon2id(passphrase, salt, memory, passes, 1 lane), 32 bytes      (RFC 9106)
//! <name> = hex(SHA3-256(tag, key, entry name)): a listing does not say whose keys are kept
//! entry  = XChaCha20-Poly1305(key, nonce, AAD = "mKEY" header ‖ entry name)
//! check  = nonce ‖ tag of an empty message: a wrong passphrase is told at once
//! ```
//!
//! Only the owner may read the files. Whoever can write to the folder can still put an entry back
//! to an older one of the same name, or remove it; he cannot make one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use medshare_types::{RandomSource, hash};
use zeroize::Zeroizing;

use super::{BoxFuture, KeyStore, KeyStoreError};
use crate::files::{self, Readers};
use crate::random::os_random;

const STORE_HEADER: &[u8; 6] = b"mKST\x00\x01";
const ENTRY_HEADER: &[u8; 6] = b"mKEY\x00\x01";
const NONCE_LEN: usize = 24;
const TAG_LEN: usize = 16;
const STORE_LEN: usize = 6 + 8 + 16 + NONCE_LEN + TAG_LEN;
const CHECK_NAME: &str = "the store itself";
const MAX_NAME_LEN: usize = 256;

/// What it costs to try one passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassphraseCost {
    /// Memory, KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Default for PassphraseCost {
    /// 19 MiB and two passes, the first choice of OWASP's password storage cheat sheet.
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
        }
    }
}

impl PassphraseCost {
    /// The largest that a store may ask of whoever opens it: 1 GiB and 64 passes.
    const LIMIT: Self = Self {
        memory_kib: 1 << 20,
        passes: 64,
    };
}

/// Keeps secrets in a folder, encrypted under a passphrase.
pub struct PassphraseKeyStore {
    folder: PathBuf,
    key: Arc<Zeroizing<[u8; 32]>>,
}

impl PassphraseKeyStore {
    /// Opens the store in `folder`, or creates it there. Cost: one Argon2id, on a blocking thread.
    ///
    /// # Errors
    /// [`KeyStoreError::Locked`] for another passphrase or an altered store,
    /// [`KeyStoreError::Medium`] when the folder cannot be read or written.
    pub async fn open(
        folder: impl Into<PathBuf>,
        passphrase: &str,
        cost: PassphraseCost,
    ) -> Result<Self, KeyStoreError> {
        let folder = folder.into();
        let passphrase = Zeroizing::new(passphrase.to_owned());
        blocking(move || {
            files::create_private_folder(&folder).map_err(|error| medium(&folder, &error))?;
            let path = folder.join("store");
            let key = match read(&path)? {
                Some(bytes) => unlock(&bytes, passphrase.as_bytes())?,
                None => create(&path, passphrase.as_bytes(), cost)?,
            };
            Ok(Self {
                folder,
                key: Arc::new(key),
            })
        })
        .await
    }

    fn path_of(&self, name: &str) -> Result<PathBuf, KeyStoreError> {
        if name.is_empty() || name.len() > MAX_NAME_LEN {
            return Err(KeyStoreError::InvalidName {
                name: name.to_owned(),
            });
        }
        let fields: [&[u8]; 2] = [&**self.key, name.as_bytes()];
        let hidden = hash::digest("medshare/sdk/key-store-entry/v1", &fields);
        Ok(self.folder.join(hidden.to_string()))
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
        let (path, key, name) = (self.path_of(name), Arc::clone(&self.key), name.to_owned());
        Box::pin(blocking(move || {
            let Some(bytes) = read(&path?)? else {
                return Ok(None);
            };
            let sealed = bytes.strip_prefix(ENTRY_HEADER.as_slice());
            let opened = sealed.and_then(|sealed| decrypt(&key, &name, sealed));
            opened.map(Some).ok_or(KeyStoreError::Altered { name })
        }))
    }

    fn store<'a>(
        &'a self,
        name: &'a str,
        secret: &'a [u8],
    ) -> BoxFuture<'a, Result<(), KeyStoreError>> {
        let (path, key, name) = (self.path_of(name), Arc::clone(&self.key), name.to_owned());
        let secret = Zeroizing::new(secret.to_vec());
        Box::pin(blocking(move || {
            let mut bytes = ENTRY_HEADER.to_vec();
            bytes.extend_from_slice(&encrypt(&key, &name, &secret)?);
            write(&path?, &bytes)
        }))
    }
}

fn create(
    path: &Path,
    passphrase: &[u8],
    cost: PassphraseCost,
) -> Result<Zeroizing<[u8; 32]>, KeyStoreError> {
    let salt: [u8; 16] = os_random().array();
    let key = derive(passphrase, &salt, cost)?;
    let mut bytes = STORE_HEADER.to_vec();
    bytes.extend_from_slice(&cost.memory_kib.to_le_bytes());
    bytes.extend_from_slice(&cost.passes.to_le_bytes());
    bytes.extend_from_slice(&salt);
    bytes.extend_from_slice(&encrypt(&key, CHECK_NAME, &[])?);
    write(path, &bytes)?;
    Ok(key)
}

fn unlock(bytes: &[u8], passphrase: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeyStoreError> {
    if bytes.len() != STORE_LEN || bytes[..6] != STORE_HEADER[..] {
        return Err(KeyStoreError::Locked);
    }
    let number =
        |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let cost = PassphraseCost {
        memory_kib: number(6),
        passes: number(10),
    };
    let limit = PassphraseCost::LIMIT;
    if cost.memory_kib > limit.memory_kib || cost.passes > limit.passes {
        return Err(KeyStoreError::Locked);
    }
    let key = derive(passphrase, &bytes[14..30], cost)?;
    decrypt(&key, CHECK_NAME, &bytes[30..])
        .map(|_| key)
        .ok_or(KeyStoreError::Locked)
}

fn derive(
    passphrase: &[u8],
    salt: &[u8],
    cost: PassphraseCost,
) -> Result<Zeroizing<[u8; 32]>, KeyStoreError> {
    let refused = |error: argon2::Error| KeyStoreError::Medium {
        message: error.to_string(),
    };
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(32)).map_err(refused)?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase, salt, &mut *key)
        .map_err(refused)?;
    Ok(key)
}

fn associated_data(name: &str) -> Vec<u8> {
    [ENTRY_HEADER.as_slice(), name.as_bytes()].concat()
}

/// nonce ‖ ciphertext ‖ tag
fn encrypt(key: &[u8; 32], name: &str, secret: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
    let nonce: [u8; NONCE_LEN] = os_random().array();
    let aad = associated_data(name);
    let sealed = XChaCha20Poly1305::new(key.into())
        .encrypt(
            &XNonce::from(nonce),
            Payload {
                msg: secret,
                aad: &aad,
            },
        )
        .map_err(|_| KeyStoreError::Medium {
            message: "the secret is too long".to_owned(),
        })?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn decrypt(key: &[u8; 32], name: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let aad = associated_data(name);
    XChaCha20Poly1305::new(key.into())
        .decrypt(
            &XNonce::from(*nonce),
            Payload {
                msg: ciphertext,
                aad: &aad,
            },
        )
        .ok()
        .map(Zeroizing::new)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, KeyStoreError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(medium(path, &error)),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), KeyStoreError> {
    files::write_whole(path, bytes, Readers::Owner).map_err(|error| medium(path, &error))
}

fn medium(path: &Path, error: &std::io::Error) -> KeyStoreError {
    KeyStoreError::Medium {
        message: format!("{}: {error}", path.display()),
    }
}

async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, KeyStoreError> + Send + 'static,
) -> Result<T, KeyStoreError> {
    tokio::task::spawn_blocking(act)
        .await
        .unwrap_or_else(|error| {
            Err(KeyStoreError::Medium {
                message: error.to_string(),
            })
        })
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
        let (one, two) = (vec![1; 1000], vec![2; 1000]);
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
    async fn another_passphrase_and_alterations_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let store = PassphraseKeyStore::open(folder.path(), "right", CHEAP)
            .await
            .unwrap();
        store.store("a", b"secret of a").await.unwrap();
        store.store("b", b"secret of b").await.unwrap();
        let error = PassphraseKeyStore::open(folder.path(), "wrong", CHEAP)
            .await
            .unwrap_err();
        assert!(matches!(error, KeyStoreError::Locked), "{error}");

        let (a, b) = (store.path_of("a").unwrap(), store.path_of("b").unwrap());
        let bytes = std::fs::read(&a).unwrap();
        std::fs::write(&b, &bytes).unwrap();
        let error = store.load("b").await.unwrap_err();
        assert!(
            matches!(error, KeyStoreError::Altered { .. }),
            "swapped: {error}"
        );
        for at in [0, 5, 6, 30, bytes.len() - 1] {
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
        assert!(matches!(error, KeyStoreError::Locked), "{error}");
    }
}
