//! The state of each store, as a probe finds it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Stores;
use super::faulty::Conduct;
use crate::support::MEMBERS;
use medshare_sdk::object_store::ObjectStore;
use medshare_sdk::{Consortium, RecordStore, StoreState};

fn told(state: &StoreState) -> &'static str {
    match state {
        StoreState::Available => "available",
        StoreState::ReadOnly { .. } => "read-only",
        StoreState::Faulty { operation, .. } => operation,
        StoreState::Missing => "missing",
        StoreState::Foreign => "foreign",
        StoreState::Unreachable { .. } => "unreachable",
        _ => "another",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_state_is_told() {
    let stores = Stores::open().await;
    let begun = Instant::now();
    for (conduct, expected) in [
        (Conduct::Sound, "available"),
        (Conduct::Down, "unreachable"),
        (Conduct::Hang, "unreachable"),
        (Conduct::ReadOnly, "read-only"),
        (Conduct::LoseUploads, "upload"),
        (Conduct::HideListing, "list"),
        (Conduct::Undeletable, "delete"),
    ] {
        stores.stores[2].set(conduct);
        let found = stores.consortium.stores().await;
        let names: Vec<_> = found.iter().map(|store| &store.organisation).collect();
        assert_eq!(names, MEMBERS);
        for (index, store) in found.iter().enumerate() {
            let expected = if index == 2 { expected } else { "available" };
            assert_eq!(told(&store.state), expected, "{conduct:?}: {store:?}");
            let problem = store.problem().unwrap_or_default();
            assert_eq!(
                problem.contains(&store.organisation),
                expected != "available"
            );
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(20));
    // Only what could not be deleted is left, and a sweep finds it.
    let inner = &stores.stores[2].inner;
    stores.stores[2].set(Conduct::Sound);
    let general = stores.consortium.organisation(MEMBERS[2]).unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    general.sweep_orphans(Duration::ZERO).await.unwrap();
    let left = inner.list_with_delimiter(None);
    let left = left.await.unwrap();
    assert_eq!(left.common_prefixes, [], "nothing but the marker");
    assert_eq!(left.objects.len(), 1);

    stores.stores[2].clear().await;
    let found = stores.consortium.stores().await;
    assert_eq!(told(&found[2].state), "missing");
    stores.fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_organisations_store_is_foreign() {
    let stores = Stores::open().await;
    let mut parts = stores.fixture.consortium.parts();
    let charite: Arc<dyn ObjectStore> = stores.stores[1].clone();
    parts
        .stores
        .insert(MEMBERS[0].to_owned(), RecordStore::new(charite));
    let mistaken = Consortium::connect(parts).unwrap();
    let found = mistaken.stores().await;
    assert_eq!(told(&found[0].state), "foreign");
    let st_mary = mistaken.organisation(MEMBERS[0]).unwrap();
    for error in [
        st_mary.prepare_store().await.unwrap_err(),
        st_mary.sweep_orphans(Duration::ZERO).await.unwrap_err(),
    ] {
        assert_eq!(error.code(), "foreign_store");
    }
    let seal = st_mary.seal(b"x", &stores.fixture.policy);
    let record = seal.subject(&stores.fixture.patient).await.unwrap();
    assert!(record.copies().all(|id| id != *st_mary.id()));
    stores.fixture.close().await;
}
