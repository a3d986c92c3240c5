//! An opening that fails takes at most one use of its grant, however often it is tried again.

use std::future::IntoFuture as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::interposer::{Fate, Interposer, hold_shares};
use crate::support::{CHEAP, Fixture, MEMBERS, SEALED_SEGMENT, bytes, now, swap_segments};
use medshare_ledger::{RefusalCode, RpcRequest};
use medshare_sdk::local::{HolderConduct, LocalBuilder};
use medshare_sdk::{Deadlines, Error, GrantId, Purpose, RecordRef, Window};
use medshare_types::genesis::ChainParameters;
use tokio::io::AsyncWrite;

impl Fixture {
    pub async fn grant_of(&self, record: RecordRef, uses: u32) -> GrantId {
        let grant = self.patient.grant(record, &self.doctor, Window::days(1));
        grant.uses(uses).await.unwrap()
    }

    fn conduct(&self, conduct: HolderConduct) {
        for member in &MEMBERS[1..3] {
            let done = self.consortium.set_holder_conduct(member, conduct);
            done.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_that_are_away_or_damaged_take_no_use() {
    let fixture = Fixture::open().await;
    let content = bytes(3 * (1 << 16), 1);
    let record = fixture.seal(content.clone()).await;
    let grant = fixture.grant_of(record, 1).await;
    let interposer = Interposer::before(&fixture.consortium);
    let files = fixture.payloads(record);
    let good = std::fs::read(&files[0]).unwrap();
    let refused = async |code: &str| {
        let error = fixture.doctor.open(grant).await.unwrap_err();
        assert_eq!(error.code(), code);
        assert_eq!(interposer.taken(grant).await, 0, "{code}");
    };

    for file in &files {
        std::fs::rename(file, file.with_extension("away")).unwrap();
    }
    refused("object_unavailable").await;
    for file in &files {
        std::fs::rename(file.with_extension("away"), file).unwrap();
        swap_segments(file);
    }
    refused("segment_mismatch").await;
    let mut last = good.clone();
    last[2 * SEALED_SEGMENT + 9] ^= 1;
    for damaged in [&last, &good[..SEALED_SEGMENT].to_vec()] {
        for file in &files {
            std::fs::write(file, damaged).unwrap();
        }
        let cut = damaged.len() < good.len();
        refused(if cut {
            "object_truncated"
        } else {
            "segment_mismatch"
        })
        .await;
    }
    std::fs::write(&files[1], &good).unwrap();
    let opened = fixture.doctor.open(grant).await.unwrap();
    assert_eq!(opened.bytes(), content);
    assert_eq!(interposer.taken(grant).await, 1);
    let error = fixture.doctor.open(grant).await.unwrap_err();
    assert_eq!(error.code(), "uses_exhausted");
    fixture.close().await;
}

/// Damage behind what is checked before the ticket, and a writer that fails: the ticket is used
/// again, with the shares that were gathered, so no holder need answer.
#[tokio::test(flavor = "multi_thread")]
async fn content_that_breaks_off_is_opened_again_with_the_same_ticket() {
    let fixture = Fixture::open().await;
    let content = bytes(130 * (1 << 16), 2);
    let record = fixture.seal(content.clone()).await;
    let [first, revoked] = [(); 2].map(|()| fixture.grant_of(record, 1));
    let (first, revoked) = (first.await, revoked.await);
    let files = fixture.payloads(record);
    let good = std::fs::read(&files[0]).unwrap();
    let mut damaged = good.clone();
    damaged[129 * SEALED_SEGMENT] ^= 1;
    for file in &files {
        std::fs::write(file, &damaged).unwrap();
    }
    let interposer = Interposer::before(&fixture.consortium);
    let doctor = interposer.doctor().await;
    for grant in [first, first, revoked] {
        let error = doctor.open(grant).await.unwrap_err();
        assert!(matches!(error, Error::SegmentMismatch { index: 129 }));
        assert_eq!(interposer.taken(grant).await, 1);
    }
    std::fs::write(&files[1], &good).unwrap();
    let error = doctor.open(first).write_to(&mut Broken).await.unwrap_err();
    assert_eq!(error.code(), "io");

    interposer.set(|_, request| match request {
        RpcRequest::Share(_) => Fate::Cut,
        _ => Fate::Pass,
    });
    let mut written = Vec::new();
    let access = doctor.open(first).write_to(&mut written).await.unwrap();
    assert!(written == content);
    assert_eq!(access.receipt().share_count(), 3);
    assert_eq!(interposer.taken(first).await, 1);
    interposer.release();
    let error = doctor.open(first).await.unwrap_err();
    assert_eq!(error.code(), "uses_exhausted", "success ends the session");

    // Shares from before a revocation are not used after it.
    fixture.patient.revoke(revoked).await.unwrap();
    let error = doctor.open(revoked).await.unwrap_err();
    assert_eq!(error.code(), "revoked");
    fixture.close().await;
}

/// A writer that takes nothing.
pub struct Broken;

impl AsyncWrite for Broken {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Poll::Ready(Err(std::io::Error::other("the disk is full")))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn holders_that_refuse_for_a_moment_take_one_use() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"an ECG").await;
    let interposer = Interposer::before(&fixture.consortium);
    for conduct in [HolderConduct::Refuse, HolderConduct::Lie] {
        let grant = fixture.grant_of(record, 1).await;
        fixture.conduct(conduct);
        for _ in 0..2 {
            let error = fixture.doctor.open(grant).await.unwrap_err();
            let text = error.to_string();
            assert!(
                error.is_retryable() && text.contains("no further use"),
                "{text}"
            );
            let Error::InsufficientShares { ticket_expires, .. } = error else {
                panic!("{error}");
            };
            let left = ticket_expires.unwrap().as_millis() - now().as_millis();
            assert!((1..=120_000).contains(&left), "{left}");
            assert_eq!(interposer.taken(grant).await, 1);
        }
        // Another purpose is another access.
        let other = fixture.doctor.open(grant).purpose(Purpose::Research);
        assert_eq!(other.await.unwrap_err().code(), "purpose_mismatch");
        fixture.conduct(HolderConduct::Honest);
        let opened = fixture.doctor.open(grant).await.unwrap();
        assert_eq!(opened.bytes(), b"an ECG");
        let culprits = opened.access().culprits();
        let lied = conduct == HolderConduct::Lie;
        assert_eq!(culprits.len(), if lied { 2 } else { 0 }, "{culprits:?}");
        assert_eq!(interposer.taken(grant).await, 1);
        let error = fixture.doctor.open(grant).await.unwrap_err();
        assert_eq!(error.code(), "uses_exhausted");
    }
    fixture.close().await;
}

/// A subject's reading of her own record gives one grant, not one for each attempt.
#[tokio::test(flavor = "multi_thread")]
async fn a_subject_goes_on_with_the_grant_that_she_gave_herself() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"an ECG").await;
    let given = async || {
        let mut given = fixture.patient.grants_given().await.unwrap();
        let mut count = 0;
        while given.next().await.unwrap().is_some() {
            count += 1;
        }
        count
    };
    let files = fixture.payloads(record);
    let good = std::fs::read(&files[0]).unwrap();
    for file in &files {
        std::fs::remove_file(file).unwrap();
    }
    let error = fixture.patient.open_own(record).await.unwrap_err();
    assert_eq!(error.code(), "object_unavailable");
    assert_eq!(given().await, 0, "nothing is granted for it");
    std::fs::write(&files[1], good).unwrap();

