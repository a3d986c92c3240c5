//! Records, watches and receipts over two boundaries, with members and clients that were away.

use std::time::Duration;

use crate::interposer::Interposer;
use crate::support::{DOCTOR, Fixture, MEMBERS};
use medshare_sdk::local::{LocalConsortium, Presence};
use medshare_sdk::{Event, Events, GrantId, Height, MemberState, Receipt, TrustAnchor};
use medshare_types::Epoch;

/// Reads events until a ticket of the grant.
async fn until_ticket(events: &mut Events, grant: GrantId) -> Height {
    loop {
        let (height, event) = events.next().await.unwrap();
        if matches!(event, Event::TicketIssued(ticket) if ticket.grant == grant) {
            return height;
        }
    }
}

/// Waits until every member runs and has the newest block.
async fn until_level(consortium: &LocalConsortium) {
    for _ in 0..600 {
        let health = consortium.health().await;
        let level =
            |state: &MemberState| matches!(state, MemberState::Running(one) if one.lag == 0);
        if health.iter().all(|member| level(&member.state)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("a member stays behind: {:?}", consortium.health().await);
}

fn parsed(receipt: &[u8]) -> Receipt {
    Receipt::from_bytes(receipt).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn records_and_receipts_outlive_their_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::with_short_epochs_in(folder.path()).await;
    let founding = fixture.consortium.trust_anchor();
    let mut events = fixture.consortium.watch_from(Height(0));
    let (_, first) = fixture.sealed_and_granted(b"in epoch 0").await;
    let opened = fixture.doctor.open(first).await.unwrap();
    let old = opened.receipt().to_bytes();
    let ticket = opened.access().ticket().clone();
    until_ticket(&mut events, first).await;
    // A client that reads once now, and then not for two boundaries.
    let away = Interposer::before(&fixture.consortium);
    let reader = away.doctor().await;
    assert_eq!(reader.open(first).await.unwrap().bytes(), b"in epoch 0");
    assert_eq!(fixture.epoch().await, Epoch(0));

    // A member is away over the first boundary.
    let riverside = |presence| fixture.consortium.set_presence(MEMBERS[3], presence);
    riverside(Presence::Silent).unwrap();
    fixture.pass_into(1).await;
    riverside(Presence::Present).unwrap();
    until_level(&fixture.consortium).await;
    let (_, second) = fixture.sealed_and_granted(b"in epoch 1").await;
    until_ticket(&mut events, {
        fixture.doctor.open(second).await.unwrap();
        second
    })
    .await;

    fixture.pass_into(2).await;
    for (grant, content) in [(first, b"in epoch 0"), (second, b"in epoch 1")] {
        assert_eq!(reader.open(grant).await.unwrap().bytes(), content);
    }
    let newest = fixture.consortium.trust_anchor();
    assert!(newest.as_of() > founding.as_of());
    fixture.close().await;

    // All members stop and start, and so does the application, with the trust anchor restored from an
    // exported one.
    std::fs::write(folder.path().join("trust-anchor"), newest.to_bytes()).unwrap();
    let fixture = Fixture::reopen(folder.path()).await;
    assert!(fixture.epoch().await >= Epoch(2));
    let opened = fixture.doctor.open(second).await.unwrap();
    let new = opened.receipt().to_bytes();
    let later = fixture.consortium.trust_anchor();
    for anchor in [&founding, &newest, &later] {
        let anchor = TrustAnchor::from_bytes(&anchor.to_bytes()).unwrap();
        assert_eq!(*parsed(&old).verify(&anchor).unwrap(), ticket);
        assert_eq!(parsed(&new).verify(&anchor).unwrap().grant, second);
    }
    let mut rebased = parsed(&new);
    rebased.rebase(&later);
    assert!(rebased.to_bytes().len() < new.len());
    assert_eq!(rebased.verify(&later).unwrap().grant, second);
    let error = rebased.verify(&founding).unwrap_err();
    assert_eq!(error.code(), "invalid_proof");
    assert!(error.to_string().contains("epoch"), "{error}");

    // A watch from the beginning, by a client that knows the newest epochs.
    let mut events = fixture.consortium.watch_from(Height(0));
    until_ticket(&mut events, first).await;
    until_ticket(&mut events, second).await;
    fixture.close().await;
}

/// Joined with the trust anchor of now, an application has receipts for those that trust it.
#[tokio::test(flavor = "multi_thread")]
async fn an_application_joins_in_a_later_epoch() {
    let fixture = Fixture::with_short_epochs().await;
    let founding = fixture.consortium.trust_anchor();
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    fixture.pass_into(1).await;
    fixture.doctor.open(grant).await.unwrap();
    let late = Interposer::before(&fixture.consortium);
    let doctor = late.doctor().await;
    let before = late.consortium().trust_anchor();
    assert!(before.as_of() > founding.as_of());
    let first = doctor.open(grant).await.unwrap();
    fixture.pass_into(2).await;
    let second = doctor.open(grant).await.unwrap();
    let after = late.consortium().trust_anchor();
    for opened in [&first, &second] {
        for anchor in [&before, &after] {
            assert_eq!(opened.receipt().verify(anchor).unwrap().grant, grant);
        }
        let error = opened.receipt().verify(&founding).unwrap_err();
        assert_eq!(error.code(), "invalid_proof");
    }
    // An application of the same process knows the way from the founding.
    let people = fixture.consortium.parts().people;
    let sibling = fixture.consortium.application(MEMBERS[0], people).unwrap();
    let st_mary = sibling.organisation(MEMBERS[0]).unwrap();
    let opened = st_mary.person(DOCTOR).await.unwrap().open(grant).await;
    let receipt = opened.unwrap().receipt().to_bytes();
    assert_eq!(parsed(&receipt).verify(&founding).unwrap().grant, grant);
    fixture.close().await;
}
