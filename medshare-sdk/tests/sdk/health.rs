//! The state of each member, and time-outs that carry it.

use std::future::IntoFuture as _;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{DOCTOR, Fixture, MEMBERS, PATIENT};
use medshare_sdk::issuer::{AttributeIssuer, KeyRequest, SealedKey};
use medshare_sdk::keystore::BoxFuture;
use medshare_sdk::local::Presence;
use medshare_sdk::{Consortium, Deadlines, Error, MemberHealth, MemberState, Running, Window};
use tokio::time::Instant;

fn running(member: &MemberHealth) -> &Running {
    match &member.state {
        MemberState::Running(running) => running,
        other => panic!("{}: {other:?}", member.organisation),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_member_tells_how_it_is() {
    let fixture = Fixture::open().await;
    fixture.seal(b"x").await;
    let health = fixture.consortium.health().await;
    let names: Vec<_> = health.iter().map(|member| &member.organisation).collect();
    assert_eq!(names, MEMBERS);
    for member in &health {
        assert_eq!(member.problem(), None);
        let state = running(member);
        assert!(state.height.0 > 0 && state.lag <= 2, "{state:?}");
        assert_eq!(state.clock_behind_tip(), Duration::ZERO);
        assert!(health.iter().any(|member| member.seat == state.primary));
        assert!(state.disk_free.is_none_or(|free| free > 0));
    }
    let consortium = fixture.consortium.clone();
    fixture
        .consortium
        .set_presence(MEMBERS[1], Presence::Silent)
        .unwrap();
    fixture.seal(b"without charite").await;
    let health = consortium.health().await;
    assert_eq!(health[1].state, MemberState::Silent);
    fixture.close().await;
    for member in consortium.health().await {
        assert!(
            matches!(member.state, MemberState::Ended { .. }),
            "{member:?}"
        );
    }
}

/// Each member in turn is silent, and every block is ordered: a silent proposer costs its turn alone.
#[tokio::test(flavor = "multi_thread")]
async fn no_silent_member_stops_a_call() {
    let fixture = Fixture::open().await;
    for silent in MEMBERS {
        let set = |presence| fixture.consortium.set_presence(silent, presence).unwrap();
        set(Presence::Silent);
        let (_, grant) = fixture.sealed_and_granted(b"x").await;
        assert_eq!(fixture.doctor.open(grant).await.unwrap().bytes(), b"x");
        set(Presence::Present);
    }
    fixture.close().await;
}

fn silence(fixture: &Fixture, presence: Presence) {
    for member in &MEMBERS[..2] {
        fixture.consortium.set_presence(member, presence).unwrap();
    }
}

/// Two members are silent and two answer: no block is ordered, and the error says why, at the
/// caller's deadline.
#[tokio::test(flavor = "multi_thread")]
async fn a_time_out_names_the_silent_members() {
    let fixture = Fixture::open().await;
    silence(&fixture, Presence::Silent);
    let order = Duration::from_secs(3);
    let deadlines = Deadlines::default().with_order(order);
    let impatient = fixture.consortium.with_deadlines(deadlines);
    let st_mary = impatient.organisation(MEMBERS[0]).unwrap();
    let begun = Instant::now();
    let seal = st_mary
        .seal(b"x", &fixture.policy)
        .subject(&fixture.patient);
    let error = seal.await.unwrap_err();
    assert!(begun.elapsed() < order + Duration::from_secs(5), "{error}");
    let Error::TimedOut {
        timeout_ms, causes, ..
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!(*timeout_ms, 3_000);
    assert_eq!(causes.len(), 2, "{error}");
    for (cause, member) in causes.iter().zip(MEMBERS) {
        assert!(
            cause.contains(member) && cause.contains("does not answer"),
            "{error}"
        );
    }
    silence(&fixture, Presence::Present);
    fixture.seal(b"x").await;
    fixture.close().await;
}

/// What held a call up for most of its time is told, although it has passed by the end.
#[tokio::test(flavor = "multi_thread")]
async fn a_time_out_tells_of_causes_that_have_passed() {
    let fixture = Fixture::open().await;
    let set = |seat: usize, presence| {
        let set = fixture.consortium.set_presence(MEMBERS[seat], presence);
        set.unwrap();
    };
    silence(&fixture, Presence::Silent);
    let deadlines = Deadlines::default().with_order(Duration::from_secs(4));
    let impatient = fixture.consortium.with_deadlines(deadlines);
    let riverside = impatient.organisation(MEMBERS[3]).unwrap();
    let enrolling = riverside.enrol("Dr Late", &[]);
    let relieving = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        set(2, Presence::Silent);
        set(0, Presence::Present);
    };
    let (enrolled, ()) = tokio::join!(enrolling, relieving);
    let error = enrolled.map(drop).unwrap_err();
    let Error::TimedOut { causes, .. } = &error else {
        panic!("{error}");
    };
    let of = |seat: usize| causes.iter().find(|cause| cause.contains(MEMBERS[seat]));
    assert!(of(0).unwrap().ends_with("for a while"), "{error}");
    assert!(of(1).unwrap().ends_with("does not answer"), "{error}");
    assert!(of(2).unwrap().ends_with("does not answer"), "{error}");
    fixture.close().await;
}

/// Two members answer, so reading goes on, and no call says that no member can be reached.
#[tokio::test(flavor = "multi_thread")]
async fn every_call_names_the_silent_members() {
    let fixture = Fixture::open().await;
    let (record, grant) = fixture.sealed_and_granted(b"x").await;
    let deadlines = Deadlines::default().with_order(Duration::from_secs(3));
    let impatient = fixture.consortium.with_deadlines(deadlines);
    let st_mary = impatient.organisation(MEMBERS[0]).unwrap();
    let patient = st_mary.person(PATIENT).await.unwrap();
    let doctor = st_mary.person(DOCTOR).await.unwrap();
    silence(&fixture, Presence::Silent);
    let (granted, revoked, opened, enrolled) = tokio::join!(
        patient
            .grant(record, &doctor, Window::days(1))
            .into_future(),
        patient.revoke(grant),
        doctor.open(grant).into_future(),
        st_mary.enrol("Dr New", &["role:medic"]),
    );
    // Opening asks for shares before it asks for a ticket, and the silent members hold some.
    for (error, code) in [
        (granted.map(drop).unwrap_err(), "timed_out"),
        (revoked.unwrap_err(), "timed_out"),
        (opened.map(drop).unwrap_err(), "insufficient_shares"),
        (enrolled.map(drop).unwrap_err(), "timed_out"),
    ] {
        assert_eq!(error.code(), code, "{error}");
        for member in &MEMBERS[..2] {
            assert!(error.to_string().contains(member), "{error}");
        }
    }
    doctor.describe(record).await.unwrap();
    impatient.watch().await.unwrap();
    fixture.close().await;
}

/// An issuer that never answers.
struct Hangs;

impl AttributeIssuer for Hangs {
    fn issue<'a>(&'a self, _: &'a KeyRequest) -> BoxFuture<'a, medshare_sdk::Result<SealedKey>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_hangs_is_given_up() {
    let fixture = Fixture::open().await;
    let mut parts = fixture.consortium.parts();
    parts.issuer = Arc::new(Hangs);
    let deadlines = Deadlines::default().with_issuance(Duration::from_millis(200));
    let client = Consortium::connect(parts)
        .unwrap()
        .with_deadlines(deadlines);
    let st_mary = client.organisation(MEMBERS[0]).unwrap();
    let enrolling = st_mary.enrol("Dr Late", &["role:medic"]);
    let enrolled = tokio::time::timeout(Duration::from_secs(30), async {
        let doctor = enrolling.await?;
        let record = fixture.seal(b"x").await;
        let grant = fixture
            .patient
            .grant(record, &doctor, Window::days(1))
            .await?;
        doctor.open(grant).await
    });
    let error = enrolled.await.expect("ends").unwrap_err();
    assert_eq!(error.code(), "timed_out", "{error}");
    fixture.close().await;
}
