//! Looking at the copies of a record, and restoring them.

use std::collections::BTreeMap;

use super::Stores;
use super::faulty::Conduct;
use crate::support::{SEALED_SEGMENT, bytes};
use medshare_sdk::object_store::ObjectStoreExt as _;
use medshare_sdk::{Consortium, CopyFault, CopyState, RecordCopies, SealedRecord};

/// Three full segments and a last one of 9 bytes.
fn content() -> Vec<u8> {
    bytes(3 * (1 << 16) + 9, 30)
}

fn faults(state: &CopyState) -> &[CopyFault] {
    match state {
        CopyState::Damaged { faults, .. }
        | CopyState::Restored { faults }
        | CopyState::Lost { faults } => faults,
        _ => &[],
    }
}

fn told(copies: &RecordCopies) -> Vec<&'static str> {
    let told = |state: &CopyState| match state {
        CopyState::Intact => "intact",
        CopyState::Damaged { .. } => "damaged",
        CopyState::Restored { .. } => "restored",
        CopyState::Lost { .. } => "lost",
        CopyState::Unavailable { .. } => "unavailable",
        CopyState::NotConnected => "not connected",
        _ => "another",
    };
    copies.stores.iter().map(|copy| told(&copy.state)).collect()
}

async fn keyed(stores: &Stores) -> SealedRecord {
    let seal = stores.st_mary().seal(content(), &stores.fixture.policy);
    let seal = seal.subject(&stores.fixture.patient);
    seal.idempotency_key("scan 1").await.unwrap()
}

