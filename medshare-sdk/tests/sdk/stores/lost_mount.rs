//! A store that was lost and looks like an empty one.

use std::path::Path;

use crate::support::{Fixture, MEMBERS, files_under};
use medshare_sdk::{Consortium, CopyState, StoreState};

async fn is_missing(consortium: &Consortium) -> bool {
    let stores = consortium.stores().await;
    let [first, others @ ..] = &stores[..] else {
        panic!("no stores");
    };
    assert_eq!(first.organisation, MEMBERS[0]);
    let available = |state: &StoreState| matches!(state, StoreState::Available);
    assert!(
        others.iter().all(|store| available(&store.state)),
        "{others:?}"
    );
    let missing = matches!(first.state, StoreState::Missing);
    assert_eq!(first.problem().is_some(), missing);
    assert!(missing || available(&first.state), "{first:?}");
    missing
}

fn objects(folder: &Path) -> std::path::PathBuf {
    folder.join("members").join(MEMBERS[0]).join("objects")
}

/// The folder is gone, or empty as a mount point without its volume: nothing is written to it, the
/// consortium goes on with the others, and goes back to it when it is there again.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_mount_is_no_empty_store() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let (record, grant) = fixture.sealed_and_granted(b"kept").await;
    fixture.close().await;
    let (mount, volume) = (objects(folder.path()), folder.path().join("volume"));
    std::fs::rename(&mount, &volume).unwrap();
    for mounted in [false, true] {
        if mounted {
            std::fs::create_dir(&mount).unwrap();
        }
        let fixture = Fixture::reopen(folder.path()).await;
        assert!(is_missing(&fixture.consortium).await);
        assert_eq!(fixture.doctor.open(grant).await.unwrap().bytes(), b"kept");
        let seal = fixture.st_mary.seal(b"meanwhile", &fixture.policy);
        let sealed = seal.subject(&fixture.patient).await.unwrap();
        assert_eq!(sealed.copies().count(), 2);
        assert!(sealed.copies().all(|id| id != *fixture.st_mary.id()));
        let copies = fixture.consortium.repair(record).await.unwrap();
        let CopyState::Unavailable { source } = &copies.stores[0].state else {
            panic!("{copies:?}");
        };
        assert_eq!(source.code(), "missing_store");
        assert!(!source.is_retryable() && source.to_string().contains("mount"));
        assert!(!copies.is_intact() && !copies.is_lost());
        let sweep = fixture.st_mary.sweep_orphans(std::time::Duration::ZERO);
        assert_eq!(sweep.await.unwrap_err().code(), "missing_store");
        fixture.close().await;
        assert_eq!(mount.exists(), mounted);
        assert!(!mounted || files_under(&mount).is_empty());
    }
    std::fs::remove_dir(&mount).unwrap();
    std::fs::rename(&volume, &mount).unwrap();
    let fixture = Fixture::reopen(folder.path()).await;
    assert!(!is_missing(&fixture.consortium).await);
    assert!(fixture.consortium.check(record).await.unwrap().is_intact());
    fixture.close().await;
}

/// While the consortium runs.
#[tokio::test(flavor = "multi_thread")]
async fn a_mount_that_goes_is_noticed_and_replaced() {
    let fixture = Fixture::open().await;
    let (record, _) = fixture.sealed_and_granted(b"kept").await;
    let mount = objects(fixture.consortium.folder());
    std::fs::remove_dir_all(&mount).unwrap();
    assert!(is_missing(&fixture.consortium).await);
    fixture.seal(b"elsewhere").await;
    assert!(!mount.exists());

    fixture.st_mary.prepare_store().await.unwrap();
    fixture.st_mary.prepare_store().await.unwrap();
    assert!(!is_missing(&fixture.consortium).await);
    let copies = fixture.st_mary.repair(record).await.unwrap();
    let CopyState::Restored { faults } = &copies.stores[0].state else {
        panic!("{copies:?}");
    };
    assert_eq!(faults.len(), 4, "{faults:?}");
    assert!(fixture.st_mary.check(record).await.unwrap().is_intact());
    fixture.close().await;
}

