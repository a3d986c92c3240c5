//! Errors of files name the file, and keep the system's error.

use std::io::ErrorKind;
use std::path::Path;

use medshare_sdk::keystore::KeyStoreError;
use medshare_sdk::{Content, Error};

use crate::support::{Fixture, in_folder};

fn assert_names(error: &Error, path: &Path, kind: ErrorKind) {
    let Error::Io { file, source } = error else {
        panic!("{error}");
    };
    assert_eq!(file.as_deref(), Some(path));
    assert_eq!(source.kind(), kind);
    let text = error.to_string();
    assert!(text.starts_with(&format!("{}: ", path.display())), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_cannot_be_read() {
    let fixture = Fixture::open().await;
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("scan.dcm");
    for (path, kind) in [
        (missing.as_path(), ErrorKind::NotFound),
        (folder.path(), ErrorKind::IsADirectory),
    ] {
        let seal = fixture.st_mary.seal(Content::file(path), &fixture.policy);
        let error = seal.subject(&fixture.patient).await.unwrap_err();
        let Error::Io { source, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(source.kind(), kind);
        let text = error.to_string();
        assert!(text.starts_with(&format!("{}: ", path.display())), "{text}");
    }
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_a_file_and_a_key_store_that_stays_locked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, b"x").unwrap();
    let root = file.join("consortium");
    let error = in_folder(&root).start().await.map(drop).unwrap_err();
    assert_names(&error, &root, ErrorKind::NotADirectory);

    let root = folder.path().join("consortium");
    let consortium = in_folder(&root).start().await.unwrap();
    consortium.shut_down().await.unwrap();
    let wrong = in_folder(&root).with_passphrase("wrong").start().await;
    let error = wrong.map(drop).unwrap_err();
    let store = root.join("authority/keys/store");
    let store = store.display().to_string();
    assert!(error.to_string().contains(&store), "{error}");
    let Error::KeyStore(KeyStoreError::Locked { store: locked }) = error else {
        panic!("{error}");
    };
    assert_eq!(locked, store);
}
