//! Epochs that pass while members stop, start and fall behind.

use medshare_contract::genesis_state;
use medshare_ledger::{LedgerStore, LightClient};
use medshare_types::genesis::ChainParameters;
use medshare_types::{Epoch, Height};

use crate::fixture::{Fixture, no_grant};

/// Epochs as short as they can be: of 18 heights for four members.
const SHORT_EPOCHS: ChainParameters = ChainParameters {
    precision_ms: 500,
    message_delay_ms: 2_000,
    ticket_lifetime_ms: 120_000,
    committee_size: 1024,
    epoch_min_ms: 0,
    epoch_min_heights: 1,
};

impl Fixture {
    /// Orders transactions of fresh nonces through node 0 until this holds of its epoch and height.
    async fn order_until(&self, nonces: &mut u8, reached: impl Fn(Epoch, Height) -> bool) {
        loop {
            let tip = self.tip(0).await;
            if reached(tip.epoch, tip.height) {
                return;
            }
            *nonces += 1;
            self.order(0, self.sign(3, *nonces, &no_grant())).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn members_stop_start_and_catch_up_over_epochs() {
    let mut fixture = Fixture::start_with(&[0, 1, 2, 3], SHORT_EPOCHS).await;
    let mut nonces = 0;
    // One stops in epoch 0 and starts in epoch 1.
    let order = &mut nonces;
    fixture.order_until(order, |_, height| height.0 >= 14).await;
    fixture.stop_node(2).await;
    fixture.order_until(order, |epoch, _| epoch.0 == 1).await;
    fixture.start_node(2).await;
    fixture.assert_goes_on(101).await;
    // Another is cut off from epoch 1 until epoch 2.
    fixture.order_until(order, |_, height| height.0 >= 32).await;
    fixture.network.cut(3);
    fixture.order_until(order, |epoch, _| epoch.0 == 2).await;
    assert_eq!(fixture.tip(3).await.epoch, Epoch(1));
    fixture.network.mend(3);
    fixture.assert_goes_on(102).await;
    assert_eq!(fixture.tip(3).await.epoch, Epoch(2));

    // All stop and start; then a whole epoch more.
    for seat in 0..4 {
        fixture.stop_node(seat).await;
    }
    for seat in 0..4 {
        fixture.start_node(seat).await;
    }
    fixture.assert_goes_on(103).await;
    fixture.order_until(order, |epoch, _| epoch.0 == 3).await;
    fixture.assert_goes_on(104).await;

    let boundaries = fixture.boundaries(0, Epoch(0)).await;
    assert!(boundaries.len() >= 3);
    for seat in 1..4 {
        let others = fixture.boundaries(seat, Epoch(1)).await;
        let common = others.len().min(boundaries.len() - 1);
        let own = boundaries[1..].iter().map(|boundary| &boundary.committee);
        let others = others.iter().map(|boundary| &boundary.committee);
        assert!(common >= 2 && own.take(common).eq(others.take(common)));
    }
    for from in [100, u64::MAX] {
        assert_eq!(fixture.boundaries(0, Epoch(from)).await, []);
    }
    for seat in 0..4 {
        fixture.stop_node(seat).await;
    }
    for seat in 0..4 {
        check_ledger(&fixture, seat);
    }
}

/// The whole file verifies, and a light client that follows its boundaries accepts every header.
fn check_ledger(fixture: &Fixture, seat: u16) {
    let genesis = fixture.members.genesis();
    let state = genesis_state(genesis).unwrap();
    let ledger = LedgerStore::open(fixture.ledger_path(seat), genesis, &state).unwrap();
    let tip = ledger.verify_from_genesis().unwrap();
    assert!(ledger.epoch() >= Epoch(3), "{}", ledger.epoch());
    let mut light = LightClient::new(genesis).unwrap();
    for boundary in ledger.boundaries(Epoch(0), 100).unwrap() {
        light.follow(&boundary).unwrap();
    }
    assert_eq!(light.epoch(), ledger.epoch());
    let mut last = Height(0);
    for height in (1..=tip.0).map(Height) {
        let certified = ledger.certified_header(height).unwrap();
        light.verify_header(&certified).unwrap();
        let header = certified.header;
        let own = light.committee(header.epoch).unwrap();
        if header.next_committee != own.digest() {
            assert!(height.0 - last.0 >= 18, "an epoch ends at {height}");
            last = height;
        }
    }
}