    fixture.conduct(HolderConduct::Refuse);
    for _ in 0..2 {
        let error = fixture.patient.open_own(record).await.unwrap_err();
        assert_eq!(error.code(), "insufficient_shares");
        assert_eq!(given().await, 1);
    }
    fixture.conduct(HolderConduct::Honest);
    let opened = fixture.patient.open_own(record).await.unwrap();
    assert_eq!(opened.bytes(), b"an ECG");
    assert_eq!(given().await, 1);
    fixture.patient.open_own(record).await.unwrap();
    assert_eq!(given().await, 2, "success ends the grant");

    // A grant that she revoked meanwhile is replaced.
    fixture.conduct(HolderConduct::Refuse);
    fixture.patient.open_own(record).await.unwrap_err();
    fixture.conduct(HolderConduct::Honest);
    let mut grants = fixture.patient.grants_given().await.unwrap().newest_first();
    let newest = grants.next().await.unwrap().unwrap();
    fixture.patient.revoke(newest.id).await.unwrap();
    fixture.patient.open_own(record).await.unwrap();
    assert_eq!(given().await, 4);
    fixture.close().await;
}

/// A quiet chain has no recent block, without which no holder releases.
#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_used_after_half_a_minute_without_blocks() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"an ECG").await;
    let grant = fixture.grant_of(record, 1).await;
    fixture.conduct(HolderConduct::Refuse);
    let error = fixture.doctor.open(grant).await.unwrap_err();
    assert_eq!(error.code(), "insufficient_shares");
    fixture.conduct(HolderConduct::Honest);
    tokio::time::sleep(Duration::from_secs(31)).await;
    fixture.doctor.open(grant).await.unwrap();
    let interposer = Interposer::before(&fixture.consortium);
    assert_eq!(interposer.taken(grant).await, 1);
    fixture.close().await;
}

