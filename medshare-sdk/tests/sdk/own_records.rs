//! Patients and records about them: read by herself, withheld, and out of reach of all others.

use medshare_abe::AttributeSet;
use medshare_abe::issuance::RecipientKeyPair;
use medshare_host::os_random;
use medshare_sdk::issuer::KeyRequest;
use medshare_sdk::{
    AccessPolicy, Digest, Event, Person, PublicParameters, Purpose, RecordRef, Result, Signature,
    SigningKey, Window,
};
use medshare_types::Wire as _;

use crate::support::{Fixture, MEMBERS, PATIENT, bytes, now};

/// The access header's policy, as a store reads it.
fn header_policy(fixture: &Fixture, record: RecordRef) -> (AccessPolicy, usize) {
    let [payload, _] = fixture.payloads(record);
    let stored = std::fs::read(payload.with_file_name("access")).unwrap();
    let header = medshare_abe::AccessHeader::from_wire(&stored).unwrap();
    (header.abe().policy().clone(), stored.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_opens_a_record_about_herself() {
    let fixture = Fixture::open().await;
    let content = bytes(70_000, 1);
    let seal = fixture.st_mary.seal(content.clone(), &fixture.policy);
    let sealed = seal.subject(&fixture.patient).title("ECG").await.unwrap();
    assert!(sealed.is_readable_by_subject());
    let record = sealed.record();

    let opened = fixture.patient.open_own(record).await.unwrap();
    assert_eq!(opened.bytes(), content);
    let ticket = opened.access().ticket();
    assert_eq!(ticket.grantee, *fixture.patient.id());
    assert_eq!(ticket.purpose, Purpose::PatientRequest);
    let anchor = fixture.consortium.trust_anchor();
    opened.receipt().verify(&anchor).unwrap();
    // The grant was for that one opening.
    let again = fixture.patient.open(ticket.grant);
    let error = again.purpose(Purpose::PatientRequest).await.unwrap_err();
    assert_eq!(error.code(), "uses_exhausted");

    let mut streamed = Vec::new();
    let open = fixture.patient.open_own(record);
    let access = open.write_to(&mut streamed).await.unwrap();
    assert!(streamed == content && access.length() == content.len() as u64);
    let description = fixture.patient.describe(record).await.unwrap();
    assert_eq!(description.title, "ECG");
    // Readers by the policy are as before.
    let grant = fixture.grant(record).await;
    assert_eq!(fixture.doctor.open(grant).await.unwrap().bytes(), content);
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withheld_record_stays_shut_to_its_subject_and_says_so() {
    let fixture = Fixture::open().await;
    let consortium = &fixture.consortium;
    let open = fixture.seal(b"an ECG").await;
    let seal = fixture.st_mary.seal(b"notes", &fixture.policy);
    let sealed = seal.subject(&fixture.patient).withheld_from_subject();
    let sealed = sealed.await.unwrap();
    assert!(!sealed.is_readable_by_subject());

    let rule = consortium.access_rule(sealed).await.unwrap();
    assert!(!rule.is_readable_by_subject());
    assert_eq!(*rule.policy(), fixture.policy);
    let rule = consortium.access_rule(open).await.unwrap();
    assert!(rule.is_readable_by_subject());
    assert_eq!(*rule.policy(), fixture.policy);

    let mut events = consortium.watch().await.unwrap();
    for error in [
        fixture
            .patient
            .open_own(sealed)
            .await
            .map(drop)
            .unwrap_err(),
        fixture
            .patient
            .describe(sealed)
            .await
            .map(drop)
            .unwrap_err(),
    ] {
        assert_eq!(error.code(), "withheld_from_subject");
        assert!(error.to_string().contains("sealer withheld"), "{error}");
        assert!(!error.is_retryable());
    }
    // Nothing was granted in vain: the next grant on the chain is this one.
    let grant = fixture.grant(sealed).await;
    loop {
        if let Event::GrantGiven { grant: given } = events.next().await.unwrap().1 {
            assert_eq!(given, grant);
            break;
        }
    }
    assert_eq!(fixture.doctor.open(grant).await.unwrap().bytes(), b"notes");
    fixture.close().await;
}

/// A subject who has the attributes as well reads by them.
#[tokio::test(flavor = "multi_thread")]
async fn a_clinician_is_a_patient_too() {
    let fixture = Fixture::open().await;
    let doctor = &fixture.doctor;
    let nurse = fixture.st_mary.enrol("a nurse", &["role:nurse"]).await;
    let nurse = nurse.unwrap();
    for (subject, withheld, opens) in [
        (doctor, false, true),
        (doctor, true, true),
        (&nurse, false, true),
        (&nurse, true, false),
    ] {
        let seal = fixture.st_mary.seal(b"x", &fixture.policy).subject(subject);
        let seal = if withheld {
            seal.withheld_from_subject()
        } else {
            seal
        };
        let opened = subject.open_own(seal.await.unwrap()).await;
        match opened {
            Ok(opened) => assert!(opens && opened.bytes() == b"x"),
            Err(error) => assert!(!opens && error.code() == "withheld_from_subject", "{error}"),
        }
    }
    fixture.close().await;
}

/// Asks the authority itself for a key of a record, as a person with a client of her own can.
async fn ask_for_key(
    fixture: &Fixture,
    person: &Person,
    name: &str,
    record: RecordRef,
) -> Result<AttributeSet> {
    let parts = fixture.consortium.parts();
    let home = MEMBERS[0];
    let entry = format!(
        "person/{}:{home}/{}:{name}/signing-key",
        home.len(),
        name.len()
    );
    let seed = parts.people.load(&entry).await.unwrap().unwrap();
    let signer = SigningKey::from_seed(seed.as_slice().try_into().unwrap());
    let parameters = &parts.anchor.genesis().authority.parameters;
    let parameters = PublicParameters::from_bytes(parameters).unwrap();
    let pair = RecipientKeyPair::random(&mut os_random());
    let mut request = KeyRequest {
        person: *person.id(),
        record: Some(record.id),
        recipient: pair.public(),
        nonce: [7; 32],
        at: now(),
        signature: Signature::from_bytes([0; 64]),
    };
    let statement: Digest = request.statement(&parts.anchor.chain(), &parameters.digest());
    request.signature = signer.sign(&statement);
    let sealed = parts.issuer.issue(&request).await?;
    let key = sealed.open(&pair, &statement, &parameters, &mut os_random());
    Ok(key.unwrap().attributes().clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_person_gets_in_as_the_subject() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"an ECG").await;
    let other = fixture.st_mary.enrol("another patient", &[]).await.unwrap();

    // By attributes or without them.
    for stranger in [&other, &fixture.doctor] {
        let error = stranger.open_own(record).await.unwrap_err();
        assert_eq!(error.code(), "not_authorised");
    }
    // Nor with the subject's own grant.
    let grant = fixture.patient.grant(record, &other, Window::days(1));
    let error = other.open(grant.await.unwrap()).await.unwrap_err();
    assert_eq!(error.code(), "policy_unsatisfied");
    let error = other.describe(record).await.unwrap_err();
    assert_eq!(error.code(), "policy_unsatisfied");
    assert!(!error.to_string().contains("subject-of"), "{error}");

    // The authority goes by the chain, whatever is asked for.
    let refused = ask_for_key(&fixture, &other, "another patient", record).await;
    assert_eq!(refused.unwrap_err().code(), "not_authorised");
    let mut unknown = record;
    unknown.id = medshare_sdk::RecordId::from_digest(Digest::from_bytes([9; 32]));
    let refused = ask_for_key(&fixture, &fixture.patient, PATIENT, unknown).await;
    assert_eq!(refused.unwrap_err().code(), "unknown_record");
    // And a key for one record holds for that record alone.
    let held = ask_for_key(&fixture, &fixture.patient, PATIENT, record).await;
    let own = format!("subject-of:{}", record.id.digest());
    assert_eq!(held.unwrap().to_string(), own);

    // No organisation's word makes a subject.
    for reserved in [own.as_str(), &format!("\"{own}\""), "subject-of:x"] {
        let forged = fixture.st_mary.enrol("forged", &[reserved]).await;
        let error = forged.unwrap_err();
        assert_eq!(error.code(), "invalid_attribute", "{error}");
        assert!(error.to_string().contains("subject-of"), "{error}");
    }
    fixture.close().await;
}

/// Stores see policies. Those of two records about one person have no attribute in common but the
/// sealer's, and none of them names the person.
#[tokio::test(flavor = "multi_thread")]
async fn headers_do_not_tell_which_records_are_about_one_person() {
    let fixture = Fixture::open().await;
    let (one, one_len) = header_policy(&fixture, fixture.seal(b"x").await);
    let (two, _) = header_policy(&fixture, fixture.seal(b"y").await);
    let conditions = |policy: &AccessPolicy| -> Vec<String> {
        policy.conditions().map(ToString::to_string).collect()
    };
    let shared = conditions(&one);
    let shared = shared.iter().filter(|text| conditions(&two).contains(text));
    assert_eq!(shared.collect::<Vec<_>>(), ["role:medic"]);
    let pseudonym = fixture.patient.id().digest().to_string();
    assert!(!one.to_string().contains(&pseudonym));

    let seal = fixture.st_mary.seal(b"x", &fixture.policy);
    let seal = seal.subject(&fixture.patient).withheld_from_subject();
    let (_, withheld_len) = header_policy(&fixture, seal.await.unwrap().record());
    let price = one_len - withheld_len;
    assert!((100..300).contains(&price), "{price} bytes for the subject");
    fixture.close().await;
}

/// Whether the subject reads is part of what a repeated seal must share.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_seal_keeps_the_choice() {
    let fixture = Fixture::open().await;
    let seal = || {
        let seal = fixture.st_mary.seal(b"x", &fixture.policy);
        seal.subject(&fixture.patient).idempotency_key("one")
    };
    let first = seal().await.unwrap();
    assert_eq!(seal().await.unwrap(), first);
    let error = seal().withheld_from_subject().await.unwrap_err();
    assert_eq!(error.code(), "idempotency_conflict");
    assert!(error.to_string().contains("policy"), "{error}");
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_at_its_limit_has_no_room_for_the_subject() {
    let fixture = Fixture::open().await;
    let names: Vec<String> = (0..1024).map(|index| format!("a{index}")).collect();
    let policy: AccessPolicy = names.join(" or ").parse().unwrap();
    let seal = || {
        fixture
            .st_mary
            .seal(b"x", &policy)
            .subject(&fixture.patient)
    };
    let error = seal().await.unwrap_err();
    assert_eq!(error.code(), "invalid_policy");
    assert!(
        error.to_string().ends_with("withheld_from_subject"),
        "{error}"
    );
    seal().withheld_from_subject().await.unwrap();
    fixture.close().await;
}
