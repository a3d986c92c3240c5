//! An access that ends while it is opened: each end is told as what it is.

use std::future::IntoFuture as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::interposer::{Fate, Interposer, hold_shares};
use crate::support::{Fixture, MEMBERS, now};
use medshare_contract::keys;
use medshare_ledger::{RefusalCode, RpcRequest};
use medshare_sdk::local::HolderConduct;
use medshare_sdk::{Deadlines, Denial, Error, Opened, Result, Timestamp, Window};

fn assert_revoked(opened: Result<Opened>) {
    let error = opened.unwrap_err();
    assert!(
        matches!(error, Error::Denied(Denial::Revoked { height }) if height.0 > 0),
        "{error}"
    );
    assert!(!error.is_retryable());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_during_an_opening_is_told_as_such() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"an ECG").await;
    let interposer = Interposer::before(&fixture.consortium);
    let doctor = interposer.doctor().await;
    // Before any holder was asked, and after two of the three shares were there.
    let all: &[u16] = &[0, 1, 2, 3];
    for (held, shared) in [(all, 0), (&[2, 3], 2)] {
        let grant = fixture.grant(record).await;
        interposer.set(hold_shares(held));
        let opening = tokio::spawn(doctor.open(grant).into_future());
        interposer.until_held(held.len()).await;
        interposer.until_shared(shared).await;
        fixture.patient.revoke(grant).await.unwrap();
        interposer.until_revoked(grant).await;
        interposer.release();
        assert_revoked(opening.await.unwrap());
        assert_revoked(doctor.open(grant).await);
    }

    // Between an opening and its retry.
    let grant = fixture.grant(record).await;
    for member in &MEMBERS[1..3] {
        let set = |conduct| fixture.consortium.set_holder_conduct(member, conduct);
        set(HolderConduct::Refuse).unwrap();
    }
    let error = doctor.open(grant).await.unwrap_err();
    assert_eq!(error.code(), "insufficient_shares");
    fixture.patient.revoke(grant).await.unwrap();
    assert_revoked(doctor.open(grant).await);
    fixture.close().await;
}

/// Holders refuse by a block that no proof has reached yet.
#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_awaited_where_proofs_lag() {
    let fixture = Fixture::open().await;
    let (_, grant) = fixture.sealed_and_granted(b"an ECG").await;
    let interposer = Interposer::before(&fixture.consortium);
    let doctor = interposer.doctor().await;
    interposer.set(hold_shares(&[0, 1, 2, 3]));
    let opening = tokio::spawn(doctor.open(grant).into_future());
    interposer.until_held(4).await;
    let state = RpcRequest::State(keys::grant(&grant));
    interposer.remember(&state).await;
    fixture.patient.revoke(grant).await.unwrap();
    interposer.until_revoked(grant).await;
    let asked = AtomicUsize::new(0);
    interposer.release_into(move |_, request| {
        if *request == state && asked.fetch_add(1, Ordering::SeqCst) < 6 {
            Fate::Remembered
        } else {
            Fate::Pass
        }
    });
    assert_revoked(opening.await.unwrap());
    fixture.close().await;
}

/// Holders' word alone ends nothing.
#[tokio::test(flavor = "multi_thread")]
async fn holders_that_say_revoked_are_not_believed() {
    let fixture = Fixture::open().await;
    let (_, grant) = fixture.sealed_and_granted(b"an ECG").await;
    let interposer = Interposer::before(&fixture.consortium);
    let deadlines = Deadlines::default().with_answer(Duration::from_secs(1));
    let doctor = interposer.doctor_with(deadlines).await;
    for code in [RefusalCode::Revoked, RefusalCode::Expired] {
        interposer.set(move |seat, request| match request {
            RpcRequest::Share(_) if seat.0 > 1 => Fate::Refuse(code),
            _ => Fate::Pass,
        });
        let error = doctor.open(grant).await.unwrap_err();
        assert_eq!(error.code(), "insufficient_shares");
    }
    interposer.release();
    doctor.open(grant).await.unwrap();
    assert_eq!(interposer.taken(grant).await, 1);
    fixture.close().await;
}

/// The grant's window and the record's own bounds.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_during_an_opening_is_told_as_such() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"an ECG").await;
    let ended_at = now().plus_millis(6_000);
    let window = Window::between(now().minus_millis(1_000), ended_at).unwrap();
    let by_grant = fixture.patient.grant(record, &fixture.doctor, window);
    let by_grant = by_grant.await.unwrap();
    let seal = fixture.st_mary.seal(b"x", &fixture.policy);
    let seal = seal.bounds(Timestamp::from_millis(0), ended_at);
    let sealed = seal.subject(&fixture.patient).await.unwrap();
    let by_seal = fixture.grant(sealed).await;

    let interposer = Interposer::before(&fixture.consortium);
    let doctor = interposer.doctor().await;
    interposer.set(hold_shares(&[0, 1, 2, 3]));
    let openings = [by_grant, by_seal].map(|grant| tokio::spawn(doctor.open(grant).into_future()));
    // From then on holders refuse by their clocks, whatever the last block says.
    let over = ended_at.plus_millis(2_600);
    let wait_ms = over.as_millis().saturating_sub(now().as_millis());
    tokio::time::sleep(Duration::from_millis(wait_ms)).await;
    interposer.until_held(8).await;
    interposer.release();
    for opening in openings {
        let error = opening.await.unwrap().unwrap_err();
        assert!(
            matches!(error, Error::Denied(Denial::Expired { ended_at: end }) if end == ended_at),
            "{error}"
        );
    }
    fixture.close().await;
}
