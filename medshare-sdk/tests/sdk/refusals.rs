//! Every refusal, through the SDK alone: its stable code, and its fields.

use std::io::Read as _;
use std::time::Duration;

use crate::support::{
    DOCTOR, Fixture, MEMBERS, SEALED_SEGMENT, bytes, in_folder, now, swap_segments,
};
use medshare_sdk::keystore::KeyStoreError;
use medshare_sdk::local::HolderConduct;
use medshare_sdk::{
    Content, Denial, Digest, Error, GrantId, Person, PersonId, Purpose, PurposeSet, RecordId,
    RecordRef, RecordVersion, SigningKey, Timestamp, Window,
};

/// Opens, and expects an error with a text.
async fn refused(reader: &Person, grant: GrantId) -> Error {
    let error = reader.open(grant).await.unwrap_err();
    assert!(!error.to_string().is_empty());
    error
}

fn denial(error: &Error) -> &Denial {
    match error {
        Error::Denied(denial) => denial,
        other => panic!("not a denial: {other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_window() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"x").await;
    let opens_at = now().plus_millis(3_600_000);
    let window = Window::between(opens_at, Timestamp::MAX).unwrap();
    let grant = fixture.patient.grant(record, &fixture.doctor, window);
    let error = refused(&fixture.doctor, grant.await.unwrap()).await;
    assert_eq!(error.code(), "not_yet");
    assert_eq!(*denial(&error), Denial::NotYet { opens_at });
    assert!(error.is_retryable(), "it opens later");

    let seal = fixture.st_mary.seal(b"x", &fixture.policy);
    let sealed = seal
        .subject(&fixture.patient)
        .bounds(opens_at, Timestamp::MAX);
    let grant = fixture.grant(sealed.await.unwrap()).await;
    let error = refused(&fixture.doctor, grant).await;
    assert_eq!(*denial(&error), Denial::NotYet { opens_at });
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_window() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"x").await;
    let ended_at = now().plus_millis(4_000);
    let window = Window::between(now().minus_millis(1_000), ended_at).unwrap();
    let by_grant = fixture.patient.grant(record, &fixture.doctor, window);
    let by_grant = by_grant.await.unwrap();
    let seal = fixture.st_mary.seal(b"x", &fixture.policy);
    let sealed = seal
        .subject(&fixture.patient)
        .bounds(Timestamp::from_millis(0), ended_at);
    let by_seal = fixture.grant(sealed.await.unwrap()).await;
    for grant in [by_grant, by_seal] {
        let opened = fixture.doctor.open(grant).await.unwrap();
        assert!(opened.access().ticket().expires <= ended_at);
    }
    let left = ended_at.millis_since(now()) + 50;
    tokio::time::sleep(Duration::from_millis(left)).await;
    for grant in [by_grant, by_seal] {
        let error = refused(&fixture.doctor, grant).await;
        assert_eq!(error.code(), "expired");
        assert_eq!(*denial(&error), Denial::Expired { ended_at });
        assert!(!error.is_retryable());
    }
    fixture.close().await;
}

/// Found from public data: no transaction is ordered for it, so no use of the grant is lost.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_attributes() {
    let fixture = Fixture::open().await;
    let policy = "role:medic and ward:icu".parse().unwrap();
    let seal = fixture.st_mary.seal(b"x", &policy);
    let record = seal.subject(&fixture.patient).await.unwrap();
    let (_, other) = fixture.sealed_and_granted(b"y").await;
    let porter = fixture.st_mary.enrol("a porter", &[]).await.unwrap();
    let mut tickets = Vec::new();
    for (reader, missing) in [
        (&fixture.doctor, vec!["ward:icu"]),
        (&porter, vec!["role:medic", "ward:icu"]),
    ] {
        let grant = fixture.patient.grant(record, reader, Window::days(1));
        let grant = grant.uses(1).await.unwrap();
        tickets.push(ticket_height(&fixture.doctor, other).await);
        tickets.push(ticket_height(&fixture.doctor, other).await);
        for _ in 0..3 {
            let error = refused(reader, grant).await;
            assert_eq!(error.code(), "policy_unsatisfied");
            let Error::PolicyUnsatisfied {
                policy: named,
                missing: found,
            } = &error
            else {
                panic!("{error}");
            };
            assert_eq!(*named, policy.to_string());
            assert_eq!(*found, missing);
            let error = reader.describe(record).await.unwrap_err();
            assert_eq!(error.code(), "policy_unsatisfied");
        }
        tickets.push(ticket_height(&fixture.doctor, other).await);
    }
    for heights in tickets.chunks_exact(3) {
        let [first, second, after_refusals] = *heights else {
            continue;
        };
        assert_eq!(after_refusals - second, second - first, "{heights:?}");
    }
    fixture.close().await;
}

