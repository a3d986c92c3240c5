//! Where a record's objects go: to stores of the caller's own, and to others where one is down.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::faulty::Conduct;
use super::{STORE, Stores};
use crate::support::{CHEAP, Fixture, MEMBERS, bytes, in_folder};
use futures::TryStreamExt as _;
use medshare_sdk::local::LocalBuilder;
use medshare_sdk::object_store::ObjectStore;
use medshare_sdk::object_store::memory::InMemory;
use medshare_sdk::object_store::throttle::{ThrottleConfig, ThrottledStore};
use medshare_sdk::{Consortium, Content, Error, RecordStore, Seal};

/// Two chunks, and an end that fills no segment.
fn long() -> Vec<u8> {
    bytes(9 * (1 << 20) + 77, 20)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_store_with_a_prefix_for_each_organisation() {
    let shared: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let folder = tempfile::tempdir().unwrap();
    let builder = || {
        let mut builder = in_folder(folder.path());
        for name in MEMBERS {
            let prefix = format!("hospitals/{name}");
            let store = RecordStore::with_prefix(Arc::clone(&shared), prefix);
            builder = builder.with_store(name, store);
        }
        builder
    };
    let fixture = Fixture::found(builder()).await;
    let content = long();
    let (record, grant) = fixture.sealed_and_granted(content.clone()).await;
    let listed = shared.list(None).map_ok(|meta| meta.location.to_string());
    let listed: Vec<_> = listed.try_collect().await.unwrap();
    for (seat, name) in MEMBERS.into_iter().enumerate() {
        let own = |path: &&String| path.starts_with(&format!("hospitals/{name}/"));
        // Four objects, and the marker that each store has.
        let expected = if seat < 2 { 5 } else { 1 };
        assert_eq!(
            listed.iter().filter(own).count(),
            expected,
            "{name}: {listed:?}"
        );
    }
    assert!(fixture.doctor.open(grant).await.unwrap().bytes() == content);
    fixture.close().await;

    let consortium = builder().start().await.unwrap();
    assert!(consortium.check(record).await.unwrap().is_intact());
    // An organisation that the consortium does not have.
    consortium.shut_down().await.unwrap();
    let unknown = builder().with_store("st-marry", RecordStore::new(Arc::clone(&shared)));
    let error = unknown.start().await.map(drop).unwrap_err();
    assert_eq!(error.code(), "unknown_organisation");
}

/// Two organisations in one store would delete each other's objects.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_belongs_to_one_organisation_of_one_consortium() {
    let shared: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let found = |names: &'static [&'static str], folder: &std::path::Path| {
        let mut builder = in_folder(folder);
        for name in names {
            builder = builder.with_store(*name, RecordStore::new(Arc::clone(&shared)));
        }
        builder.start()
    };
    let folder = tempfile::tempdir().unwrap();
    let error = found(&["st-mary", "charite"], folder.path()).await;
    assert_eq!(error.map(drop).unwrap_err().code(), "foreign_store");
    // The marker of the founding that failed is no obstacle for the same organisation.
    let consortium = found(&["st-mary"], folder.path()).await.unwrap();
    let other = tempfile::tempdir().unwrap();
    let error = found(&["st-mary"], other.path()).await;
    assert_eq!(error.map(drop).unwrap_err().code(), "foreign_store");
    consortium.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_is_replaced_by_the_next() {
    let content = long();
    let stores = Stores::open().await;
    for conduct in [
        Conduct::Down,
        Conduct::ReadOnly,
        Conduct::BreakUploads,
        Conduct::Forget,
        Conduct::LoseUploads,
        Conduct::HangUploads,
        Conduct::Hang,
    ] {
        stores.stores[1].set(conduct);
        let record = stores.seal(content.clone()).await.unwrap();
        let names = stores.names_of(&record);
        assert_eq!(names, ["st-mary", "north-general"], "{conduct:?}");
        stores.opens_as(record, &content).await;
        let copies = stores.consortium.check(record).await.unwrap();
        assert!(copies.is_intact(), "{conduct:?}: {copies:?}");
    }
    // What the failed store has kept belongs to no copy, and a sweep removes it.
    stores.stores[1].set(Conduct::Sound);
    stores.fixture.st_mary.enrol("visitor", &[]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let charite = stores.consortium.organisation(MEMBERS[1]).unwrap();
    charite.sweep_orphans(Duration::ZERO).await.unwrap();
    assert_eq!(stores.stores[1].records().await, []);
    stores.fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_own_store_may_be_down_too() {
    let stores = Stores::open().await;
    let content = long();
    stores.stores[0].set(Conduct::Down);
    let record = stores.seal(content.clone()).await.unwrap();
    assert_eq!(stores.names_of(&record), ["charite", "north-general"]);
    // It goes down in the middle, and so does the next.
    stores.stores[0].set(Conduct::BreakUploads);
    stores.stores[2].set(Conduct::Down);
    let record = stores.seal(content.clone()).await.unwrap();
    assert_eq!(stores.names_of(&record), ["charite", "riverside"]);
    stores.opens_as(record, &content).await;
    stores.fixture.close().await;
}

/// Tells whether it was read.
struct Watched(Arc<AtomicBool>);

impl Read for Watched {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        self.0.store(true, Ordering::Relaxed);
        Ok(0)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_stores_register_nothing() {
    let stores = Stores::open().await;
    let (patient, policy) = (&stores.fixture.patient, &stores.fixture.policy);
    for conduct in [Conduct::Down, Conduct::Hang] {
        for store in &stores.stores[1..] {
            store.set(conduct);
        }
        let read = Arc::new(AtomicBool::new(false));
        let content = Content::reader(Watched(Arc::clone(&read)));
        let seal = stores.st_mary().seal(content, policy).subject(patient);
        let error = seal.idempotency_key("scan 7").await.unwrap_err();
        assert_eq!(error.code(), "too_few_copies");
        assert!(error.is_retryable());
        let text = error.to_string();
        for word in [
            "1 of 2",
            "charite",
            "north-general",
            "riverside",
            "at_least",
        ] {
            assert!(text.contains(word), "{text}");
        }
        let Error::TooFewCopies {
            wanted,
            got,
            stores: failed,
            ..
        } = error
        else {
            panic!("another error");
        };
        assert_eq!((wanted, got, failed.len()), (2, 1, 3));
        assert!(failed.iter().all(|error| error.code() == "object_store"));
        assert!(
            !read.load(Ordering::Relaxed),
            "the content can be sealed again"
        );
        assert_eq!(stores.stores[0].records().await, []);
    }
    // Only in the middle.
    for store in &stores.stores[1..] {
        store.set(Conduct::BreakUploads);
    }
    let error = stores.seal(long()).await.unwrap_err();
    assert_eq!(error.code(), "too_few_copies");
    assert_eq!(stores.stores[0].records().await, []);

    for store in &stores.stores[1..] {
        store.set(Conduct::Down);
    }
    let seal = stores.st_mary().seal(b"urgent", policy).subject(patient);
    let record = seal.idempotency_key("scan 7").at_least_copies(1).copies(2);
    let record = record.await.unwrap();
    assert_eq!(stores.names_of(&record), ["st-mary"]);
    stores.opens_as(record, b"urgent").await;
    // Under the same key the record tells its copies again.
    let seal = stores.st_mary().seal(b"urgent", policy).subject(patient);
    let again = seal.idempotency_key("scan 7").await.unwrap();
    assert_eq!(stores.names_of(&again), ["st-mary"]);
    stores.fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_caller_chooses_the_number_of_copies() {
    let stores = Stores::open().await;
    let (patient, policy) = (&stores.fixture.patient, &stores.fixture.policy);
    let seal = |copies| {
        let seal = stores.st_mary().seal(b"x", policy).subject(patient);
        seal.copies(copies)
    };
    for copies in [1, 3, 4] {
        let record = seal(copies).await.unwrap();
        assert_eq!(stores.names_of(&record), MEMBERS[..copies]);
    }
    // What can never be is refused at once, whatever the content is.
    let refused = async |seal: Seal, words: &str| {
        let error = seal.await.unwrap_err();
        assert_eq!(error.code(), "invalid_copies", "{error}");
        assert!(!error.is_retryable());
        assert!(error.to_string().contains(words), "{error}");
    };
    refused(seal(0), "0 copies").await;
    refused(seal(5), "in each of 4 stores").await;
    refused(seal(9).at_least_copies(2), "1 to 8").await;
    refused(seal(3).at_least_copies(4), "of 3 copies").await;
    refused(seal(2).at_least_copies(0), "at least 0").await;
    let missing = stores.st_mary().seal(Content::file("no such file"), policy);
    refused(missing.subject(patient).copies(9), "9 copies").await;
    let record = seal(8).at_least_copies(2).await.unwrap();
    assert_eq!(record.copies().count(), 4);
    let three = stores.st_mary().seal(b"x", policy).subject(patient);
    let record = three.at_least_copies(3).await.unwrap();
    assert_eq!(record.copies().count(), 3);
    stores.fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_without_stores_seals_nothing() {
    let fixture = Fixture::open().await;
    let mut parts = fixture.consortium.parts();
    parts.stores.retain(|name, _| name == MEMBERS[1]);
    let one = Consortium::connect(parts).unwrap();
    let seal = one.organisation(MEMBERS[0]).unwrap();
    let seal = seal.seal(b"x", &fixture.policy).subject(&fixture.patient);
    let record = seal.await.unwrap();
    let charite = fixture.consortium.organisation(MEMBERS[1]).unwrap();
    assert!(record.copies().eq([*charite.id()]), "all that there are");

    let mut parts = fixture.consortium.parts();
    parts.stores.clear();
    let none = Consortium::connect(parts).unwrap();
    let seal = none.organisation(MEMBERS[0]).unwrap();
    let seal = seal.seal(b"x", &fixture.policy).subject(&fixture.patient);
    let error = seal.await.unwrap_err();
    assert_eq!(error.code(), "invalid_copies");
    assert!(error.to_string().contains("no object store"), "{error}");
    fixture.close().await;
}

/// A store that is slow and answers in time keeps its copies.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_store_is_not_given_up() {
    let wait = STORE / 10;
    let config = ThrottleConfig {
        wait_get_per_call: wait,
        wait_put_per_call: wait,
        wait_list_per_call: wait,
        ..ThrottleConfig::default()
    };
    let slow: Arc<dyn ObjectStore> = Arc::new(ThrottledStore::new(InMemory::new(), config));
    let builder = LocalBuilder::new(4).with_passphrase_cost(CHEAP);
    let fixture = Fixture::found(builder.with_store(MEMBERS[1], slow)).await;
    let seal = fixture.st_mary.seal(long(), &fixture.policy);
    let record = seal.subject(&fixture.patient).await.unwrap();
    let charite = fixture.consortium.organisation(MEMBERS[1]).unwrap();
    assert!(record.copies().any(|id| id == *charite.id()));
    fixture.close().await;
}

/// A store that hangs is waited for once, and asked last from then on.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_waits_once_for_a_store_that_hangs() {
    let stores = Stores::open().await;
    let content = bytes(3 * (8 << 20), 21);
    let record = stores.seal(content.clone()).await.unwrap();
    stores.stores[0].set(Conduct::Hang);
    let before = stores.stores[0].requests();
    stores.opens_as(record, &content).await;
    let asked = stores.stores[0].requests() - before;
    assert!((1..=2).contains(&asked), "{asked} requests");
    // A new record leaves it out without a request.
    let record = stores.seal(b"x").await.unwrap();
    assert_eq!(stores.names_of(&record), ["charite", "north-general"]);
    assert_eq!(stores.stores[0].requests() - before, asked);
    stores.fixture.close().await;
}