/// The ticket is issued, and its reader does not learn of it: the answer to the request is lost, or
/// every receipt, or the caller stops waiting.
#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_was_issued_unseen_is_found() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"an ECG").await;
    let interposer = Interposer::before(&fixture.consortium);
    let order = Deadlines::default().with_order(Duration::from_millis(700));
    let hurried = interposer.doctor_with(order).await;
    let doctor = interposer.doctor().await;

    for (lost, code) in [("request", "timed_out"), ("receipt", "timed_out")] {
        let grant = fixture.grant_of(record, 1).await;
        interposer.set(move |_, request| match request {
            RpcRequest::Submit(_) if lost == "request" => Fate::Lose,
            RpcRequest::ReceiptOf(_) => Fate::Lose,
            _ => Fate::Pass,
        });
        for _ in 0..2 {
            let error = hurried.open(grant).await.unwrap_err();
            assert_eq!(error.code(), code);
            interposer.until_taken(grant, 1).await;
        }
        interposer.release();
        // The deadlines are another handle's, the sessions the consortium's.
        doctor.open(grant).await.unwrap();
        assert_eq!(interposer.taken(grant).await, 1);
    }

    for (count, is_share) in [(1, false), (4, true)] {
        let grant = fixture.grant_of(record, 1).await;
        interposer.set(move |_, request| match request {
            RpcRequest::Share(_) if is_share => Fate::Hold,
            RpcRequest::ReceiptOf(_) if !is_share => Fate::Hold,
            _ => Fate::Pass,
        });
        let opening = tokio::spawn(doctor.open(grant).into_future());
        interposer.until_held(count).await;
        opening.abort();
        assert!(opening.await.unwrap_err().is_cancelled());
        interposer.release();
        doctor.open(grant).await.unwrap();
        assert_eq!(interposer.taken(grant).await, 1);
    }
    fixture.close().await;
}