async fn ticket_height(reader: &Person, grant: GrantId) -> u64 {
    let opened = reader.open(grant).await.unwrap();
    opened.access().ticket().height.0
}

#[tokio::test(flavor = "multi_thread")]
async fn after_revocation() {
    let fixture = Fixture::open().await;
    let (record, grant) = fixture.sealed_and_granted(b"x").await;
    let before = ticket_height(&fixture.doctor, grant).await;
    fixture.patient.revoke(grant).await.unwrap();
    let error = refused(&fixture.doctor, grant).await;
    assert_eq!(error.code(), "revoked");
    let Denial::Revoked { height } = *denial(&error) else {
        panic!("{error}");
    };
    assert!(height.0 > before);
    let again = fixture.patient.revoke(grant).await.unwrap_err();
    assert_eq!(*denial(&again), Denial::Revoked { height });

    // Another grant of the same record is not touched, nor is finding it by attributes.
    let other = fixture.grant(record).await;
    fixture.doctor.open(other).await.unwrap();
    fixture.doctor.describe(record).await.unwrap();
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn for_another_purpose() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"x").await;
    let grant = fixture
        .patient
        .grant(record, &fixture.doctor, Window::days(1));
    let grant = grant.purpose(Purpose::Research).purpose(Purpose::Payment);
    let grant = grant.await.unwrap();
    let error = refused(&fixture.doctor, grant).await;
    assert_eq!(error.code(), "purpose_mismatch");
    let requested = Purpose::Treatment;
    let granted = PurposeSet::from(Purpose::Research).with(Purpose::Payment);
    let expected = Denial::PurposeMismatch { requested, granted };
    assert_eq!(*denial(&error), expected);
    let text = "the grant does not cover the purpose Treatment (TREAT), \
                only Payment (HPAYMT), Research (HRESCH)";
    assert_eq!(error.to_string(), text);
    for purpose in [Purpose::Research, Purpose::Payment] {
        let opened = fixture.doctor.open(grant).purpose(purpose).await.unwrap();
        assert_eq!(opened.access().ticket().purpose, purpose);
    }
    fixture.close().await;
}

