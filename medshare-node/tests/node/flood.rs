//! Floods of clients and peers: no other sender is starved.

use std::sync::Arc;
use std::time::Duration;

use crate::fixture::Fixture;
use bytes::Bytes;
use futures::FutureExt as _;
use medshare_ledger::{RefusalCode, RpcRequest, RpcResponse, Transaction};
use medshare_types::{Height, Nonce, Signature, Wire as _};

/// A seat without a node: the test sends in its name.
const HOSTILE: u16 = 3;

/// A transaction of the organisation at `seat` whose call does not decode.
fn rubbish(fixture: &Fixture, seat: u16, n: u8, length: usize) -> Transaction {
    let chain = fixture.chain();
    let sender = fixture.organisation(seat).into();
    let key = fixture.members.key(seat);
    Transaction::sign(chain, sender, Nonce([n; 16]), vec![0; length], key)
}

/// Frames that carry a transaction.
fn is_transaction(frame: &Bytes) -> bool {
    frame.starts_with(b"mPEE\x00\x01\x01")
}

fn total(frames: &[Bytes]) -> usize {
    let transactions = frames.iter().filter(|frame| is_transaction(frame));
    transactions.map(Bytes::len).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_while_the_primary_is_away_is_bounded_and_ordered_when_it_is_back() {
    const LENGTH: usize = 250_000;
    let fixture = Fixture::start(&[0, 1, 2]).await;
    fixture.assert_goes_on(1).await;
    fixture.network.cut(0);
    let mut taken = 0;
    for n in 0..40 {
        for seat in 0..4 {
            let transaction = rubbish(&fixture, seat, 100 + n, LENGTH);
            let id = transaction.id();
            let submit = RpcRequest::Submit(Box::new(transaction));
            match fixture.ask(1, &submit).await {
                RpcResponse::Accepted(accepted) if accepted == id => taken += 1,
                RpcResponse::Refused(refusal) => {
                    assert_eq!(refusal.code, RefusalCode::Overloaded);
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert!((4 * 12..=4 * 16).contains(&taken), "{taken} taken");

    // Two backups send to the primary alone, a megabyte four times a second.
    let before = total(&fixture.network.frames());
    tokio::time::sleep(Duration::from_secs(2)).await;
    let sent = total(&fixture.network.frames()) - before;
    assert!(sent > 0 && sent <= 2 * 9 * (1 << 20), "{sent} bytes");

    fixture.network.mend(0);
    // The turns of the seat without a node cost a view each.
    let resumed = tokio::time::timeout(Duration::from_secs(60), fixture.assert_goes_on(2));
    resumed.await.unwrap();
    fixture.shut_down().await;
}

/// A status message, which the resend timer sends to all.
fn is_status(frame: &Bytes) -> bool {
    frame.starts_with(b"mPEE\x00\x01\x00") && frame[11..].starts_with(b"mCMS\x00\x01\x05")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_peer_and_a_client_that_never_stop_starve_no_other() {
    let fixture = Fixture::start(&[0, 1, 2]).await;
    fixture.assert_goes_on(1).await;
    // Each costs a check of its signature, so they arrive faster than they are handled.
    let mut forged = rubbish(&fixture, HOSTILE, 9, 5_000);
    forged.signature = Signature::from_bytes([3; 64]);
    let forged = forged.to_wire();
    let length = (forged.len() as u32).to_le_bytes();
    let forged = Bytes::from([b"mPEE\x00\x01\x01", &length[..], &forged].concat());
    let mut floods = Vec::new();
    for member in [0, 1, 2] {
        let network = Arc::clone(&fixture.network);
        let forged = forged.clone();
        floods.push(tokio::spawn(async move {
            loop {
                network.deliver(member, HOSTILE, forged.clone()).await;
            }
        }));
        let client = fixture.nodes[&member].client();
        floods.push(tokio::spawn(async move {
            loop {
                client.request(RpcRequest::Tip.to_wire()).await.unwrap();
            }
        }));
    }
    for nonce in 2..6 {
        let goes_on = tokio::time::timeout(Duration::from_secs(5), fixture.assert_goes_on(nonce));
        goes_on.await.unwrap();
    }
    let statuses = || {
        fixture
            .network
            .frames()
            .into_iter()
            .filter(is_status)
            .count()
    };
    let before = statuses();
    tokio::time::sleep(Duration::from_secs(2)).await;
    // Three nodes, each to two others and to a seat without a node, every 300 ms.
    let sent = statuses() - before;
    assert!(sent > 3 * 3 * 3, "{sent} status messages");
    floods.iter().for_each(tokio::task::JoinHandle::abort);
    fixture.shut_down().await;
}

/// The node's task takes nothing out of its queue in between: all requests are made at once on one
/// thread.
#[tokio::test]
async fn a_full_queue_refuses_at_once_and_leaves_room_for_others() {
    let fixture = Fixture::start(&[0]).await;
    let tip = || RpcRequest::Tip.to_wire();
    let flooding = fixture.nodes[&0].client();
    let mut waiting = Vec::new();
    let mut refused = 0;
    for _ in 0..300 {
        let mut request = Box::pin(flooding.request(tip()));
        match (&mut request).now_or_never() {
            None => waiting.push(request),
            Some(answer) => {
                let answer = RpcResponse::from_wire(&answer.unwrap()).unwrap();
                let RpcResponse::Refused(refusal) = answer else {
                    panic!("{answer:?}");
                };
                assert_eq!(refusal.code, RefusalCode::Overloaded);
                refused += 1;
            }
        }
    }
    assert_eq!((waiting.len(), refused), (256, 44));
    let other = fixture.nodes[&0].client();
    let mut request = Box::pin(other.request(tip()));
    assert!((&mut request).now_or_never().is_none(), "it is queued");
    request.await.unwrap();
    for request in waiting {
        request.await.unwrap();
    }
    assert!(flooding.request(tip()).await.is_ok(), "room again");
    fixture.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_what_does_not_come_is_answered_in_the_time_that_clients_know() {
    let fixture = Fixture::start(&[0, 1, 2]).await;
    let longest = Duration::from_millis(RpcRequest::LONGEST_DELAY_MS);
    let never = RpcRequest::ReceiptsAt(Height(1 << 40));
    let begun = tokio::time::Instant::now();
    assert_eq!(fixture.ask(1, &never).await, RpcResponse::Pending);
    let delay = begun.elapsed();
    assert!(
        delay >= longest && delay < longest + Duration::from_secs(8),
        "{delay:?}"
    );
    fixture.shut_down().await;
}
