//! Members rebuilt from the others: every block is fetched, and no vote is contradicted.

use std::path::{Path, PathBuf};
use std::time::Duration;

use medshare_host::files::FileMark;

use crate::support::{Fixture, MEMBERS, in_folder};
use medshare_sdk::local::{Disk, LocalConsortium, Presence};
use medshare_sdk::{DamagedFile, GrantId, MemberState, RecordRef, Running, Window};
use tokio::time::{Instant, sleep};

pub fn file(folder: &Path, member: &str, name: &str) -> PathBuf {
    folder.join("members").join(member).join(name)
}

pub async fn running(consortium: &LocalConsortium, seat: usize) -> Option<Running> {
    match consortium.health().await.swap_remove(seat).state {
        MemberState::Running(running) => Some(running),
        _ => None,
    }
}

/// Orders until a member that forgot its votes has caught up and takes part again.
pub async fn wait_until_whole(fixture: &Fixture, seat: usize) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let state = running(&fixture.consortium, seat).await;
        if state
            .as_ref()
            .is_some_and(|state| !state.lost && state.lag <= 2)
        {
            return;
        }
        assert!(Instant::now() < deadline, "{state:?}");
        fixture.seal(b"one more block").await;
        sleep(Duration::from_millis(20)).await;
    }
}

/// Four members need three votes: with another member away, the rebuilt one's count.
pub async fn assert_votes(fixture: &Fixture, away: &str, grant: GrantId) {
    let consortium = &fixture.consortium;
    consortium.set_presence(away, Presence::Silent).unwrap();
    fixture.doctor.open(grant).await.unwrap();
    consortium.set_presence(away, Presence::Present).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_of_several_hundred_blocks_is_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let (record, grant) = fixture.sealed_and_granted(b"x").await;
    for _ in 0..150 {
        fixture.grant(record).await;
    }
    fixture.close().await;
    let path = file(folder.path(), MEMBERS[1], "ledger.redb");
    let damaged = b"no database at all".repeat(999);
    std::fs::write(&path, &damaged).unwrap();

    let fixture = Fixture::reopen(folder.path()).await;
    let height = running(&fixture.consortium, 0).await.unwrap().height;
    assert!(height.0 > 300, "{height}");
    let aside = fixture
        .consortium
        .rebuild(MEMBERS[1])
        .await
        .unwrap()
        .unwrap();
    assert_eq!(aside, file(folder.path(), MEMBERS[1], "damaged-1"));
    assert!(std::fs::read(aside.join("ledger.redb")).unwrap() == damaged);
    assert!(aside.join("consensus.log").exists());
    assert!(fixture.consortium.damaged().await.is_empty());
    assert_eq!(
        fixture.consortium.rebuild(MEMBERS[1]).await.unwrap(),
        None,
        "it runs"
    );
    let state = running(&fixture.consortium, 1).await.unwrap();
    assert!(state.lost, "it forgot its votes");
    wait_until_whole(&fixture, 1).await;
    assert_votes(&fixture, MEMBERS[2], grant).await;
    fixture.close().await;

    let fixture = Fixture::reopen(folder.path()).await;
    assert!(fixture.consortium.verified_heights()[1] >= height);
    assert!(fixture.consortium.damaged().await.is_empty());
    assert!(!running(&fixture.consortium, 1).await.unwrap().lost);
    assert_votes(&fixture, MEMBERS[3], grant).await;
    fixture.close().await;
}

fn mark(path: &Path) -> FileMark {
    FileMark::of(&std::fs::File::open(path).unwrap()).unwrap()
}

/// A caller stops waiting and asks again: the first rebuild goes on, and is the only one.
#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_goes_on_when_its_caller_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    fixture.close().await;
    let path = file(folder.path(), MEMBERS[1], "ledger.redb");
    std::fs::write(&path, b"no database at all").unwrap();

    let fixture = Fixture::reopen(folder.path()).await;
    let log = mark(&file(folder.path(), MEMBERS[1], "consensus.log"));
    let aside = file(folder.path(), MEMBERS[1], "damaged-1");
    tokio::select! {
        biased;
        () = async {
            while !aside.join("consensus.log").exists() {
                tokio::task::yield_now().await;
            }
        } => {}
        _ = fixture.consortium.rebuild(MEMBERS[1]) => panic!("it ended before it was dropped"),
    }
    assert_eq!(
        fixture.consortium.rebuild(MEMBERS[1]).await.unwrap(),
        None,
        "the first one made it run"
    );
    assert!(!file(folder.path(), MEMBERS[1], "damaged-2").exists());
    let moved = mark(&aside.join("consensus.log"));
    assert_ne!(moved, log, "put back, it counts as a copy");
    wait_until_whole(&fixture, 1).await;
    assert_votes(&fixture, MEMBERS[2], grant).await;
    fixture.close().await;
}

