//! Disks that are full for a while: the member refuses, and goes on by itself.

use std::time::Duration;

use crate::fixture::{Fixture, no_grant};
use medshare_contract::state::UsedMark;
use medshare_ledger::{MemberStatus, RefusalCode, Refusing, RpcRequest, RpcResponse};
use medshare_node::fault_injection::Disk;
use medshare_types::{ReplicaId, TransactionId};

async fn status(fixture: &Fixture, seat: u16) -> MemberStatus {
    match fixture.ask(seat, &RpcRequest::Status).await {
        RpcResponse::Status(status) => *status,
        other => panic!("{other:?}"),
    }
}

/// Waits until a node refuses for this reason, or no longer refuses.
async fn wait_until(fixture: &Fixture, seat: u16, is: impl Fn(Option<Refusing>) -> bool) {
    for _ in 0..3_000 {
        if is(status(fixture, seat).await.refusing) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("node {seat}: {:?}", status(fixture, seat).await);
}

const fn is_full(refusing: Option<Refusing>) -> bool {
    matches!(refusing, Some(Refusing::DiskFull { .. }))
}

/// Hands a transaction of seat 3 to a node. It waits there, or the node refuses.
async fn submit(fixture: &Fixture, seat: u16, nonce: u8) -> Result<TransactionId, RefusalCode> {
    let transaction = fixture.sign(3, nonce, &no_grant());
    let submit = RpcRequest::Submit(Box::new(transaction));
    match fixture.ask(seat, &submit).await {
        RpcResponse::Accepted(id) => Ok(id),
        RpcResponse::Refused(refusal) => {
            assert!(refusal.detail.contains("disk"), "{refusal}");
            Err(refusal.code)
        }
        other => panic!("{other:?}"),
    }
}

async fn assert_executed(fixture: &Fixture, nonces: &[u8]) {
    for seat in 0..4 {
        for nonce in nonces {
            let mark = fixture.mark(3, *nonce);
            fixture.wait_for::<UsedMark>(seat, mark, |_| true).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_backup_stops_no_other_and_catches_up() {
    let fixture = Fixture::start(&[0, 1, 2, 3]).await;
    fixture.assert_goes_on(1).await;
    for round in 0..3 {
        fixture.faults.set_disk(ReplicaId(2), Disk::Full);
        let nonces = [10 * round + 2, 10 * round + 3, 10 * round + 4];
        for nonce in nonces {
            fixture.order(0, fixture.sign(3, nonce, &no_grant())).await;
        }
        wait_until(&fixture, 2, is_full).await;
        let told = status(&fixture, 2).await;
        assert!(told.tip.is_some() && told.disk_free == Some(0), "{told:?}");
        assert_eq!(submit(&fixture, 2, 99).await, Err(RefusalCode::DiskFull));
        let answer = fixture.ask(2, &RpcRequest::Tip).await;
        assert!(
            matches!(&answer, RpcResponse::Refused(refusal) if refusal.code == RefusalCode::DiskFull),
            "{answer:?}"
        );
        fixture.faults.set_disk(ReplicaId(2), Disk::Real);
        wait_until(&fixture, 2, |refusing| refusing.is_none()).await;
        assert_executed(&fixture, &nonces).await;
    }
    fixture.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_full_primary_did_not_order_is_ordered_afterwards() {
    let fixture = Fixture::start(&[0, 1, 2, 3]).await;
    fixture.assert_goes_on(1).await;
    fixture.faults.set_disk(ReplicaId(0), Disk::Full);
    submit(&fixture, 1, 2).await.unwrap();
    wait_until(&fixture, 0, |refusing| refusing.is_some()).await;
    assert_eq!(submit(&fixture, 0, 3).await, Err(RefusalCode::DiskFull));
    submit(&fixture, 2, 4).await.unwrap();
    fixture.faults.set_disk(ReplicaId(0), Disk::Real);
    assert_executed_after_resuming(&fixture, &[0], &[2, 4]).await;
    fixture.assert_goes_on(5).await;
    fixture.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consortium_whose_disks_were_all_full_goes_on() {
    let fixture = Fixture::start(&[0, 1, 2, 3]).await;
    fixture.assert_goes_on(1).await;
    let seats = [0, 1, 2, 3];
    for nonce in 2..6 {
        // In the midst of a block, at another moment each time.
        submit(&fixture, 1, nonce).await.unwrap();
        tokio::time::sleep(Duration::from_millis(u64::from(nonce) * 3)).await;
        for seat in seats {
            fixture.faults.set_disk(ReplicaId(seat), Disk::Full);
        }
        for seat in seats {
            wait_until(&fixture, seat, |refusing| refusing.is_some()).await;
            assert_eq!(submit(&fixture, seat, 99).await, Err(RefusalCode::DiskFull));
        }
        for seat in seats {
            fixture.faults.set_disk(ReplicaId(seat), Disk::Real);
        }
        assert_executed_after_resuming(&fixture, &seats, &[nonce]).await;
    }
    fixture.assert_goes_on(7).await;
    fixture.shut_down().await;
}

async fn assert_executed_after_resuming(fixture: &Fixture, seats: &[u16], nonces: &[u8]) {
    for seat in seats {
        wait_until(fixture, *seat, |refusing| refusing.is_none()).await;
    }
    assert_executed(fixture, nonces).await;
}

/// Below the floor a member admits nothing and votes: three of four are needed, and one is cut off.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_with_little_room_votes_and_admits_nothing() {
    let fixture = Fixture::start(&[0, 1, 2, 3]).await;
    fixture.assert_goes_on(1).await;
    fixture.faults.set_disk(ReplicaId(1), Disk::Free(1_000_000));
    let is_low = |refusing| matches!(refusing, Some(Refusing::DiskLow { .. }));
    wait_until(&fixture, 1, is_low).await;
    assert_eq!(submit(&fixture, 1, 2).await, Err(RefusalCode::DiskFull));
    fixture.network.cut(3);
    fixture.order(0, fixture.sign(3, 3, &no_grant())).await;
    fixture.network.mend(3);
    fixture.faults.set_disk(ReplicaId(1), Disk::Free(1 << 30));
    wait_until(&fixture, 1, |refusing| refusing.is_none()).await;
    submit(&fixture, 1, 4).await.unwrap();
    assert_executed(&fixture, &[3, 4]).await;
    fixture.shut_down().await;
}

/// The key ceremony of a consortium whose first member has no room is made once there is some.
#[tokio::test(flavor = "multi_thread")]
async fn a_ceremony_without_room_is_made_afterwards() {
    let mut fixture = Fixture::start(&[]).await;
    fixture.faults.set_disk(ReplicaId(0), Disk::Free(0));
    for seat in 0..4 {
        fixture.start_node(seat).await;
    }
    tokio::time::sleep(Duration::from_millis(400)).await;
    fixture.faults.set_disk(ReplicaId(0), Disk::Real);
    for _ in 0..3_000 {
        if fixture.gate_key(3).await.is_some() {
            return fixture.shut_down().await;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no gate key");
}
