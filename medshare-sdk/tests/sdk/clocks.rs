//! Clocks of all members that ran ahead and are put right.

use std::time::Duration;

use crate::support::{Fixture, MEMBERS, now};
use medshare_sdk::{Consortium, Deadlines, Error};

fn set_clocks(fixture: &Fixture, ahead_ms: i64) {
    for member in MEMBERS {
        let set = fixture.consortium.set_clock_offset(member, ahead_ms);
        set.unwrap();
    }
}

/// While block time is ahead of the clocks a revocation takes effect at once and no share is
/// released; once the clocks are near it, shares are, without a restart.
#[tokio::test(flavor = "multi_thread")]
async fn revocations_go_on_and_releases_come_back() {
    let fixture = Fixture::open().await;
    let (record, grant) = fixture.sealed_and_granted(b"x").await;
    let other = fixture.grant(record).await;
    set_clocks(&fixture, 50_000);
    fixture.seal(b"ordered ahead of time").await;
    set_clocks(&fixture, 0);

    let deadlines = Deadlines::default().with_order(Duration::from_secs(15));
    let hasty: Consortium = fixture
        .consortium
        .with_deadlines(deadlines.with_shares(Duration::from_secs(1)));
    let st_mary = hasty.organisation(MEMBERS[0]).unwrap();
    let patient = st_mary.person(crate::support::PATIENT).await.unwrap();
    patient.revoke(other).await.unwrap();
    let doctor = st_mary.person(crate::support::DOCTOR).await.unwrap();
    assert_eq!(doctor.open(other).await.unwrap_err().code(), "revoked");
    let error = doctor.open(grant).await.unwrap_err();
    let Error::InsufficientShares { silent, .. } = &error else {
        panic!("{error}");
    };
    assert!(
        silent
            .iter()
            .all(|cause| cause.contains("ahead of this holder's clock")),
        "{error}"
    );
    let ahead = hasty.health().await;
    assert!(
        ahead.iter().all(|member| member
            .problem()
            .is_some_and(|problem| problem.contains("behind the last block"))),
        "{ahead:?} at {}",
        now()
    );

    // As if 25 seconds had passed.
    set_clocks(&fixture, 25_000);
    assert_eq!(fixture.doctor.open(grant).await.unwrap().bytes(), b"x");
    fixture.close().await;
}
