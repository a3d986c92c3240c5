//! Reopening a consortium's folder: after an orderly end, after a crash, and after damage to what the
//! members share, which is refused and never repaired.

use std::path::{Path, PathBuf};

use crate::support::{DOCTOR, Fixture, MEMBERS, bytes, files_under, in_folder};
use medshare_sdk::{GrantId, Height};

#[tokio::test(flavor = "multi_thread")]
async fn earlier_records_open_and_new_ones_follow() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let anchor = fixture.consortium.trust_anchor();
    assert_eq!(fixture.consortium.verified_heights(), [Height(0); 4]);
    let content = bytes(100_000, 1);
    let mut grants = vec![fixture.sealed_and_granted(content.clone()).await.1];
    let receipt = fixture.doctor.open(grants[0]).await.unwrap();
    let receipt = receipt.receipt().to_bytes();
    fixture.close().await;

    let mut height = 0;
    for run in 0..3 {
        let fixture = Fixture::reopen(folder.path()).await;
        assert_eq!(fixture.consortium.trust_anchor(), anchor);
        let verified = fixture.consortium.verified_heights();
        let lowest = verified.iter().min().unwrap().0;
        assert!(lowest > height, "run {run}: {verified:?}, before {height}");
        height = lowest;
        for grant in &grants {
            let opened = fixture.doctor.open(*grant).await.unwrap();
            assert!(opened.bytes() == content);
        }
        grants.push(fixture.sealed_and_granted(content.clone()).await.1);
        let error = fixture.st_mary.enrol(DOCTOR, &["role:medic"]).await;
        assert_eq!(error.unwrap_err().code(), "already_enrolled");
        fixture.close().await;
    }
    let receipt = medshare_sdk::Receipt::from_bytes(&receipt).unwrap();
    receipt.verify(&anchor).unwrap();
}

/// A crash leaves the log as it was during the run, with a torn end.
#[tokio::test(flavor = "multi_thread")]
async fn a_torn_tail_of_the_log_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let mut fixture = Fixture::open_in(folder.path()).await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    for cut in [1, 20, 60] {
        let logs = close_and_keep_logs(fixture, folder.path(), grant).await;
        for (path, log) in &logs {
            std::fs::write(path, &log[..log.len() - cut]).unwrap();
        }
        // Bytes of another file: only together they are whole.
        let restored = in_folder(folder.path()).restored_from_backup();
        restored.start().await.unwrap().shut_down().await.unwrap();
        fixture = Fixture::reopen(folder.path()).await;
        fixture.doctor.open(grant).await.unwrap();
    }
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_trust_anchor_or_shared_key_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    Fixture::open_in(folder.path()).await.close().await;
    let anchor = folder.path().join("trust-anchor");
    let keys = folder.path().join("authority").join("keys");
    for path in [vec![anchor], files_under(&keys)].concat() {
        let kept = std::fs::read(&path).unwrap();
        for at in [0, kept.len() / 2, kept.len() - 1] {
            let mut damaged = kept.clone();
            damaged[at] ^= 1;
            std::fs::write(&path, damaged).unwrap();
            let started = in_folder(folder.path()).start().await;
            assert!(started.is_err(), "{} byte {at}", path.display());
        }
        std::fs::write(&path, kept).unwrap();
    }
    Fixture::reopen(folder.path()).await.close().await;
}

/// Reads the logs of the running consortium, then ends it in order: together they are the state of a
/// crash after the ledger became durable and before the log was cut.
async fn close_and_keep_logs(
    fixture: Fixture,
    folder: &Path,
    grant: GrantId,
) -> Vec<(PathBuf, Vec<u8>)> {
    let path = |member| folder.join("members").join(member).join("consensus.log");
    let read = |member| (path(member), std::fs::read(path(member)).unwrap());
    // A checkpoint may just have cut the logs, so not at once.
    let logs = loop {
        fixture.doctor.open(grant).await.unwrap();
        let logs = MEMBERS.map(read);
        if logs.iter().all(|(_, log)| log.len() > 2_000) {
            break logs;
        }
    };
    fixture.close().await;
    logs.into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_lost_its_share_computes_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    fixture.close().await;
    // The share is the last secret that a member puts into its key store.
    let keys = folder.path().join("members/riverside/keys");
    let changed = |path: &PathBuf| std::fs::metadata(path).unwrap().modified().unwrap();
    let entries = std::fs::read_dir(&keys).unwrap();
    let newest = entries
        .map(|entry| entry.unwrap().path())
        .max_by_key(changed);
    std::fs::remove_file(newest.unwrap()).unwrap();

    let fixture = Fixture::reopen(folder.path()).await;
    // Three of four are needed, so riverside's share is.
    let refuse = medshare_sdk::local::HolderConduct::Refuse;
    fixture
        .consortium
        .set_holder_conduct("north-general", refuse)
        .unwrap();
    let opened = fixture.doctor.open(grant).await.unwrap();
    assert_eq!(opened.bytes(), b"x");
    fixture.close().await;
}
