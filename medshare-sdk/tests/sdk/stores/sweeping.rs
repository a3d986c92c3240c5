//! Sweeps of several stores, some of which fail.

use std::time::Duration;

use super::Stores;
use super::faulty::Conduct;
use crate::support::MEMBERS;
use medshare_sdk::object_store::ObjectStoreExt as _;

/// Leaves two payloads that no record names.
async fn litter(stores: &Stores) {
    for store in &stores.stores {
        for record in ["ab", "cd"] {
            let path = format!(
                "records/{}/1/{}/payload",
                record.repeat(32),
                "ef".repeat(32)
            );
            store.inner.put(&path.into(), "x".into()).await.unwrap();
        }
    }
    // Sweeping waits for a later block.
    tokio::time::sleep(Duration::from_millis(20)).await;
    let person = format!("visitor {}", stores.stores[0].requests());
    stores.fixture.st_mary.enrol(&person, &[]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_that_fail_keep_no_other_from_being_swept() {
    let stores = Stores::open().await;
    litter(&stores).await;
    stores.stores[0].set(Conduct::Hang);
    stores.stores[1].set(Conduct::Down);
    stores.stores[2].set(Conduct::Undeletable);
    let swept = stores.consortium.sweep_orphans(Duration::ZERO).await;
    for name in MEMBERS {
        let sweep = swept.iter().find(|sweep| sweep.organisation == name);
        match &sweep.unwrap().removed {
            Ok(removed) => assert_eq!((name, *removed), (MEMBERS[3], 2)),
            Err(error) => {
                assert_eq!(error.code(), "object_store");
                assert!(error.to_string().contains(name), "{error}");
            }
        }
    }
    assert_eq!(stores.stores[3].records().await, []);
    for store in &stores.stores {
        store.set(Conduct::Sound);
    }
    let swept = stores.consortium.sweep_orphans(Duration::ZERO).await;
    let removed: usize = swept.into_iter().map(|sweep| sweep.removed.unwrap()).sum();
    assert_eq!(removed, 6);
    stores.fixture.close().await;
}

/// A listing that lacks entries hides rubbish, and never a registered object.
#[tokio::test(flavor = "multi_thread")]
async fn a_listing_that_lacks_entries_removes_nothing_registered() {
    let stores = Stores::open().await;
    let record = stores.seal(b"kept").await.unwrap();
    litter(&stores).await;
    stores.stores[0].set(Conduct::HideListing);
    let st_mary = stores.st_mary();
    assert_eq!(st_mary.sweep_orphans(Duration::ZERO).await.unwrap(), 0);
    stores.stores[0].set(Conduct::Sound);
    assert_eq!(st_mary.sweep_orphans(Duration::ZERO).await.unwrap(), 2);
    stores.opens_as(record, b"kept").await;
    stores.fixture.close().await;
}