/// A record that stays shut for lack of an object takes no use either.
#[tokio::test(flavor = "multi_thread")]
async fn when_every_use_is_taken() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"x").await;
    let give = |uses| {
        let grant = fixture
            .patient
            .grant(record, &fixture.doctor, Window::days(1));
        grant.uses(uses)
    };
    let grant = give(2).await.unwrap();
    let headers = fixture
        .payloads(record)
        .map(|file| file.with_file_name("access"));
    let kept = std::fs::read(&headers[0]).unwrap();
    for header in &headers {
        std::fs::remove_file(header).unwrap();
    }
    for _ in 0..3 {
        let error = refused(&fixture.doctor, grant).await;
        assert_eq!(error.code(), "object_unavailable");
        assert!(matches!(
            error,
            Error::ObjectUnavailable { object: "access" }
        ));
    }
    std::fs::write(&headers[1], kept).unwrap();
    fixture.doctor.open(grant).await.unwrap();
    fixture.doctor.open(grant).await.unwrap();
    let error = refused(&fixture.doctor, grant).await;
    assert_eq!(error.code(), "uses_exhausted");
    assert_eq!(*denial(&error), Denial::UsesExhausted { allowed: 2 });

    let error = give(0).await.unwrap_err();
    let field = "uses".to_owned();
    assert_eq!(*denial(&error), Denial::Invalid { field });
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_grant_of_another_person() {
    let fixture = Fixture::open().await;
    let (record, grant) = fixture.sealed_and_granted(b"x").await;
    let colleague = fixture.st_mary.enrol("a colleague", &["role:medic"]);
    let colleague = colleague.await.unwrap();
    let error = refused(&colleague, grant).await;
    assert_eq!(error.code(), "not_grantee");
    assert_eq!(*denial(&error), Denial::NotGrantee);

    let by_doctor = fixture.doctor.grant(record, &colleague, Window::days(1));
    let error = by_doctor.await.unwrap_err();
    assert_eq!(error.code(), "not_authorised");
    let error = fixture.doctor.revoke(grant).await.unwrap_err();
    assert_eq!(*denial(&error), Denial::NotAuthorised);
    fixture.doctor.open(grant).await.unwrap();
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_names_and_identifiers() {
    let fixture = Fixture::open().await;
    let none = Digest::from_bytes([0xab; 32]);
    let grant = GrantId::from_digest(none);
    let error = refused(&fixture.doctor, grant).await;
    assert_eq!(*denial(&error), Denial::UnknownGrant);
    assert_eq!(error.code(), "unknown_grant");
    let error = fixture.patient.revoke(grant).await;
    assert_eq!(error.unwrap_err().code(), "unknown_grant");

    let sealed = fixture.seal(b"x").await;
    let next = RecordRef {
        version: sealed.version.next(),
        ..sealed
    };
    let unknown = RecordRef {
        id: RecordId::from_digest(none),
        version: RecordVersion(1),
    };
    for record in [unknown, next] {
        let grant = fixture
            .patient
            .grant(record, &fixture.doctor, Window::days(1));
        let error = grant.await.unwrap_err();
        assert_eq!(*denial(&error), Denial::UnknownRecord);
        assert_eq!(error.code(), "unknown_record");
        let error = fixture.doctor.describe(record).await.unwrap_err();
        assert_eq!(error.code(), "unknown_record");
    }

    let error = fixture.consortium.organisation("st-elsewhere").unwrap_err();
    assert_eq!(error.code(), "unknown_organisation");
    let error = fixture.st_mary.person("stranger").await.unwrap_err();
    assert_eq!(error.code(), "unknown_person");
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn enrolment() {
    let fixture = Fixture::open().await;
    let error = fixture.st_mary.enrol(DOCTOR, &["role:medic"]).await;
    let error = error.unwrap_err();
    assert_eq!(error.code(), "already_enrolled");
    assert!(matches!(error, Error::AlreadyEnrolled { name } if name == DOCTOR));
    let charite = fixture.consortium.organisation(MEMBERS[1]).unwrap();
    let namesake = charite.enrol(DOCTOR, &["role:medic"]).await.unwrap();
    assert_ne!(namesake.id(), fixture.doctor.id());

    for text in ["", "role:medic and ward:icu", "and", "a\u{7}b", "\"open"] {
        let attributes = ["role:nurse", text];
        let error = fixture.st_mary.enrol("applicant", &attributes).await;
        let error = error.unwrap_err();
        assert_eq!(error.code(), "invalid_attribute");
        assert!(
            matches!(&error, Error::InvalidAttribute { attribute, .. } if attribute == text),
            "{error}"
        );
    }
    let error = fixture.st_mary.person("applicant").await.unwrap_err();
    assert_eq!(error.code(), "unknown_person", "nothing was begun");
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sealing() {
    let fixture = Fixture::open().await;
    let error = fixture
        .st_mary
        .seal(b"x", &fixture.policy)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "missing_subject");
    let seal = fixture.st_mary.seal(b"x", &fixture.policy);
    let seal = seal.subject(&fixture.patient).title("t".repeat(70_000));
    assert_eq!(seal.await.unwrap_err().code(), "descriptor_too_long");
    // A descriptor that fits where it is stored and not where it is read, and a subject that the
    // chain does not know: the content, which can be read once, is not read.
    let seal = || {
        let reader = Content::reader(std::io::repeat(0).take(9 << 20));
        let seal = fixture.st_mary.seal(reader, &fixture.policy);
        seal.on_progress(|_| unreachable!())
    };
    let long = seal().subject(&fixture.patient).title("t".repeat(40_000));
    let error = long.await.unwrap_err();
    assert_eq!(error.code(), "descriptor_too_long");
    let stranger = PersonId::of_key(&SigningKey::from_seed(&[9; 32]).verifying_key());
    let error = seal().subject(stranger).await.unwrap_err();
    let field = "subject".to_owned();
    assert_eq!(*denial(&error), Denial::Invalid { field });
    let folder = fixture.consortium.folder();
    let missing = Content::file(folder.join("no such file"));
    for content in [missing, Content::file(folder)] {
        let seal = fixture.st_mary.seal(content, &fixture.policy);
        let error = seal.subject(&fixture.patient).await.unwrap_err();
        assert_eq!(error.code(), "io");
    }
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn altered_objects() {
    let fixture = Fixture::open().await;
    let content = bytes(2 * (1 << 16) + 77, 1);
    let sealed = content.len() as u64 + 3 * 16;
    let (record, grant) = fixture.sealed_and_granted(content.clone()).await;
    let files = fixture.payloads(record);
    let good = std::fs::read(&files[0]).unwrap();
    assert_eq!(good.len() as u64, sealed);

    files.iter().for_each(|file| swap_segments(file));
    let error = refused(&fixture.doctor, grant).await;
    assert_eq!(error.code(), "segment_mismatch");
    assert!(matches!(error, Error::SegmentMismatch { index: 0 }));

    let mut altered = good.clone();
    altered[2 * SEALED_SEGMENT + 5] ^= 1;
    files
        .iter()
        .for_each(|file| std::fs::write(file, &altered).unwrap());
    let error = refused(&fixture.doctor, grant).await;
    assert!(matches!(error, Error::SegmentMismatch { index: 2 }));

    for length in [good.len() - 1, 2 * SEALED_SEGMENT, 1, 0] {
        files
            .iter()
            .for_each(|file| std::fs::write(file, &good[..length]).unwrap());
        let error = refused(&fixture.doctor, grant).await;
        assert_eq!(error.code(), "object_truncated");
        let Error::ObjectTruncated { expected, found } = error else {
            panic!("{error}");
        };
        assert_eq!((expected, found), (sealed, length as u64));
    }
    for more in [1, SEALED_SEGMENT] {
        let longer = [good.as_slice(), &vec![0; more]].concat();
        files
            .iter()
            .for_each(|file| std::fs::write(file, &longer).unwrap());
        let error = refused(&fixture.doctor, grant).await;
        assert_eq!(error.code(), "object_extended");
        let Error::ObjectExtended { expected, found } = error else {
            panic!("{error}");
        };
        assert_eq!((expected, found), (sealed, longer.len() as u64));
    }
    std::fs::write(&files[1], &good).unwrap();
    let opened = fixture.doctor.open(grant).await.unwrap();
    assert_eq!(opened.bytes(), content, "one good copy is enough");
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_good_shares() {
    let fixture = Fixture::open().await;
    let (record, grant) = fixture.sealed_and_granted(b"x").await;
    let set_conduct = |member: usize, conduct| {
        let done = fixture
            .consortium
            .set_holder_conduct(MEMBERS[member], conduct);
        done.unwrap();
    };
    set_conduct(1, HolderConduct::Lie);
    set_conduct(2, HolderConduct::Refuse);
    let (culprits, silent) = insufficient(&fixture, grant).await;
    assert_eq!(culprits, [MEMBERS[1]]);
    assert_eq!(silent.len(), 1);
    assert!(silent[0].starts_with(MEMBERS[2]), "{silent:?}");

    set_conduct(2, HolderConduct::Lie);
    let (culprits, silent) = insufficient(&fixture, grant).await;
    assert_eq!(culprits.len(), 2);
    assert!(culprits.iter().all(|name| MEMBERS[1..3].contains(&&**name)));
    assert!(silent.is_empty());

    set_conduct(1, HolderConduct::Refuse);
    set_conduct(2, HolderConduct::Refuse);
    let (culprits, silent) = insufficient(&fixture, grant).await;
    assert_eq!(culprits.len(), 2, "each lied for this ticket");
    assert_eq!(silent.len(), 2);

    let again = fixture
        .patient
        .grant(record, &fixture.doctor, Window::days(1));
    let (culprits, silent) = insufficient(&fixture, again.await.unwrap()).await;
    assert!(culprits.is_empty());
    assert_eq!(silent.len(), 2);

    set_conduct(1, HolderConduct::Honest);
    fixture.doctor.open(grant).await.unwrap();
    fixture.close().await;
}

/// Two good shares of three: the culprits, and the silent holders.
async fn insufficient(fixture: &Fixture, grant: GrantId) -> (Vec<String>, Vec<String>) {
    let error = refused(&fixture.doctor, grant).await;
    assert_eq!(error.code(), "insufficient_shares");
    assert!(error.is_retryable());
    let Error::InsufficientShares {
        good,
        needed,
        culprits,
        silent,
        ticket_expires: Some(_),
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((good, needed), (2, 3));
    (culprits, silent)
}

#[tokio::test(flavor = "multi_thread")]
async fn another_passphrase() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    fixture.close().await;
    let none = in_folder(folder.path()).with_passphrase("").start().await;
    assert_eq!(none.map(drop).unwrap_err().code(), "missing_passphrase");
    for wrong in ["x", "Correct horse battery staple"] {
        let start = in_folder(folder.path()).with_passphrase(wrong).start();
        let error = start.await.map(drop).unwrap_err();
        assert_eq!(error.code(), "key_store");
        assert!(
            matches!(error, Error::KeyStore(KeyStoreError::Locked { .. })),
            "{error}"
        );
    }
    let fixture = Fixture::reopen(folder.path()).await;
    fixture.doctor.open(grant).await.unwrap();
    fixture.close().await;
}