/// The member that proposed the first block: the others go on without it, and rebuilt it joins them.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_proposer_is_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let (record, _) = fixture.sealed_and_granted(b"x").await;
    fixture.close().await;
    std::fs::remove_file(file(folder.path(), MEMBERS[0], "ledger.redb")).unwrap();
    std::fs::remove_file(file(folder.path(), MEMBERS[0], "consensus.log")).unwrap();

    let fixture = Fixture::reopen(folder.path()).await;
    let damaged = fixture.consortium.damaged().await;
    assert_eq!(damaged.len(), 1);
    assert_eq!(damaged[0].organisation, MEMBERS[0]);
    opens(&fixture, record).await;
    fixture.close().await;

    let consortium = in_folder(folder.path())
        .with_rebuild()
        .start()
        .await
        .unwrap();
    assert!(consortium.damaged().await.is_empty());
    consortium.shut_down().await.unwrap();
    let fixture = Fixture::reopen(folder.path()).await;
    opens(&fixture, record).await;
    wait_until_whole(&fixture, 0).await;
    fixture.close().await;
}

async fn opens(fixture: &Fixture, record: RecordRef) {
    let grant = fixture
        .patient
        .grant(record, &fixture.doctor, Window::days(1));
    fixture.doctor.open(grant.await.unwrap()).await.unwrap();
}

/// A second member is rebuilt only when the first knows its votes again.
#[tokio::test(flavor = "multi_thread")]
async fn one_member_is_rebuilt_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    fixture.close().await;
    for (seat, other) in [(1, 2), (2, 3), (3, 1)] {
        std::fs::write(file(folder.path(), MEMBERS[seat], "ledger.redb"), b"").unwrap();
        let fixture = Fixture::reopen(folder.path()).await;
        let consortium = &fixture.consortium;
        consortium
            .set_presence(MEMBERS[other], Presence::Silent)
            .unwrap();
        let error = consortium.rebuild(MEMBERS[seat]).await.unwrap_err();
        assert_eq!(error.code(), "busy", "{error}");
        assert!(error.to_string().contains(MEMBERS[other]), "{error}");
        consortium
            .set_presence(MEMBERS[other], Presence::Present)
            .unwrap();
        consortium.rebuild(MEMBERS[seat]).await.unwrap();
        wait_until_whole(&fixture, seat).await;
        assert_votes(&fixture, MEMBERS[other], grant).await;
        fixture.close().await;
    }
}

/// Its log is put out of its way while it runs, and the next cut of the log fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_ended_is_rebuilt_while_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let (record, grant) = fixture.sealed_and_granted(b"x").await;
    let log = file(folder.path(), MEMBERS[1], "consensus.log");
    std::fs::remove_file(&log).unwrap();
    std::fs::create_dir(&log).unwrap();
    let mut orders = 0;
    let damaged = loop {
        let damaged = fixture.consortium.damaged().await;
        if !damaged.is_empty() {
            break damaged;
        }
        orders += 1;
        assert!(orders < 100, "it goes on without its log");
        fixture.grant(record).await;
    };
    assert_eq!(damaged[0].organisation, MEMBERS[1]);
    assert_eq!(damaged[0].file, DamagedFile::Log);
    let health = fixture.consortium.health().await;
    let damaged = &health[1].state;
    assert!(
        matches!(
            damaged,
            MemberState::Damaged {
                file: DamagedFile::Log,
                ..
            }
        ),
        "{damaged:?}"
    );
    let aside = fixture.consortium.rebuild(MEMBERS[1]).await.unwrap();
    assert!(aside.unwrap().join("ledger.redb").exists());
    wait_until_whole(&fixture, 1).await;
    assert_votes(&fixture, MEMBERS[2], grant).await;
    fixture.close().await;
}

/// No file is to blame, so there is nothing to rebuild, and it says what brings the member back.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_panicked_is_not_rebuilt_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let (record, grant) = fixture.sealed_and_granted(b"x").await;
    let consortium = &fixture.consortium;
    consortium.set_disk(MEMBERS[1], Disk::Panics).unwrap();
    let mut orders = 0;
    let reason = loop {
        if let MemberState::Ended { reason } = consortium.health().await.swap_remove(1).state {
            break reason;
        }
        orders += 1;
        assert!(orders < 100, "it goes on after a panic");
        fixture.grant(record).await;
    };
    assert!(reason.contains("restart"), "{reason}");
    assert!(consortium.damaged().await.is_empty());
    let error = consortium.rebuild(MEMBERS[1]).await.unwrap_err();
    assert_eq!(error.code(), "member", "{error}");
    let text = error.to_string();
    assert!(
        text.contains(MEMBERS[1]) && text.contains(&reason),
        "{text}"
    );
    assert!(!file(folder.path(), MEMBERS[1], "damaged-1").exists());
    fixture.doctor.open(grant).await.unwrap();
    let error = fixture.consortium.shut_down().await.unwrap_err();
    assert!(error.to_string().contains(MEMBERS[1]), "{error}");

    let fixture = Fixture::reopen(folder.path()).await;
    assert!(fixture.consortium.damaged().await.is_empty());
    assert_votes(&fixture, MEMBERS[2], grant).await;
    fixture.close().await;
}