/// The record's stores are away, and it is not lost: mounted or connected again, it opens.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_whose_stores_are_away_is_not_damaged() {
    let fixture = Fixture::open().await;
    let (record, grant) = fixture.sealed_and_granted(b"kept").await;
    let members = fixture.consortium.folder().join("members");
    let mounts = [MEMBERS[0], MEMBERS[1]].map(|name| members.join(name).join("objects"));
    let aside = mounts.clone().map(|mount| mount.with_extension("aside"));
    let refused = async |code: &str, words: &[&str]| {
        for error in [
            fixture.doctor.open(grant).await.map(drop).unwrap_err(),
            fixture.doctor.describe(record).await.map(drop).unwrap_err(),
            fixture
                .patient
                .open_own(record)
                .await
                .map(drop)
                .unwrap_err(),
        ] {
            assert_eq!(error.code(), code, "{error}");
            assert!(!error.is_retryable());
            let text = error.to_string();
            assert!(words.iter().all(|word| text.contains(word)), "{text}");
        }
    };
    let rename = |from: &[std::path::PathBuf], to: &[std::path::PathBuf]| {
        for (from, to) in from.iter().zip(to) {
            std::fs::rename(from, to).unwrap();
        }
    };
    rename(&mounts, &aside);
    refused("missing_store", &["st-mary", "mount it"]).await;
    for mount in &mounts {
        std::fs::create_dir(mount).unwrap();
    }
    refused("missing_store", &["st-mary", "mount it"]).await;
    // The other copy is damaged: the one that is not mounted may still be good.
    std::fs::remove_dir(&mounts[1]).unwrap();
    rename(&aside[1..], &mounts[1..]);
    let [payload] = &fixture.consortium.payload_files(record)[..] else {
        panic!("one copy");
    };
    let good = std::fs::read(payload).unwrap();
    for bytes in [&b""[..], b"short", &vec![0; good.len()]] {
        std::fs::write(payload, bytes).unwrap();
        let error = fixture.doctor.open(grant).await.map(drop).unwrap_err();
        assert_eq!(error.code(), "missing_store", "{error}");
    }
    std::fs::write(payload, &good).unwrap();
    std::fs::remove_dir(&mounts[0]).unwrap();
    // Another organisation's volume, which has no copy.
    let foreign = [members.join(MEMBERS[2]).join("objects")];
    rename(&mounts[1..], &aside[1..]);
    rename(&foreign, &mounts[..1]);
    refused("foreign_store", &["st-mary"]).await;
    rename(&mounts[..1], &foreign);
    rename(&aside, &mounts);
    assert_eq!(fixture.doctor.open(grant).await.unwrap().bytes(), b"kept");
    assert!(fixture.consortium.check(record).await.unwrap().is_intact());
    fixture.close().await;
}

/// An application that was not given the record's stores.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_whose_stores_are_not_connected_is_not_damaged() {
    let fixture = Fixture::open().await;
    let (record, grant) = fixture.sealed_and_granted(b"kept").await;
    let opening = async |stores: &[&str]| {
        let mut parts = fixture.consortium.parts();
        parts.stores.retain(|name, _| stores.contains(&&**name));
        let consortium = Consortium::connect(parts).unwrap();
        let st_mary = consortium.organisation(MEMBERS[0]).unwrap();
        let doctor = st_mary.person(crate::support::DOCTOR).await.unwrap();
        doctor.open(grant).await
    };
    for stores in [&[][..], &MEMBERS[2..]] {
        let error = opening(stores).await.map(drop).unwrap_err();
        assert_eq!(error.code(), "store_not_connected", "{error}");
        assert!(!error.is_retryable());
        let text = error.to_string();
        assert!(text.contains("[st-mary, charite]"), "{text}");
    }
    assert_eq!(opening(&MEMBERS[1..]).await.unwrap().bytes(), b"kept");
    // Its one store has a damaged copy, and the other may be good.
    let [_, payload] = fixture.payloads(record);
    std::fs::write(payload, b"short").unwrap();
    let error = opening(&MEMBERS[1..]).await.map(drop).unwrap_err();
    assert_eq!(error.code(), "store_not_connected", "{error}");
    assert!(error.to_string().contains("[st-mary]"), "{error}");
    fixture.close().await;
}
