//! A defect that panics ends one node, which says so and closes its files.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::fixture::{Fixture, no_grant};
use medshare_host::{Machine, clock};
use medshare_node::fault_injection::Disk;
use medshare_node::{End, NodeError};
use medshare_types::{ReplicaId, Timestamp};

/// A machine whose clock panics once, in the node's own task.
#[derive(Default)]
struct Broken(AtomicBool);

impl Machine for Broken {
    fn now(&self) -> Timestamp {
        assert!(!self.0.swap(false, Ordering::SeqCst), "no clock");
        clock::now()
    }
}

/// The node at seat 3 ends over the next order, by its panic, and lets go of what it held.
async fn assert_ends(fixture: &Fixture, nonce: u8) {
    let node = &fixture.nodes[&3];
    let guard = Arc::new(());
    let held = Arc::downgrade(&guard);
    node.hold_until_ended(guard);
    fixture.order(0, fixture.sign(0, nonce, &no_grant())).await;
    let client = node.client();
    let ended = async {
        loop {
            if let Some(end) = client.end().await {
                return end;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let end = tokio::time::timeout(Duration::from_secs(60), ended).await;
    let End::Failed(error) = end.unwrap() else {
        panic!("it does not say why it ended");
    };
    assert!(matches!(*error, NodeError::Internal { .. }), "{error}");
    assert!(error.to_string().contains("restart"), "{error}");
    assert!(held.upgrade().is_none(), "its files are closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_the_task_of_a_node() {
    let mut fixture = Fixture::start(&[0, 1, 2]).await;
    let broken = Arc::new(Broken::default());
    fixture.start_node_on(3, broken.clone()).await;
    fixture.assert_goes_on(1).await;
    broken.0.store(true, Ordering::SeqCst);
    assert_ends(&fixture, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_write_of_a_node() {
    let fixture = Fixture::start(&[0, 1, 2, 3]).await;
    fixture.assert_goes_on(1).await;
    fixture.faults.set_disk(ReplicaId(3), Disk::Panics);
    assert_ends(&fixture, 2).await;
}
