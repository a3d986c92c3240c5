//! State that was lost is refused by name, with the way back, and nothing is put in its place.

use std::path::Path;

use crate::support::{Fixture, MEMBERS, files_under, in_folder};

/// The start is refused with this code and these words, and creates no file.
async fn assert_refused(folder: &Path, code: &str, words: &[&str]) {
    let before = files_under(folder);
    let error = in_folder(folder).start().await.map(drop).unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert!(!error.is_retryable());
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{text}");
    }
    assert_eq!(
        files_under(folder),
        before,
        "nothing was created or removed"
    );
}

fn member(folder: &Path, name: &str) -> std::path::PathBuf {
    folder.join("members").join(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn ledgers_missing_beside_logs_or_shares() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    fixture.close().await;
    let kept = tempfile::tempdir().unwrap();
    let file = |name: &str, file: &str| member(folder.path(), name).join(file);
    for name in MEMBERS {
        std::fs::rename(file(name, "ledger.redb"), kept.path().join(name)).unwrap();
    }
    let words = ["st-mary", "riverside", "ledger", "backup"];
    assert_refused(folder.path(), "missing_ledgers", &words).await;
    // The same without logs: the shares of the gate key tell that there was a chain.
    for name in MEMBERS {
        let log = kept.path().join(format!("{name}.log"));
        std::fs::rename(file(name, "consensus.log"), log).unwrap();
    }
    assert_refused(folder.path(), "missing_ledgers", &words).await;
    // And without the trust anchor: no second consortium is founded over logs.
    for name in MEMBERS {
        let log = kept.path().join(format!("{name}.log"));
        std::fs::rename(log, file(name, "consensus.log")).unwrap();
    }
    let anchor = folder.path().join("trust-anchor");
    std::fs::rename(&anchor, kept.path().join("anchor")).unwrap();
    assert_refused(folder.path(), "missing_trust_anchor", &["restore"]).await;
    // Nor over key stores of members that took part.
    for name in MEMBERS {
        let log = kept.path().join(format!("{name}.log"));
        std::fs::rename(file(name, "consensus.log"), log).unwrap();
    }
    assert_refused(folder.path(), "missing_trust_anchor", &["restore"]).await;
    for name in MEMBERS {
        let log = kept.path().join(format!("{name}.log"));
        std::fs::rename(log, file(name, "consensus.log")).unwrap();
    }

    std::fs::rename(kept.path().join("anchor"), &anchor).unwrap();
    for name in MEMBERS {
        std::fs::rename(kept.path().join(name), file(name, "ledger.redb")).unwrap();
    }
    let fixture = Fixture::reopen(folder.path()).await;
    fixture.doctor.open(grant).await.unwrap();
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_consortiums_authority_key() {
    let one = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    for folder in [&one, &other] {
        Fixture::open_in(folder.path()).await.close().await;
    }
    let own = one.path().join("authority");
    let kept = one.path().join("kept");
    std::fs::rename(&own, &kept).unwrap();
    std::fs::rename(other.path().join("authority"), &own).unwrap();
    let words = ["master key", "another consortium", "restore"];
    assert_refused(one.path(), "foreign_master_key", &words).await;
    std::fs::rename(&own, other.path().join("authority")).unwrap();
    std::fs::rename(&kept, &own).unwrap();
    Fixture::reopen(one.path()).await.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn absent_key_stores() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    fixture.close().await;
    let kept = folder.path().join("kept");
    for store in ["people/keys", "authority/keys"] {
        let store = folder.path().join(store);
        std::fs::rename(&store, &kept).unwrap();
        let path = store.display().to_string();
        let words = [path.as_str(), "key store", "backup"];
        assert_refused(folder.path(), "missing_key_store", &words).await;
        assert!(!store.exists());
        // An empty folder, as a mount point without its volume.
        std::fs::create_dir(&store).unwrap();
        assert_refused(folder.path(), "missing_key_store", &words).await;
        std::fs::remove_dir(&store).unwrap();
        std::fs::rename(&kept, &store).unwrap();
    }
    let fixture = Fixture::reopen(folder.path()).await;
    fixture.doctor.open(grant).await.unwrap();
    fixture.close().await;
}
