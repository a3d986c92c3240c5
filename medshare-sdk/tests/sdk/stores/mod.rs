//! Object stores of the caller's own, sound ones and others: they are down, hang, refuse to write,
//! or lie.

mod faulty;
mod lost_mount;
mod placing;
mod probing;
mod repairing;
mod sweeping;

use std::sync::Arc;
use std::time::Duration;

use crate::support::{CHEAP, Fixture, MEMBERS};
use faulty::FaultyStore;
use medshare_sdk::local::LocalBuilder;
use medshare_sdk::object_store::ObjectStore;
use medshare_sdk::{
    Consortium, Content, Deadlines, Organisation, RecordRef, RecordStore, Result, SealedRecord,
};

/// Time for a store to answer, in these tests.
const STORE: Duration = Duration::from_millis(400);

/// A consortium whose stores the test can damage, and the same with a short deadline.
struct Stores {
    fixture: Fixture,
    stores: [Arc<FaultyStore>; 4],
    consortium: Consortium,
}

impl Stores {
    async fn open() -> Self {
        let stores = MEMBERS.map(|_| Arc::<FaultyStore>::default());
        let mut builder = LocalBuilder::new(4).with_passphrase_cost(CHEAP);
        for (name, store) in MEMBERS.into_iter().zip(&stores) {
            let store: Arc<dyn ObjectStore> = store.clone();
            builder = builder.with_store(name, RecordStore::new(store));
        }
        let fixture = Fixture::found(builder).await;
        let deadlines = Deadlines::default().with_store(STORE);
        Self {
            consortium: fixture.consortium.with_deadlines(deadlines),
            fixture,
            stores,
        }
    }

    fn st_mary(&self) -> Organisation {
        self.consortium.organisation(MEMBERS[0]).unwrap()
    }

    async fn seal(&self, content: impl Into<Content>) -> Result<SealedRecord> {
        let seal = self.st_mary().seal(content, &self.fixture.policy);
        seal.subject(&self.fixture.patient).await
    }

    /// The names of the organisations whose store has the record.
    fn names_of(&self, record: &SealedRecord) -> Vec<&'static str> {
        let named = |name: &&str| {
            let organisation = self.consortium.organisation(name).unwrap();
            record.copies().any(|id| id == *organisation.id())
        };
        MEMBERS.into_iter().filter(named).collect()
    }

    async fn opens_as(&self, record: impl Into<RecordRef>, content: &[u8]) {
        let grant = self.fixture.grant(record).await;
        let doctor = self.st_mary().person(crate::support::DOCTOR).await.unwrap();
        let opened = doctor.open(grant).await.unwrap();
        assert!(opened.bytes() == content);
    }
}
