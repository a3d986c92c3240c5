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
