//! Errors of files name the file, and keep the system's error.

use std::io::ErrorKind;
use std::path::Path;

use medshare_sdk::keystore::KeyStoreError;
use medshare_sdk::local::LocalBuilder;
use medshare_sdk::{Content, Error, StoreLocation};

use crate::support::{CHEAP, Fixture, MEMBERS, in_folder};

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

/// A pipe without a writer would keep a thread, and with it the process, for ever.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_is_no_file() {
    let fixture = Fixture::open().await;
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let limit = std::time::Duration::from_secs(20);
    for path in [pipe.as_path(), Path::new("/dev/null")] {
        let seal = fixture.st_mary.seal(Content::file(path), &fixture.policy);
        let seal = seal.subject(&fixture.patient).into_future();
        let error = tokio::time::timeout(limit, seal)
            .await
            .unwrap()
            .unwrap_err();
        assert_eq!(error.code(), "io");
        let text = error.to_string();
        assert!(text.starts_with(&format!("{}: ", path.display())), "{text}");
        assert!(text.contains("Content::reader"), "{text}");
    }
    fixture.close().await;
}

/// An empty path would be the folder that the program happens to run in.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_path_is_no_folder() {
    let error = in_folder(Path::new(""))
        .start()
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(error.code(), "io");
    assert!(error.to_string().contains("path is empty"), "{error}");
    for left in ["trust-anchor", "lock", "members", "medshare-store"] {
        assert!(!Path::new(left).exists(), "{left}");
    }
    let store = StoreLocation::Folder("".into());
    let builder = LocalBuilder::new(4).with_passphrase_cost(CHEAP);
    let error = builder.with_store(MEMBERS[0], store).start().await;
    let error = error.map(drop).unwrap_err();
    assert_eq!(error.code(), "object_store");
    assert!(error.to_string().contains("path is empty"), "{error}");
}
