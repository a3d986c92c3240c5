//! People's keys that are away or lost: no absence, and no second pseudonym in their place.

use std::sync::Arc;

use crate::key_stores::OddKeyStore;
use crate::support::{CHEAP, DOCTOR, Fixture, MEMBERS, PASSPHRASE, PATIENT, in_folder};
use medshare_sdk::keystore::{KeyStoreError, PassphraseKeyStore};
use medshare_sdk::{Consortium, Error, Organisation, Person, Result};

/// Every way to a person, known before or not.
async fn ways(st_mary: &Organisation, name: &str) -> [Result<Person>; 3] {
    let attributes = if name == DOCTOR {
        &["role:medic"][..]
    } else {
        &[]
    };
    [
        st_mary.person(name).await,
        st_mary.enrolled_or_new(name, attributes).await,
        st_mary.enrol(name, attributes).await,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_store_that_is_not_mounted_has_no_unknown_people() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let st_mary = &fixture.st_mary;
    let mount = folder.path().join("people/keys");
    let volume = folder.path().join("volume");
    std::fs::rename(&mount, &volume).unwrap();
    for mounted in [false, true] {
        if mounted {
            std::fs::create_dir(&mount).unwrap();
        }
        for name in [PATIENT, DOCTOR, "newcomer"] {
            for outcome in ways(st_mary, name).await {
                let error = outcome.map(drop).unwrap_err();
                assert_eq!(error.code(), "key_store", "{name}: {error}");
                assert!(
                    matches!(error, Error::KeyStore(KeyStoreError::Missing { .. })),
                    "{error}"
                );
                assert!(error.to_string().contains("not mounted"), "{error}");
            }
        }
        let error = st_mary.person_with_id(fixture.patient.id()).await;
        assert_eq!(error.map(drop).unwrap_err().code(), "key_store");
        assert_eq!(mount.exists(), mounted);
        assert!(!mounted || std::fs::read_dir(&mount).unwrap().next().is_none());
    }
    std::fs::remove_dir(&mount).unwrap();
    std::fs::rename(&volume, &mount).unwrap();
    for person in [&fixture.patient, &fixture.doctor] {
        let found = st_mary.person(person.name()).await.unwrap();
        assert_eq!(found.id(), person.id());
    }
    st_mary.enrol("newcomer", &[]).await.unwrap();
    fixture.close().await;
}

/// The folder of an application that has run before, mistyped or without its first file.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_not_created_over_entries() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    fixture.close().await;
    let keys = folder.path().join("people/keys");
    let lock = keys.join("store");
    let aside = folder.path().join("aside");
    std::fs::rename(&lock, &aside).unwrap();
    let error = PassphraseKeyStore::open(&keys, PASSPHRASE, CHEAP).await;
    let error = Error::from(error.map(drop).unwrap_err());
    assert_eq!(error.code(), "key_store");
    assert!(error.to_string().contains("restore"), "{error}");
    let error = in_folder(folder.path()).start().await.map(drop);
    assert_eq!(error.unwrap_err().code(), "missing_key_store");
    assert!(!lock.exists());
    std::fs::rename(&aside, &lock).unwrap();
    Fixture::reopen(folder.path()).await.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_signing_key_is_told_and_none_is_drawn_in_its_place() {
    let fixture = Fixture::open().await;
    let people = fixture.consortium.parts().people;
    let with = |hides: fn(&str) -> bool| {
        let mut parts = fixture.consortium.parts();
        parts.people = Arc::new(OddKeyStore::hiding(Arc::clone(&people), hides));
        let consortium = Consortium::connect(parts).unwrap();
        consortium.organisation(MEMBERS[0]).unwrap()
    };
    let no_key = with(|name| name.ends_with("/signing-key"));
    // The attribute key alone tells it too.
    let no_mark = with(|name| name.ends_with("/signing-key") || name.ends_with("/enrolled"));
    for (st_mary, name) in [(&no_key, PATIENT), (&no_key, DOCTOR), (&no_mark, DOCTOR)] {
        for outcome in ways(st_mary, name).await {
            let error = outcome.map(drop).unwrap_err();
            assert_eq!(error.code(), "missing_secret", "{name}: {error}");
            let text = error.to_string();
            assert!(
                text.contains("signing-key") && text.contains("backup"),
                "{text}"
            );
        }
    }
    let error = no_key.person_with_id(fixture.doctor.id()).await;
    assert_eq!(error.map(drop).unwrap_err().code(), "missing_secret");
    // Nothing was written over.
    for person in [&fixture.patient, &fixture.doctor] {
        let found = fixture.st_mary.person(person.name()).await.unwrap();
        assert_eq!(found.id(), person.id());
    }
    no_key.person("stranger").await.map(drop).unwrap_err();
    fixture.close().await;
}
