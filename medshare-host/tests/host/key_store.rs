//! Key stores in a folder: what survives, and what is refused by name.

use std::path::{Path, PathBuf};

use medshare_host::keystore::{KeyStore, KeyStoreError, PassphraseCost, PassphraseKeyStore};
use zeroize::Zeroizing;

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
    use medshare_host::keystore::load_or_create;

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

async fn open(folder: &Path) -> Result<PassphraseKeyStore, KeyStoreError> {
    PassphraseKeyStore::open(folder, "right", CHEAP).await
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap().path()).collect()
}

/// Every call on an entry that is not there fails as `expected` says, and writes nothing.
async fn assert_away(
    store: &PassphraseKeyStore,
    folder: &Path,
    expected: fn(&KeyStoreError) -> bool,
) {
    let before = folder.exists().then(|| files_in(folder));
    for outcome in [
        store.load("kept").await.map(drop),
        store.load("never there").await.map(drop),
        store.store("kept", b"x").await,
        store.create("new", b"x").await,
    ] {
        let error = outcome.unwrap_err();
        assert!(expected(&error), "{error}");
        let text = error.to_string();
        assert!(text.contains(&folder.display().to_string()), "{text}");
        assert!(text.contains("nothing was written to it"), "{text}");
    }
    assert_eq!(folder.exists().then(|| files_in(folder)), before);
}

/// While the store is open its volume is unmounted: the folder is gone, or empty, or another's.
#[tokio::test]
async fn a_folder_that_is_not_mounted_has_no_absent_entries() {
    let root = tempfile::tempdir().unwrap();
    let (mount, volume) = (root.path().join("keys"), root.path().join("volume"));
    let store = open(&mount).await.unwrap();
    store.store("kept", b"secret").await.unwrap();
    std::fs::rename(&mount, &volume).unwrap();
    let is_missing = |error: &KeyStoreError| matches!(error, KeyStoreError::Missing { .. });
    assert_away(&store, &mount, is_missing).await;
    std::fs::create_dir(&mount).unwrap();
    assert_away(&store, &mount, is_missing).await;

    let other = open(&mount).await.unwrap();
    other.store("kept", b"another's").await.unwrap();
    let is_foreign = |error: &KeyStoreError| matches!(error, KeyStoreError::Foreign { .. });
    assert_away(&store, &mount, is_foreign).await;

    std::fs::remove_dir_all(&mount).unwrap();
    std::fs::rename(&volume, &mount).unwrap();
    let found = store.load("kept").await.unwrap();
    assert_eq!(found.unwrap().as_slice(), b"secret");
    assert!(store.load("never there").await.unwrap().is_none());
    store.create("new", b"x").await.unwrap();
}

#[tokio::test]
async fn entries_without_the_store_file_are_not_built_over() {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path()).await.unwrap();
    store.store("kept", b"secret").await.unwrap();
    let (lock, aside) = (root.path().join("store"), root.path().join("aside"));
    std::fs::rename(&lock, &aside).unwrap();
    let before = files_in(root.path());
    for refused in [
        open(root.path()).await,
        PassphraseKeyStore::open_existing(root.path(), "right").await,
    ] {
        let error = refused.map(drop).unwrap_err();
        assert!(
            matches!(&error, KeyStoreError::MissingLock { store } if *store == lock.display().to_string()),
            "{error}"
        );
        assert!(error.to_string().contains("restore"), "{error}");
    }
    assert_eq!(files_in(root.path()), before);
    std::fs::rename(&aside, &lock).unwrap();
    let found = open(root.path()).await.unwrap().load("kept").await.unwrap();
    assert_eq!(found.unwrap().as_slice(), b"secret");
}

#[tokio::test]
async fn an_existing_store_is_opened_and_none_is_created() {
    let root = tempfile::tempdir().unwrap();
    let existing = |folder: PathBuf| PassphraseKeyStore::open_existing(folder, "right");
    let mistyped = root.path().join("poeple");
    for folder in [mistyped.clone(), root.path().to_owned()] {
        let error = existing(folder).await.map(drop).unwrap_err();
        assert!(matches!(error, KeyStoreError::Missing { .. }), "{error}");
    }
    assert!(!mistyped.exists() && files_in(root.path()).is_empty());

    let people = root.path().join("people");
    let store = open(&people).await.unwrap();
    store.store("kept", b"secret").await.unwrap();
    let found = existing(people.clone()).await.unwrap().load("kept").await;
    assert_eq!(found.unwrap().unwrap().as_slice(), b"secret");
    let error = PassphraseKeyStore::open_existing(people, "wrong").await;
    let error = error.map(drop).unwrap_err();
    assert!(matches!(error, KeyStoreError::Locked { .. }), "{error}");
}

/// It would be wherever the program runs.
#[tokio::test]
async fn an_empty_path_is_refused() {
    for refused in [
        open(Path::new("")).await,
        PassphraseKeyStore::open_existing("", "right").await,
    ] {
        let error = refused.map(drop).unwrap_err();
        let KeyStoreError::Medium { source, .. } = &error else {
            panic!("{error}");
        };
        assert!(source.to_string().contains("path is empty"), "{source}");
    }
    assert!(!Path::new("store").exists());
}
