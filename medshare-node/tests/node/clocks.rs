//! Clocks of all members that ran ahead and are put right.

use std::time::Duration;

use crate::fixture::{Fixture, no_grant};
use medshare_host::{Machine as _, ThisMachine};
use medshare_ledger::{RpcRequest, RpcResponse};
use medshare_types::{Denial, Outcome, ReplicaId, Timestamp};

const HOUR_MS: u64 = 3_600_000;

async fn tip_time(fixture: &Fixture) -> Timestamp {
    match fixture.ask(0, &RpcRequest::Tip).await {
        RpcResponse::Tip(tip) => tip.header.time,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_go_on_at_once_after_clocks_that_ran_ahead_are_put_right() {
    let fixture = Fixture::start(&[0, 1, 2, 3]).await;
    for seat in (0..4).map(ReplicaId) {
        fixture.faults.set_clock_offset(seat, HOUR_MS as i64);
    }
    fixture.assert_goes_on(1).await;
    for seat in (0..4).map(ReplicaId) {
        fixture.faults.set_clock_offset(seat, 0);
    }
    let ahead = tip_time(&fixture).await;
    assert!(ahead > ThisMachine.now().plus_millis(HOUR_MS / 2));
    let orders = async {
        for nonce in 2..5 {
            let outcome = fixture.order(1, fixture.sign(3, nonce, &no_grant())).await;
            assert_eq!(outcome, Outcome::Denied(Denial::UnknownGrant));
        }
    };
    tokio::time::timeout(Duration::from_secs(20), orders)
        .await
        .expect("orders do not wait for the clocks");
    let after = tip_time(&fixture).await;
    assert!(ahead < after, "block time increases");
    assert!(after < ahead.plus_millis(100), "by a millisecond a block");
    fixture.shut_down().await;
}
