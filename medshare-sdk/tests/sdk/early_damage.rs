//! Damage to a consortium that was founded and has no gate key yet: its founding goes on.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use crate::rebuild::{assert_votes, file, wait_until_whole};
use crate::support::{Fixture, MEMBERS, in_folder};
use medshare_node::log::ConsensusLog;
use medshare_sdk::{DamagedFile, Error};
use medshare_types::{Genesis, Wire as _};

/// Founds a consortium and gives up as soon as this is there, or when it is done.
async fn give_up_once(folder: &Path, there: impl Fn() -> bool) {
    tokio::select! {
        biased;
        () = async {
            while !there() {
                tokio::task::yield_now().await;
            }
        } => {}
        started = in_folder(folder).start() => started.unwrap().shut_down().await.unwrap(),
    }
}

/// Waits until the members of a start that was given up have closed their files.
async fn wait_until_closed(folder: &Path) {
    let lock = File::open(folder.join("lock")).unwrap();
    while lock.try_lock().is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A founded consortium of which no member has begun its files.
async fn founded() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    // Stops the start between the two.
    let record = folder.path().join("restoring");
    std::fs::create_dir(&record).unwrap();
    let error = in_folder(folder.path())
        .start()
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(error.code(), "io", "{error}");
    assert!(error.to_string().contains("restoring"), "{error}");
    std::fs::remove_dir(&record).unwrap();
    for member in MEMBERS {
        assert!(!file(folder.path(), member, "consensus.log").exists());
    }
    folder
}

/// Every member's votes and shares count.
async fn assert_works(folder: &Path, rebuilt: usize) {
    let fixture = Fixture::open_in(folder).await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    wait_until_whole(&fixture, rebuilt).await;
    assert_votes(&fixture, MEMBERS[3], grant).await;
    assert_votes(&fixture, MEMBERS[2], grant).await;
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_rebuilt_before_it_ever_voted() {
    for seat in [0, 1] {
        for name in ["consensus.log", "ledger.redb"] {
            let folder = founded().await;
            let path = file(folder.path(), MEMBERS[seat], name);
            std::fs::write(&path, b"neither a log nor a ledger").unwrap();
            let rebuilt = in_folder(folder.path()).with_rebuild().start();
            let rebuilt = rebuilt.await.unwrap();
            assert!(rebuilt.damaged().await.is_empty());
            rebuilt.shut_down().await.unwrap();
            assert_works(folder.path(), seat).await;
        }
    }
}

/// The chain may have a member's deal, its acknowledgement, or nothing of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_rebuilt_in_the_midst_of_the_ceremony() {
    let mut early = 0;
    for (seat, records) in [
        (1, 150),
        (0, 150),
        (1, 1_000),
        (0, 1_000),
        (1, 5_000),
        (0, 5_000),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let log = file(folder.path(), MEMBERS[seat], "consensus.log");
        let written = || log.metadata().is_ok_and(|log| log.len() > records);
        give_up_once(folder.path(), written).await;
        wait_until_closed(folder.path()).await;
        // The store, two keys, and the mark that it took part; no share.
        let keys = std::fs::read_dir(file(folder.path(), MEMBERS[seat], "keys")).unwrap();
        early += i32::from(keys.count() == 4);
        let ledger = file(folder.path(), MEMBERS[seat], "ledger.redb");
        std::fs::write(&ledger, b"no ledger").unwrap();
        let rebuilt = in_folder(folder.path()).with_rebuild().start();
        let rebuilt = rebuilt.await.unwrap();
        assert!(rebuilt.damaged().await.is_empty());
        rebuilt.shut_down().await.unwrap();
        assert_works(folder.path(), seat).await;
    }
    assert!(
        early > 0,
        "every member had its share before the start was given up"
    );
}

/// The first start was killed between the two files of each member: none has voted, nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn logs_without_ledgers_of_members_that_never_voted() {
    let folder = founded().await;
    let anchor = std::fs::read(folder.path().join("trust-anchor")).unwrap();
    let chain = Genesis::from_wire(&anchor).unwrap().chain_id();
    for member in MEMBERS {
        let log = file(folder.path(), member, "consensus.log");
        ConsensusLog::open(&log, chain).unwrap();
    }
    assert_works(folder.path(), 0).await;
}

/// The ceremony needs every member: the start says whom it lacks, and why.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_cannot_take_part_in_the_ceremony_is_named() {
    let folder = founded().await;
    let keys = file(folder.path(), MEMBERS[2], "keys");
    let kept = folder.path().join("kept");
    std::fs::rename(&keys, &kept).unwrap();
    for builder in [
        in_folder(folder.path()),
        in_folder(folder.path()).with_rebuild(),
    ] {
        let error = builder.start().await.map(drop).unwrap_err();
        let text = error.to_string();
        let Error::TooManyDamaged { damaged, limit } = error else {
            panic!("{text}");
        };
        assert_eq!((damaged.len(), limit), (1, 0));
        assert_eq!(damaged[0].organisation, MEMBERS[2]);
        assert_eq!(damaged[0].file, DamagedFile::KeyStore);
        assert!(text.contains("restore the key store"), "{text}");
    }
    std::fs::rename(&kept, &keys).unwrap();
    assert_works(folder.path(), 2).await;
}
