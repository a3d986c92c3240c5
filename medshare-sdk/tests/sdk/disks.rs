//! Members' disks that are full for a while.

use std::time::Duration;

use crate::support::{DOCTOR, Fixture, MEMBERS, PATIENT};
use medshare_sdk::local::Disk;
use medshare_sdk::{Consortium, Deadlines, Error, MemberState, Refusing, Window};

fn set_disks(fixture: &Fixture, members: &[&str], disk: Disk) {
    for member in members {
        fixture.consortium.set_disk(member, disk).unwrap();
    }
}

fn hasty(fixture: &Fixture) -> Consortium {
    let deadlines = Deadlines::default()
        .with_order(Duration::from_secs(3))
        .with_shares(Duration::from_secs(3));
    fixture.consortium.with_deadlines(deadlines)
}

fn refusing(state: &MemberState) -> Option<Refusing> {
    match state {
        MemberState::Running(running) => running.refusing,
        other => panic!("{other:?}"),
    }
}

/// One disk is full: its member loses its turns, and no call fails. With two, nothing is ordered, and
/// the time-out says why.
#[tokio::test(flavor = "multi_thread")]
async fn full_disks_of_more_than_f_members_are_the_cause_of_a_time_out() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let (record, grant) = fixture.sealed_and_granted(b"before").await;
    set_disks(&fixture, &MEMBERS[..1], Disk::Full);

    let riverside = fixture.consortium.organisation(MEMBERS[3]).unwrap();
    for name in ["Dr First", "Dr Second", "Dr Third", "Dr Fourth"] {
        riverside.enrol(name, &[]).await.unwrap();
    }
    set_disks(&fixture, &MEMBERS[..2], Disk::Full);
    let consortium = hasty(&fixture);
    let riverside = consortium.organisation(MEMBERS[3]).unwrap();
    let error = riverside.enrol("Dr Late", &[]).await.unwrap_err();
    let Error::TimedOut { causes, .. } = &error else {
        panic!("{error}");
    };
    for name in &MEMBERS[..2] {
        let is_cause = |cause: &String| cause.contains(name) && cause.contains("disk");
        assert!(causes.iter().any(is_cause), "{error}");
    }
    let health = consortium.health().await;
    assert!(
        matches!(refusing(&health[0].state), Some(Refusing::DiskFull { .. })),
        "{health:?}"
    );

    set_disks(&fixture, &MEMBERS[..2], Disk::Real);
    let riverside = fixture.consortium.organisation(MEMBERS[3]).unwrap();
    riverside.enrol("Dr Later", &[]).await.unwrap();
    assert_eq!(fixture.doctor.open(grant).await.unwrap().bytes(), b"before");
    assert_eq!(consortium.health().await[0].problem(), None);
    fixture.close().await;

    let fixture = Fixture::reopen(folder.path()).await;
    assert_eq!(fixture.doctor.open(grant).await.unwrap().bytes(), b"before");
    fixture.grant(record).await;
    fixture.close().await;
}

/// All disks are full: calls end with a code of their own, and the same calls succeed afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn calls_are_refused_while_all_disks_are_full() {
    let fixture = Fixture::open().await;
    let (record, grant) = fixture.sealed_and_granted(b"x").await;
    set_disks(&fixture, &MEMBERS, Disk::Full);
    let consortium = hasty(&fixture);
    let st_mary = consortium.organisation(MEMBERS[0]).unwrap();
    let patient = st_mary.person(PATIENT).await.unwrap();
    let doctor = st_mary.person(DOCTOR).await.unwrap();
    // The first call finds the disks full, and may have been handed in before.
    let error = patient.revoke(grant).await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    let error = patient
        .grant(record, &doctor, Window::days(1))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "disk_full", "{error}");
    assert!(error.is_retryable(), "{error}");
    assert!(error.to_string().contains("the disk of"), "{error}");
    set_disks(&fixture, &MEMBERS, Disk::Real);
    let again = fixture.grant(record).await;
    assert_eq!(fixture.doctor.open(again).await.unwrap().bytes(), b"x");
    fixture.close().await;
}
