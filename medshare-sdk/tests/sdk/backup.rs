//! The procedures of `docs/operations.md` for backup, restore and moving a folder.

use std::path::Path;
use std::time::Duration;

use crate::support::{Fixture, MEMBERS, in_folder};
use medshare_sdk::{Error, MemberState};

/// Copies every file below a folder, as `cp -r` does.
fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cold_backup_of_the_whole_folder_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let (_, grant) = fixture.sealed_and_granted(b"before").await;
    fixture.close().await;
    let backup = tempfile::tempdir().unwrap();
    copy_folder(folder.path(), backup.path());

    let error = in_folder(backup.path())
        .start()
        .await
        .map(drop)
        .unwrap_err();
    let Error::CopiedLogs { members } = &error else {
        panic!("{error}");
    };
    assert_eq!(members.as_slice(), MEMBERS);
    assert_eq!(error.code(), "copied_logs");
    assert!(
        error.to_string().contains("restored_from_backup"),
        "{error}"
    );

    let restored = in_folder(backup.path()).restored_from_backup();
    restored.start().await.unwrap().shut_down().await.unwrap();
    // Once is enough.
    let fixture = Fixture::reopen(backup.path()).await;
    assert_eq!(fixture.doctor.open(grant).await.unwrap().bytes(), b"before");
    fixture.seal(b"after").await;
    fixture.close().await;
}

/// Half of the members take their logs over, the others cannot start: it is said again, and covers
/// them.
#[tokio::test(flavor = "multi_thread")]
async fn a_restoration_that_failed_half_way_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let (_, grant) = fixture.sealed_and_granted(b"before").await;
    fixture.close().await;
    let backup = tempfile::tempdir().unwrap();
    let backup = backup.path();
    copy_folder(folder.path(), backup);
    let restored = || in_folder(backup).restored_from_backup().start();
    let members = |error: Error| match error {
        Error::CopiedLogs { members } => members,
        other => panic!("{other}"),
    };
    let keys = |seat: usize| backup.join("members").join(MEMBERS[seat]).join("keys");
    let kept = |seat: usize| backup.join(format!("keys-{seat}"));
    for seat in [2, 3] {
        std::fs::rename(keys(seat), kept(seat)).unwrap();
    }
    let error = restored().await.map(drop).unwrap_err();
    assert_eq!(error.code(), "too_many_damaged", "{error}");
    for seat in [2, 3] {
        std::fs::rename(kept(seat), keys(seat)).unwrap();
    }
    let record = backup.join("restoring");
    let begun = std::fs::read(&record).unwrap();
    let error = in_folder(backup).start().await.map(drop).unwrap_err();
    assert_eq!(members(error), MEMBERS[2..], "it has to be said again");
    std::fs::write(&record, b"no record").unwrap();
    let error = restored().await.map(drop).unwrap_err();
    assert_eq!(
        members(error),
        MEMBERS[2..],
        "it is not known what it covers"
    );
    std::fs::write(&record, begun).unwrap();
    let consortium = restored().await.unwrap();
    assert!(consortium.damaged().await.is_empty());
    assert!(!record.exists(), "it is over");
    consortium.shut_down().await.unwrap();

    let fixture = Fixture::reopen(backup).await;
    let health = fixture.consortium.health().await;
    for member in &health {
        let MemberState::Running(running) = &member.state else {
            panic!("{member:?}");
        };
        assert!(!running.lost, "{member:?}");
    }
    assert_eq!(fixture.doctor.open(grant).await.unwrap().bytes(), b"before");
    fixture.seal(b"after").await;
    fixture.close().await;
    // It excuses no copy that comes later.
    for seat in [2, 3] {
        let log = backup.join("members").join(MEMBERS[seat]);
        std::fs::copy(log.join("consensus.log"), log.join("copy")).unwrap();
        std::fs::rename(log.join("copy"), log.join("consensus.log")).unwrap();
    }
    let error = restored().await.map(drop).unwrap_err();
    assert_eq!(members(error), MEMBERS[2..]);
}

/// A folder that is moved within its disk is the same folder.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_moved() {
    let disk = tempfile::tempdir().unwrap();
    let (old, new) = (disk.path().join("old"), disk.path().join("new"));
    let fixture = Fixture::open_in(&old).await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    fixture.close().await;
    std::fs::rename(&old, &new).unwrap();
    let fixture = Fixture::reopen(&new).await;
    fixture.doctor.open(grant).await.unwrap();
    fixture.close().await;
}

/// One member from an old backup: it signs nothing that its lost votes may contradict, catches up and
/// takes part again. `restored_from_backup` would be a lie, and does nothing.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_backup_of_one_member_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let (record, grant) = fixture.sealed_and_granted(b"x").await;
    fixture.close().await;
    let member = folder.path().join("members").join(MEMBERS[2]);
    let backup = folder.path().join("backup");
    copy_folder(&member, &backup);
    let fixture = Fixture::reopen(folder.path()).await;
    for _ in 0..20 {
        fixture.grant(record).await;
    }
    fixture.close().await;
    std::fs::remove_dir_all(&member).unwrap();
    copy_folder(&backup, &member);

    let lying = in_folder(folder.path()).restored_from_backup();
    let consortium = lying.start().await.unwrap();
    let lost = |health: Vec<medshare_sdk::MemberHealth>| match &health[2].state {
        MemberState::Running(running) => running.lost || running.lag > 2,
        other => panic!("{other:?}"),
    };
    assert!(lost(consortium.health().await), "it forgot its votes");
    consortium.shut_down().await.unwrap();
    let fixture = Fixture::reopen(folder.path()).await;
    let mut orders = 0;
    while lost(fixture.consortium.health().await) {
        orders += 1;
        assert!(orders < 500, "never ends");
        fixture.seal(b"one more block").await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    fixture.doctor.open(grant).await.unwrap();
    fixture.close().await;
}

/// What is safe to copy from a consortium that runs: keys and objects. The ledger comes from the
/// others.
#[tokio::test(flavor = "multi_thread")]
async fn a_hot_backup_of_one_member_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    let member = folder.path().join("members").join(MEMBERS[1]);
    let backup = tempfile::tempdir().unwrap();
    for part in ["keys", "objects"] {
        copy_folder(&member.join(part), &backup.path().join(part));
    }
    fixture.close().await;
    std::fs::remove_dir_all(&member).unwrap();
    copy_folder(backup.path(), &member);

    let consortium = in_folder(folder.path()).start().await.unwrap();
    let damaged = consortium.damaged().await;
    assert_eq!(damaged.len(), 1, "{damaged:?}");
    consortium.rebuild(MEMBERS[1]).await.unwrap();
    assert!(consortium.damaged().await.is_empty());
    consortium.shut_down().await.unwrap();
    let fixture = Fixture::reopen(folder.path()).await;
    assert_eq!(fixture.doctor.open(grant).await.unwrap().bytes(), b"x");
    fixture.close().await;
}
