//! Two hospitals' applications with key stores of their own, over one consortium in this process.

use std::sync::Arc;

use medshare_sdk::keystore::MemoryKeyStore;
use medshare_sdk::local::{LocalBuilder, LocalConsortium};
use medshare_sdk::{AccessPolicy, Consortium, GrantStatus, PersonId, Window};

use crate::support::{CHEAP, MEMBERS};

/// The first two members' applications.
pub struct Hospitals {
    pub local: LocalConsortium,
    pub st_mary: Consortium,
    pub charite: Consortium,
}

impl Hospitals {
    pub async fn open() -> Self {
        let local = LocalBuilder::new(4).with_passphrase_cost(CHEAP).start();
        let local = local.await.unwrap();
        let application = |name| {
            let people = Arc::new(MemoryKeyStore::new());
            local.application(name, people).unwrap()
        };
        Self {
            st_mary: application(MEMBERS[0]),
            charite: application(MEMBERS[1]),
            local,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_acts_for_its_own_organisation_and_people() {
    let hospitals = Hospitals::open().await;
    let error = hospitals.charite.organisation(MEMBERS[0]).unwrap_err();
    assert_eq!(error.code(), "unknown_organisation");
    let people = Arc::new(MemoryKeyStore::new());
    let error = hospitals.local.application("nowhere", people).unwrap_err();
    assert_eq!(error.code(), "unknown_organisation");

    let st_mary = hospitals.st_mary.organisation(MEMBERS[0]).unwrap();
    let charite = hospitals.charite.organisation(MEMBERS[1]).unwrap();
    let ours = st_mary.enrol("Ada", &[]).await.unwrap();
    let error = charite.person("Ada").await.unwrap_err();
    assert_eq!(error.code(), "unknown_person");
    let theirs = charite.enrol("Ada", &[]).await.unwrap();
    assert_ne!(ours.id(), theirs.id(), "a name is each hospital's own");

    // Each sees the other's people, by pseudonym.
    for (seen_by, name, known) in [
        (&hospitals.st_mary, MEMBERS[0], true),
        (&hospitals.st_mary, MEMBERS[1], false),
        (&hospitals.charite, MEMBERS[0], false),
        (&hospitals.charite, MEMBERS[1], true),
    ] {
        let id = seen_by.organisation_named(name).unwrap().id;
        let mut people = seen_by.people_of(id).await.unwrap();
        let person = people.next().await.unwrap().unwrap();
        assert_eq!(person.local_name, known.then(|| "Ada".to_owned()));
        assert!(people.next().await.unwrap().is_none());
    }
    let error = charite.person_with_id(ours.id()).await.unwrap_err();
    assert_eq!(error.code(), "unknown_person");
    hospitals.local.shut_down().await.unwrap();
}

/// A patient of one hospital lets a doctor of another read, and the other hospital adds a record
/// about her; all that passes between the applications is text.
#[tokio::test(flavor = "multi_thread")]
async fn hospitals_share_by_identifiers_alone() {
    let hospitals = Hospitals::open().await;
    let st_mary = hospitals.st_mary.organisation(MEMBERS[0]).unwrap();
    let charite = hospitals.charite.organisation(MEMBERS[1]).unwrap();
    let patient = st_mary.enrol("Ada", &[]).await.unwrap();
    let kim = charite.enrol("Dr Kim", &["role:medic"]).await.unwrap();
    let policy: AccessPolicy = "role:medic".parse().unwrap();
    let record = st_mary.seal(b"referral", &policy).subject(&patient);
    let record = record.await.unwrap();

    let told = kim.id().to_string();
    let kim_as_told: PersonId = told.parse().unwrap();
    let info = hospitals.st_mary.person(kim_as_told).await.unwrap();
    assert_eq!(info.organisation, *charite.id());
    assert_eq!(info.attributes, ["role:medic"]);
    let window = Window::days(1);
    patient.grant(record, kim_as_told, window).await.unwrap();

    let mut received = kim.grants_received().await.unwrap();
    let grant = received.next().await.unwrap().unwrap();
    assert_eq!(grant.status, GrantStatus::Active);
    assert_eq!(grant.grantor, *patient.id());
    assert_eq!(kim.open(grant.id).await.unwrap().bytes(), b"referral");

    let answer = charite.seal(b"findings", &policy).subject(grant.grantor);
    let answer = answer.await.unwrap();
    let mut newest = patient.records().await.unwrap().newest_first();
    let found = newest.next().await.unwrap().unwrap();
    assert_eq!(
        (found.record, found.owner),
        (answer.record(), *charite.id())
    );
    let lee = st_mary.enrol("Dr Lee", &["role:medic"]).await.unwrap();
    let grant = patient.grant(found.record, &lee, window).await.unwrap();
    assert_eq!(lee.open(grant).await.unwrap().bytes(), b"findings");
    hospitals.local.shut_down().await.unwrap();
}
