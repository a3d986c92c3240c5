//! What is logged about people whose stored keys fail: their pseudonyms, and no names.

use std::fmt::{Debug, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::key_stores::OddKeyStore;
use crate::support::{Fixture, MEMBERS};
use medshare_sdk::keystore::{KeyStore, KeyStoreError};
use medshare_sdk::{Consortium, Deadlines, Window};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const PERSON: &str = "Erika Mustermann";

/// Every field of every event and span, as text.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<String>>);

impl Captured {
    fn take(&self) -> String {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Visit for &Captured {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0.lock().unwrap(), "{}: {value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Captured {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut &*self);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut &*self);
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut &*self);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Alters the files of the person's attribute key and mark, whose names do not tell which they are.
async fn alter_entries(folder: &Path, people: &dyn KeyStore) {
    let entry = |kind| format!("person/7:{}/{}:{PERSON}/{kind}", MEMBERS[0], PERSON.len());
    let entries = ["attribute-key", "enrolled"].map(entry);
    let mut altered = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let whole = std::fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let mut hit = false;
        for entry in &entries {
            let loaded = people.load(entry).await;
            hit |= matches!(
                loaded,
                Err(KeyStoreError::Altered { file: Some(file), .. }) if file == path
            );
        }
        if hit {
            altered += 1;
        } else {
            std::fs::write(&path, whole).unwrap();
        }
    }
    assert_eq!(altered, entries.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_whose_stored_keys_fail_is_logged_by_pseudonym() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let st_mary = &fixture.st_mary;
    let erika = st_mary.enrol(PERSON, &["role:medic"]).await.unwrap();
    let pseudonym = format!("person: {}", erika.id());
    let record = fixture.seal(b"an ECG").await;
    let grant = fixture.patient.grant(record, &erika, Window::days(1));
    let grant = grant.await.unwrap();
    let mut parts = fixture.consortium.parts();
    alter_entries(&folder.path().join("people").join("keys"), &*parts.people).await;

    // This thread runs the test's own future.
    let log = Captured::default();
    let _capturing = tracing::subscriber::set_default(log.clone());
    let erika = st_mary.person(PERSON).await.unwrap();
    let marks = log.take();
    assert_eq!(erika.open(grant).await.unwrap().bytes(), b"an ECG");
    let keys = log.take();

    let hangs = |name: &str| name.starts_with("person/");
    parts.people = Arc::new(OddKeyStore::hanging(parts.people, hangs));
    let deadlines = Deadlines::default().with_secrets(Duration::from_secs(2));
    let hanging = Consortium::connect(parts).unwrap();
    let hanging = hanging.with_deadlines(deadlines);
    let st_mary = hanging.organisation(MEMBERS[0]).unwrap();
    st_mary.person(PERSON).await.unwrap();
    let hung = log.take();

    for (text, event) in [
        (marks, "the mark of an enrolment is damaged"),
        (keys, "the stored attribute key is damaged"),
        (hung, "the chain is asked again next time"),
    ] {
        assert!(text.contains(event) && text.contains(&pseudonym), "{text}");
        assert!(
            !text.contains("Mustermann") && !text.contains("Erika"),
            "{text}"
        );
    }
    fixture.close().await;
}