/// Everything that the stores hold, by store and path.
async fn objects(stores: &Stores) -> BTreeMap<(usize, String), Vec<u8>> {
    let mut all = BTreeMap::new();
    for (index, store) in stores.stores.iter().enumerate() {
        for path in store.records().await {
            let bytes = store.bytes_of(&path).await.to_vec();
            all.insert((index, path.to_string()), bytes);
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn every_damage_to_one_copy_is_restored() {
    let stores = Stores::open().await;
    let record = keyed(&stores).await;
    let whole = objects(&stores).await;
    assert_eq!(whole.len(), 10);
    let check = async || stores.consortium.check(record).await.unwrap();
    assert_eq!(told(&check().await), ["intact", "intact"]);

    for (index, kind) in (0..2).flat_map(|index| {
        [
            "payload",
            "segments",
            "access",
            "descriptor",
            "fingerprints",
        ]
        .map(|kind| (index, kind))
    }) {
        let store = &stores.stores[index];
        let path = store.path_of(kind).await;
        let good = store.bytes_of(&path).await;
        let damages: [fn(&mut Vec<u8>); 4] = [
            |bytes| *bytes.last_mut().unwrap() ^= 1,
            |bytes| bytes.truncate(bytes.len() / 2),
            |bytes| bytes.extend([0; 3]),
            |bytes| bytes.clear(),
        ];
        // Only their sealer can tell good fingerprints from others that are as well formed.
        let untold = usize::from(kind == "fingerprints");
        let damages = damages.into_iter().skip(untold).map(Some);
        for damage in damages.chain([None]) {
            match damage {
                Some(damage) => store.alter(&path, damage).await,
                None => store.inner.delete(&path).await.unwrap(),
            }
            let mut expected = ["intact"; 2];
            expected[index] = "damaged";
            let found = check().await;
            assert_eq!(told(&found), expected, "{kind}");
            assert!(!found.is_intact() && !found.is_lost());
            let objects: Vec<_> = faults(&found.stores[index].state)
                .iter()
                .map(CopyFault::object)
                .collect();
            assert_eq!(objects, [kind]);

            expected[index] = "restored";
            let repaired = stores.consortium.repair(record).await.unwrap();
            assert_eq!(told(&repaired), expected, "{kind}: {repaired:?}");
            assert!(repaired.is_intact());
            assert_eq!(store.bytes_of(&path).await, good, "{kind}");
            assert_eq!(told(&check().await), ["intact", "intact"]);
        }
    }
    assert_eq!(objects(&stores).await, whole);
    stores.opens_as(record, &content()).await;
    stores.fixture.close().await;
}

/// A store can make fingerprints up, which only their sealer could tell: it makes no other copy seem
/// damaged, and nothing of it gets into another store.
#[tokio::test(flavor = "multi_thread")]
async fn fingerprints_of_one_store_are_not_imposed_on_another() {
    let stores = Stores::open().await;
    let record = keyed(&stores).await;
    let [mine, theirs, ..] = &stores.stores;
    let path = mine.path_of("fingerprints").await;
    let payload = mine.path_of("payload").await;
    let untouched = async |record, expected: [&str; 2]| {
        let before = objects(&stores).await;
        for _ in 0..2 {
            let found = stores.consortium.check(record).await.unwrap();
            assert_eq!(told(&found), expected, "{found:?}");
            let found = stores.consortium.repair(record).await.unwrap();
            assert_eq!(told(&found), expected, "{found:?}");
        }
        assert_eq!(objects(&stores).await, before);
    };
    // Two that differ, both well formed.
    mine.alter(&path, |bytes| *bytes.last_mut().unwrap() ^= 1)
        .await;
    untouched(record.record(), ["intact", "intact"]).await;
    // The others' are gone, and these are not well formed.
    theirs.inner.delete(&path).await.unwrap();
    let garbage: [fn(&mut Vec<u8>); 4] = [
        |bytes| bytes[0] ^= 1,
        |bytes| bytes.extend([0; 3]),
        |bytes| bytes.clear(),
        |bytes| bytes.resize(1 << 20, 7),
    ];
    let good = mine.bytes_of(&path).await;
    for spoil in garbage {
        mine.inner.put(&path, good.clone().into()).await.unwrap();
        mine.alter(&path, spoil).await;
        untouched(record.record(), ["intact", "intact"]).await;
    }

    // A record that was sealed without an idempotency key has none.
    let unkeyed = stores.seal(content()).await.unwrap();
    let mut new = mine.records().await;
    new.retain(|path| path.filename() == Some("payload") && *path != payload);
    let [new] = &new[..] else { panic!("{new:?}") };
    let path = new.to_string().replace("/payload", "/fingerprints");
    let megabyte = vec![7; 1 << 20].into();
    mine.inner.put(&path.into(), megabyte).await.unwrap();
    untouched(unkeyed.record(), ["intact", "intact"]).await;
    stores.fixture.close().await;
}

/// Each store has lost different segments: together they have all, and give them to each other.
#[tokio::test(flavor = "multi_thread")]
async fn two_damaged_copies_restore_each_other() {
    let stores = Stores::open().await;
    let record = keyed(&stores).await;
    let whole = objects(&stores).await;
    let payload = stores.stores[0].path_of("payload").await;
    let damage = |segments: [usize; 2]| {
        move |bytes: &mut Vec<u8>| {
            for segment in segments {
                bytes[segment * SEALED_SEGMENT] ^= 1;
            }
        }
    };
    stores.stores[0].alter(&payload, damage([0, 3])).await;
    stores.stores[1].alter(&payload, damage([1, 2])).await;
    let access = stores.stores[0].path_of("access").await;
    stores.stores[1].inner.delete(&access).await.unwrap();
    let found = stores.consortium.check(record).await.unwrap();
    assert_eq!(told(&found), ["damaged", "damaged"]);
    let first = CopyFault::AlteredSegments { count: 2, first: 0 };
    assert_eq!(first.to_string(), "2 segments are altered, the first is 0");
    assert_eq!(faults(&found.stores[0].state), [first]);
    let repaired = stores.consortium.repair(record).await.unwrap();
    assert_eq!(told(&repaired), ["restored", "restored"], "{repaired:?}");
    assert_eq!(objects(&stores).await, whole);

    // A truncated copy still has the segments before its end.
    stores.stores[0]
        .alter(&payload, |bytes| bytes.truncate(2 * SEALED_SEGMENT))
        .await;
    stores.stores[1]
        .alter(&payload, |bytes| bytes[SEALED_SEGMENT] ^= 1)
        .await;
    let repaired = stores.consortium.repair(record).await.unwrap();
    assert_eq!(told(&repaired), ["restored", "restored"], "{repaired:?}");
    assert_eq!(objects(&stores).await, whole);
    stores.fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_whose_every_copy_is_lost_is_said_so() {
    let stores = Stores::open().await;
    let record = keyed(&stores).await;
    let both = &stores.stores[..2];
    let payload = both[0].path_of("payload").await;
    for store in both {
        store
            .alter(&payload, |bytes| bytes[SEALED_SEGMENT + 5] ^= 1)
            .await;
    }
    let kept = objects(&stores).await;
    let lost = [CopyFault::AlteredSegments { count: 1, first: 1 }];
    for repair in [false, true] {
        let found = if repair {
            stores.consortium.repair(record).await.unwrap()
        } else {
            stores.consortium.check(record).await.unwrap()
        };
        assert_eq!(told(&found), ["lost", "lost"], "{found:?}");
        assert!(found.is_lost() && !found.is_intact());
        assert_eq!(faults(&found.stores[1].state), lost);
        assert_eq!(objects(&stores).await, kept, "nothing is made worse");
    }
    // A store that does not answer may have it.
    both[1].set(Conduct::Down);
    let found = stores.consortium.repair(record).await.unwrap();
    assert_eq!(told(&found), ["damaged", "unavailable"]);
    assert!(!found.is_lost());
    both[1].set(Conduct::Sound);
    // Without any list of segments the payload cannot even be judged.
    let segments = both[0].path_of("segments").await;
    for store in both {
        store.inner.delete(&segments).await.unwrap();
    }
    let found = stores.consortium.repair(record).await.unwrap();
    assert_eq!(told(&found), ["lost", "lost"]);
    let missing = [CopyFault::Missing { object: "segments" }];
    assert_eq!(faults(&found.stores[0].state), missing);
    for store in both {
        store.inner.delete(&payload).await.unwrap();
    }
    let found = stores.consortium.check(record).await.unwrap();
    assert!(found.is_lost());
    assert_eq!(faults(&found.stores[0].state).len(), 2);
    stores.fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_that_are_down_hang_or_are_unknown() {
    let stores = Stores::open().await;
    let record = keyed(&stores).await;
    for conduct in [Conduct::Down, Conduct::Hang] {
        stores.stores[0].set(conduct);
        let found = stores.consortium.repair(record).await.unwrap();
        assert_eq!(told(&found), ["unavailable", "intact"]);
        assert!(!found.is_intact() && !found.is_lost());
    }
    let mut parts = stores.consortium.parts();
    parts.stores.retain(|name, _| name == "charite");
    let found = Consortium::connect(parts).unwrap().check(record).await;
    assert_eq!(told(&found.unwrap()), ["not connected", "intact"]);
    stores.stores[0].set(Conduct::Sound);
    // A store that takes nothing.
    let access = stores.stores[0].path_of("access").await;
    stores.stores[0].inner.delete(&access).await.unwrap();
    stores.stores[0].set(Conduct::ReadOnly);
    let found = stores.consortium.repair(record).await.unwrap();
    let CopyState::Damaged { source, .. } = &found.stores[0].state else {
        panic!("{found:?}");
    };
    assert_eq!(source.as_ref().unwrap().code(), "object_store");
    // A record that the chain does not have.
    let mut unknown = record.record();
    unknown.version.0 = 7;
    let error = stores.consortium.repair(unknown).await.unwrap_err();
    assert_eq!(error.code(), "unknown_record");
    stores.fixture.close().await;
}

/// What a store returns is compared with the chain, whatever it says.
#[tokio::test(flavor = "multi_thread")]
async fn stores_that_lie_are_found_out() {
    let stores = Stores::open().await;
    let record = stores.seal(content()).await.unwrap();
    for (conduct, object) in [
        (Conduct::Alter, "segments"),
        (Conduct::Truncate, "segments"),
        (Conduct::Lengthen, "payload"),
    ] {
        stores.stores[0].set(conduct);
        for _ in 0..2 {
            let found = stores.consortium.check(record).await.unwrap();
            assert_eq!(told(&found), ["damaged", "intact"], "{conduct:?}");
            let faults = faults(&found.stores[0].state);
            assert!(
                faults.iter().any(|fault| fault.object() == object),
                "{faults:?}"
            );
            assert!(faults.iter().any(|fault| fault.object() == "payload"));
            // It goes on lying about what it was given.
            let found = stores.consortium.repair(record).await.unwrap();
            assert_eq!(
                told(&found),
                ["damaged", "intact"],
                "{conduct:?}: {found:?}"
            );
        }
        stores.opens_as(record, &content()).await;
    }
    // One that says that it took an object, and keeps the damaged one.
    stores.stores[0].set(Conduct::Sound);
    let payload = stores.stores[0].path_of("payload").await;
    stores.stores[0]
        .alter(&payload, |bytes| bytes[0] ^= 1)
        .await;
    stores.stores[0].set(Conduct::KeepOld);
    let found = stores.consortium.repair(record).await.unwrap();
    assert_eq!(told(&found), ["damaged", "intact"], "{found:?}");
    stores.stores[0].set(Conduct::Sound);
    let found = stores.consortium.repair(record).await.unwrap();
    assert_eq!(told(&found), ["restored", "intact"]);
    stores.fixture.close().await;
}

/// Ciphertext alone is looked at and written.
#[tokio::test(flavor = "multi_thread")]
async fn repair_needs_no_key() {
    let stores = Stores::open().await;
    let record = keyed(&stores).await;
    let whole = objects(&stores).await;
    let payload = stores.stores[1].path_of("payload").await;
    stores.stores[1].inner.delete(&payload).await.unwrap();
    let mut parts = stores.consortium.parts();
    parts.organisations.clear();
    parts.people = std::sync::Arc::new(crate::hanging::HungVault);
    let keyless = Consortium::connect(parts).unwrap();
    let repaired = keyless.repair(record).await.unwrap();
    assert_eq!(told(&repaired), ["intact", "restored"]);
    assert_eq!(objects(&stores).await, whole);
    stores.fixture.close().await;
}