/// An earlier request that was denied says nothing about the present.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_denied_unseen_is_made_again() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"an ECG").await;
    let opens_at = now().plus_millis(3_000);
    let window = Window::between(opens_at, opens_at.plus_millis(1 << 30)).unwrap();
    let grant = fixture.patient.grant(record, &fixture.doctor, window);
    let grant = grant.await.unwrap();
    let interposer = Interposer::before(&fixture.consortium);
    let doctor = interposer.doctor().await;
    interposer.set(|_, request| match request {
        RpcRequest::ReceiptOf(_) => Fate::Hold,
        _ => Fate::Pass,
    });
    let opening = tokio::spawn(doctor.open(grant).into_future());
    interposer.until_held(1).await;
    opening.abort();
    interposer.release();
    let wait_ms = opens_at.as_millis().saturating_sub(now().as_millis());
    tokio::time::sleep(Duration::from_millis(wait_ms + 50)).await;
    doctor.open(grant).await.unwrap();
    assert_eq!(interposer.taken(grant).await, 1);
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_openings_at_once_are_two_accesses() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"an ECG").await;
    let grant = fixture.grant_of(record, 4).await;
    let interposer = Interposer::before(&fixture.consortium);
    let doctor = interposer.doctor().await;
    let both = async || {
        let [a, b] = [(); 2].map(|()| tokio::spawn(doctor.open(grant).into_future()));
        [a.await.unwrap(), b.await.unwrap()]
    };
    interposer.set(hold_shares(&[0, 1, 2, 3]));
    let (opened, ()) = tokio::join!(both(), async {
        interposer.until_held(8).await;
        interposer.release();
    });
    let tickets = opened.map(|opened| opened.unwrap().access().ticket().id);
    assert_ne!(tickets[0], tickets[1]);
    assert_eq!(interposer.taken(grant).await, 2);

    interposer.set(|seat, request| match request {
        RpcRequest::Share(_) if seat.0 > 1 => Fate::Refuse(RefusalCode::NotReleasable),
        _ => Fate::Pass,
    });
    for opened in both().await {
        assert_eq!(opened.unwrap_err().code(), "insufficient_shares");
    }
    assert_eq!(interposer.taken(grant).await, 4);
    interposer.release();
    // One after the other and at once: each failed session is continued once.
    for opened in both().await {
        opened.unwrap();
    }
    assert_eq!(interposer.taken(grant).await, 4);
    let error = doctor.open(grant).await.unwrap_err();
    assert_eq!(error.code(), "uses_exhausted");
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_ticket_is_requested_while_too_few_holders_answer() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"an ECG").await;
    let grant = fixture.grant_of(record, 1).await;
    let interposer = Interposer::before(&fixture.consortium);
    let deadlines = Deadlines::default().with_shares(Duration::from_millis(300));
    let hurried = interposer.doctor_with(deadlines).await;
    interposer.set(|seat, _| if seat.0 > 1 { Fate::Cut } else { Fate::Pass });
    let error = hurried.open(grant).await.unwrap_err();
    let text = error.to_string();
    assert!(error.is_retryable() && text.contains("no use"), "{text}");
    let Error::InsufficientShares {
        good: 0,
        needed: 3,
        silent,
        ticket_expires: None,
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(silent.len(), 2);
    assert_eq!(interposer.taken(grant).await, 0);
    interposer.release();
    interposer.doctor().await.open(grant).await.unwrap();
    fixture.close().await;
}

/// The end of a ticket alone: told as such, and never continued after it.
#[tokio::test(flavor = "multi_thread")]
async fn an_expired_ticket_is_told_and_dropped() {
    let parameters = ChainParameters {
        ticket_lifetime_ms: 4_000,
        ..ChainParameters::default()
    };
    let builder = LocalBuilder::new(4).with_passphrase_cost(CHEAP);
    let fixture = Fixture::found(builder.with_parameters(parameters)).await;
    let record = fixture.seal(b"an ECG").await;
    let interposer = Interposer::before(&fixture.consortium);
    let doctor = interposer.doctor().await;
    let grant = fixture.grant_of(record, 2).await;

    interposer.set(hold_shares(&[0, 1, 2, 3]));
    let opening = tokio::spawn(doctor.open(grant).into_future());
    interposer.until_held(4).await;
    // Members' clocks and block times may differ by the parameters' 2.5 s.
    tokio::time::sleep(Duration::from_millis(6_600)).await;
    interposer.release();
    let error = opening.await.unwrap().unwrap_err();
    assert_eq!(error.code(), "ticket_expired", "{error}");
    assert!(
        !error.is_retryable(),
        "another use is the caller's to decide"
    );
    assert!(error.to_string().contains("another use"), "{error}");
    assert_eq!(interposer.taken(grant).await, 1);

    fixture.conduct(HolderConduct::Refuse);
    let error = doctor.open(grant).await.unwrap_err();
    let Error::InsufficientShares { ticket_expires, .. } = error else {
        panic!("{error}");
    };
    fixture.conduct(HolderConduct::Honest);
    let left_ms = ticket_expires
        .unwrap()
        .as_millis()
        .saturating_sub(now().as_millis());
    tokio::time::sleep(Duration::from_millis(left_ms + 1)).await;
    assert_eq!(interposer.taken(grant).await, 2);
    let error = doctor.open(grant).await.unwrap_err();
    assert_eq!(
        error.code(),
        "uses_exhausted",
        "the expired ticket is dropped"
    );
    fixture.close().await;
}
