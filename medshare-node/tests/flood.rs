//! Clients and peers that send more than anybody can use: nobody else is starved.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use medshare_ledger::{RefusalCode, RpcRequest, RpcResponse, Transaction};
use medshare_types::{Nonce, Signature, Wire as _};
use support::World;

/// A seat whose member does not run: the test speaks in its name.
const HOSTILE: u16 = 3;

/// A transaction of the organisation at `seat` that is good for nothing.
fn rubbish(world: &World, seat: u16, n: u8, length: usize) -> Transaction {
    let chain = world.genesis.chain_id();
    let (sender, key) = (world.organisation(seat).into(), world.signing_key(seat));
    Transaction::sign(chain, sender, Nonce([n; 16]), vec![0; length], &key)
}

/// Frames that carry a transaction.
fn is_transaction(frame: &Bytes) -> bool {
    frame.starts_with(b"mPEE\x00\x01\x01")
}

fn total(frames: &[Bytes]) -> usize {
    let told = frames.iter().filter(|frame| is_transaction(frame));
    told.map(Bytes::len).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_while_the_primary_is_away_is_bounded_and_ordered_when_it_is_back() {
    const LENGTH: usize = 250_000;
    let world = World::with_members(&[0, 1, 2]).await;
    world.assert_goes_on(1).await;
    world.wires.cut(0);
    let mut taken = 0;
    for n in 0..40 {
        for seat in 0..4 {
            let transaction = rubbish(&world, seat, 100 + n, LENGTH);
            let id = transaction.id();
            let submit = RpcRequest::Submit(Box::new(transaction));
            match world.ask(1, &submit).await {
                RpcResponse::Accepted(accepted) if accepted == id => taken += 1,
                RpcResponse::Refused(refusal) => {
                    assert_eq!(refusal.code, RefusalCode::Overloaded);
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert!((4 * 12..=4 * 16).contains(&taken), "{taken} taken");

    // Two backups tell the primary, a megabyte four times a second, and nobody else.
    let before = total(&world.wires.heard());
    tokio::time::sleep(Duration::from_secs(2)).await;
    let told = total(&world.wires.heard()) - before;
    assert!(told > 0 && told <= 2 * 9 * (1 << 20), "{told} bytes");

    world.wires.mend(0);
    let resumed = tokio::time::timeout(Duration::from_secs(10), world.assert_goes_on(2));
    resumed.await.unwrap();
    world.shut_down().await;
}

/// A message that says how far its sender is: what the tick sends to all.
fn is_status(frame: &Bytes) -> bool {
    frame.starts_with(b"mPEE\x00\x01\x00") && frame[11..].starts_with(b"mCMS\x00\x01\x05")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_peer_and_a_client_that_never_stop_starve_nobody() {
    let world = World::with_members(&[0, 1, 2]).await;
    world.assert_goes_on(1).await;
    // Each costs a check of its signature, so that they come faster than they are dealt with.
    let mut forged = rubbish(&world, HOSTILE, 9, 5_000);
    forged.signature = Signature::from_bytes([3; 64]);
    let forged = forged.to_wire();
    let length = (forged.len() as u32).to_le_bytes();
    let forged = Bytes::from([b"mPEE\x00\x01\x01", &length[..], &forged].concat());
    let mut floods = Vec::new();
    for member in [0, 1, 2] {
        let (wires, forged) = (Arc::clone(&world.wires), forged.clone());
        floods.push(tokio::spawn(async move {
            loop {
                wires.say(member, HOSTILE, forged.clone()).await;
            }
        }));
        let client = world.members[&member].client();
        floods.push(tokio::spawn(async move {
            loop {
                client.request(RpcRequest::Tip.to_wire()).await.unwrap();
            }
        }));
    }
    for nonce in 2..6 {
        let goes_on = tokio::time::timeout(Duration::from_secs(5), world.assert_goes_on(nonce));
        goes_on.await.unwrap();
    }
    let statuses = || world.wires.heard().into_iter().filter(is_status).count();
    let before = statuses();
    tokio::time::sleep(Duration::from_secs(2)).await;
    // Three members, two others each and a third that does not run, every 300 ms.
    let heard = statuses() - before;
    assert!(heard > 3 * 3 * 3, "{heard} said how far they are");
    floods.iter().for_each(tokio::task::JoinHandle::abort);
    world.shut_down().await;
}
