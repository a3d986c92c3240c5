//! Every refusal, through the SDK alone: its stable code, and the fields that say why.

use std::time::Duration;

use crate::support::{
    Clinic, DOCTOR, MEMBERS, SEALED_SEGMENT, bytes, in_folder, now, swap_segments,
};
use medshare_sdk::keystore::KeyStoreError;
use medshare_sdk::local::HolderConduct;
use medshare_sdk::{Denial, Error, GrantId, Person, Purpose, RecordRef, Timestamp, Window};

/// Opens, expects a refusal, and checks that code and text are those of the error.
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
    let clinic = Clinic::open().await;
    let record = clinic.seal(b"x").await;
    let opens_at = now().plus_millis(3_600_000);
    let window = Window::between(opens_at, Timestamp::MAX).unwrap();
    let grant = clinic.patient.grant(record, &clinic.doctor, window);
    let error = refused(&clinic.doctor, grant.await.unwrap()).await;
    assert_eq!(error.code(), "not_yet");
    assert_eq!(*denial(&error), Denial::NotYet { opens_at });
    assert!(error.is_retryable(), "later it opens by itself");

    let seal = clinic.st_mary.seal(b"x", &clinic.policy);
    let sealed = seal
        .subject(&clinic.patient)
        .bounds(opens_at, Timestamp::MAX);
    let grant = clinic.grant(sealed.await.unwrap()).await;
    let error = refused(&clinic.doctor, grant).await;
    assert_eq!(*denial(&error), Denial::NotYet { opens_at });
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_window() {
    let clinic = Clinic::open().await;
    let record = clinic.seal(b"x").await;
    let ended_at = now().plus_millis(4_000);
    let window = Window::between(now().minus_millis(1_000), ended_at).unwrap();
    let by_grant = clinic.patient.grant(record, &clinic.doctor, window);
    let by_grant = by_grant.await.unwrap();
    let seal = clinic.st_mary.seal(b"x", &clinic.policy);
    let sealed = seal
        .subject(&clinic.patient)
        .bounds(Timestamp::from_millis(0), ended_at);
    let by_seal = clinic.grant(sealed.await.unwrap()).await;
    for grant in [by_grant, by_seal] {
        let opened = clinic.doctor.open(grant).await.unwrap();
        assert!(opened.access().ticket().expires <= ended_at);
    }
    let left = ended_at.millis_since(now()) + 50;
    tokio::time::sleep(Duration::from_millis(left)).await;
    for grant in [by_grant, by_seal] {
        let error = refused(&clinic.doctor, grant).await;
        assert_eq!(error.code(), "expired");
        assert_eq!(*denial(&error), Denial::Expired { ended_at });
        assert!(!error.is_retryable());
    }
    clinic.close().await;
}

/// Told from public data: no transaction is ordered for it, so no use of the grant can be lost.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_attributes() {
    let clinic = Clinic::open().await;
    let policy = "role:medic and ward:icu".parse().unwrap();
    let seal = clinic.st_mary.seal(b"x", &policy);
    let record = seal.subject(&clinic.patient).await.unwrap();
    let (_, other) = clinic.sealed_and_granted(b"y").await;
    let porter = clinic.st_mary.enrol("a porter", &[]).await.unwrap();
    let mut tickets = Vec::new();
    for (reader, missing) in [
        (&clinic.doctor, vec!["ward:icu"]),
        (&porter, vec!["role:medic", "ward:icu"]),
    ] {
        let grant = clinic.patient.grant(record, reader, Window::days(1));
        let grant = grant.uses(1).await.unwrap();
        tickets.push(ticket_height(&clinic.doctor, other).await);
        tickets.push(ticket_height(&clinic.doctor, other).await);
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
        tickets.push(ticket_height(&clinic.doctor, other).await);
    }
    for heights in tickets.chunks_exact(3) {
        let [first, second, after_refusals] = *heights else {
            continue;
        };
        assert_eq!(after_refusals - second, second - first, "{heights:?}");
    }
    clinic.close().await;
}

async fn ticket_height(reader: &Person, grant: GrantId) -> u64 {
    let opened = reader.open(grant).await.unwrap();
    opened.access().ticket().height.0
}

#[tokio::test(flavor = "multi_thread")]
async fn after_revocation() {
    let clinic = Clinic::open().await;
    let (record, grant) = clinic.sealed_and_granted(b"x").await;
    let before = ticket_height(&clinic.doctor, grant).await;
    clinic.patient.revoke(grant).await.unwrap();
    let error = refused(&clinic.doctor, grant).await;
    assert_eq!(error.code(), "revoked");
    let Denial::Revoked { height } = *denial(&error) else {
        panic!("{error}");
    };
    assert!(height.0 > before);
    let again = clinic.patient.revoke(grant).await.unwrap_err();
    assert_eq!(*denial(&again), Denial::Revoked { height });

    // Another grant of the same record is not touched, nor is finding it by attributes.
    let other = clinic.grant(record).await;
    clinic.doctor.open(other).await.unwrap();
    clinic.doctor.describe(record).await.unwrap();
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn for_another_purpose() {
    let clinic = Clinic::open().await;
    let record = clinic.seal(b"x").await;
    let grant = clinic
        .patient
        .grant(record, &clinic.doctor, Window::days(1));
    let grant = grant.purpose(Purpose::Research).purpose(Purpose::Payment);
    let grant = grant.await.unwrap();
    let error = refused(&clinic.doctor, grant).await;
    assert_eq!(error.code(), "purpose_mismatch");
    let requested = Purpose::Treatment;
    assert_eq!(*denial(&error), Denial::PurposeMismatch { requested });
    for purpose in [Purpose::Research, Purpose::Payment] {
        let opened = clinic.doctor.open(grant).purpose(purpose).await.unwrap();
        assert_eq!(opened.access().ticket().purpose, purpose);
    }
    clinic.close().await;
}

/// A record that stays shut for want of an object takes no use either.
#[tokio::test(flavor = "multi_thread")]
async fn when_every_use_is_taken() {
    let clinic = Clinic::open().await;
    let record = clinic.seal(b"x").await;
    let give = |uses| {
        let grant = clinic
            .patient
            .grant(record, &clinic.doctor, Window::days(1));
        grant.uses(uses)
    };
    let grant = give(2).await.unwrap();
    let headers = clinic
        .payloads(record)
        .map(|file| file.with_file_name("access"));
    let kept = std::fs::read(&headers[0]).unwrap();
    for header in &headers {
        std::fs::remove_file(header).unwrap();
    }
    for _ in 0..3 {
        let error = refused(&clinic.doctor, grant).await;
        assert_eq!(error.code(), "object_unavailable");
        assert!(matches!(
            error,
            Error::ObjectUnavailable { object: "access" }
        ));
    }
    std::fs::write(&headers[1], kept).unwrap();
    clinic.doctor.open(grant).await.unwrap();
    clinic.doctor.open(grant).await.unwrap();
    let error = refused(&clinic.doctor, grant).await;
    assert_eq!(error.code(), "uses_exhausted");
    assert_eq!(*denial(&error), Denial::UsesExhausted { allowed: 2 });

    let error = give(0).await.unwrap_err();
    let field = "uses".to_owned();
    assert_eq!(*denial(&error), Denial::Invalid { field });
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_somebody_elses() {
    let clinic = Clinic::open().await;
    let (record, grant) = clinic.sealed_and_granted(b"x").await;
    let colleague = clinic.st_mary.enrol("a colleague", &["role:medic"]);
    let colleague = colleague.await.unwrap();
    let error = refused(&colleague, grant).await;
    assert_eq!(error.code(), "not_grantee");
    assert_eq!(*denial(&error), Denial::NotGrantee);

    let by_doctor = clinic.doctor.grant(record, &colleague, Window::days(1));
    let error = by_doctor.await.unwrap_err();
    assert_eq!(error.code(), "not_authorised");
    let error = clinic.doctor.revoke(grant).await.unwrap_err();
    assert_eq!(*denial(&error), Denial::NotAuthorised);
    clinic.doctor.open(grant).await.unwrap();
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_knows() {
    let clinic = Clinic::open().await;
    let none = "ab".repeat(32);
    let error = refused(&clinic.doctor, none.parse().unwrap()).await;
    assert_eq!(*denial(&error), Denial::UnknownGrant);
    assert_eq!(error.code(), "unknown_grant");
    let error = clinic.patient.revoke(none.parse().unwrap()).await;
    assert_eq!(error.unwrap_err().code(), "unknown_grant");

    let sealed = clinic.seal(b"x").await;
    let next = RecordRef {
        version: sealed.version.next(),
        ..sealed
    };
    for record in [format!("{none}/1").parse().unwrap(), next] {
        let grant = clinic
            .patient
            .grant(record, &clinic.doctor, Window::days(1));
        let error = grant.await.unwrap_err();
        assert_eq!(*denial(&error), Denial::UnknownRecord);
        assert_eq!(error.code(), "unknown_record");
        let error = clinic.doctor.describe(record).await.unwrap_err();
        assert_eq!(error.code(), "unknown_record");
    }

    let error = clinic.consortium.organisation("st-elsewhere").unwrap_err();
    assert_eq!(error.code(), "unknown_organisation");
    let error = clinic.st_mary.person("nobody").await.unwrap_err();
    assert_eq!(error.code(), "unknown_person");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn enrolment() {
    let clinic = Clinic::open().await;
    let error = clinic.st_mary.enrol(DOCTOR, &["role:medic"]).await;
    let error = error.unwrap_err();
    assert_eq!(error.code(), "already_enrolled");
    assert!(matches!(error, Error::AlreadyEnrolled { name } if name == DOCTOR));
    let charite = clinic.consortium.organisation(MEMBERS[1]).unwrap();
    let namesake = charite.enrol(DOCTOR, &["role:medic"]).await.unwrap();
    assert_ne!(namesake.id(), clinic.doctor.id());

    for text in ["", "role:medic and ward:icu", "and", "a\u{7}b", "\"open"] {
        let attributes = ["role:nurse", text];
        let error = clinic.st_mary.enrol("somebody", &attributes).await;
        let error = error.unwrap_err();
        assert_eq!(error.code(), "invalid_attribute");
        assert!(
            matches!(&error, Error::InvalidAttribute { attribute, .. } if attribute == text),
            "{error}"
        );
    }
    let error = clinic.st_mary.person("somebody").await.unwrap_err();
    assert_eq!(error.code(), "unknown_person", "nothing was begun");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sealing() {
    let clinic = Clinic::open().await;
    let error = clinic.st_mary.seal(b"x", &clinic.policy).await.unwrap_err();
    assert_eq!(error.code(), "missing_subject");
    let seal = clinic.st_mary.seal(b"x", &clinic.policy);
    let seal = seal.subject(&clinic.patient).title("t".repeat(70_000));
    assert_eq!(seal.await.unwrap_err().code(), "descriptor_too_long");
    let folder = clinic.consortium.folder();
    let missing = medshare_sdk::Content::file(folder.join("no such file"));
    for content in [missing, medshare_sdk::Content::file(folder)] {
        let seal = clinic.st_mary.seal(content, &clinic.policy);
        let error = seal.subject(&clinic.patient).await.unwrap_err();
        assert_eq!(error.code(), "io");
    }
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn altered_objects() {
    let clinic = Clinic::open().await;
    let content = bytes(2 * (1 << 16) + 77, 1);
    let sealed = content.len() as u64 + 3 * 16;
    let (record, grant) = clinic.sealed_and_granted(content.clone()).await;
    let files = clinic.payloads(record);
    let good = std::fs::read(&files[0]).unwrap();
    assert_eq!(good.len() as u64, sealed);

    files.iter().for_each(|file| swap_segments(file));
    let error = refused(&clinic.doctor, grant).await;
    assert_eq!(error.code(), "segment_mismatch");
    assert!(matches!(error, Error::SegmentMismatch { index: 0 }));

    let mut altered = good.clone();
    altered[2 * SEALED_SEGMENT + 5] ^= 1;
    files
        .iter()
        .for_each(|file| std::fs::write(file, &altered).unwrap());
    let error = refused(&clinic.doctor, grant).await;
    assert!(matches!(error, Error::SegmentMismatch { index: 2 }));

    for length in [good.len() - 1, 2 * SEALED_SEGMENT, 1, 0] {
        files
            .iter()
            .for_each(|file| std::fs::write(file, &good[..length]).unwrap());
        let error = refused(&clinic.doctor, grant).await;
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
        let error = refused(&clinic.doctor, grant).await;
        assert_eq!(error.code(), "object_extended");
        let Error::ObjectExtended { expected, found } = error else {
            panic!("{error}");
        };
        assert_eq!((expected, found), (sealed, longer.len() as u64));
    }
    std::fs::write(&files[1], &good).unwrap();
    let opened = clinic.doctor.open(grant).await.unwrap();
    assert_eq!(opened.bytes(), content, "one good copy is enough");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_good_shares() {
    let clinic = Clinic::open().await;
    let (_, grant) = clinic.sealed_and_granted(b"x").await;
    let set_conduct = |member: usize, conduct| {
        let done = clinic
            .consortium
            .set_holder_conduct(MEMBERS[member], conduct);
        done.unwrap();
    };
    set_conduct(1, HolderConduct::Lie);
    set_conduct(2, HolderConduct::Refuse);
    let (culprits, silent) = insufficient(&clinic, grant).await;
    assert_eq!(culprits, [MEMBERS[1]]);
    assert_eq!(silent.len(), 1);
    assert!(silent[0].starts_with(MEMBERS[2]), "{silent:?}");

    set_conduct(2, HolderConduct::Lie);
    let (culprits, silent) = insufficient(&clinic, grant).await;
    assert_eq!(culprits.len(), 2);
    assert!(culprits.iter().all(|name| MEMBERS[1..3].contains(&&**name)));
    assert!(silent.is_empty());

    set_conduct(1, HolderConduct::Refuse);
    set_conduct(2, HolderConduct::Refuse);
    let (culprits, silent) = insufficient(&clinic, grant).await;
    assert!(culprits.is_empty());
    assert_eq!(silent.len(), 2);

    set_conduct(1, HolderConduct::Honest);
    clinic.doctor.open(grant).await.unwrap();
    clinic.close().await;
}

/// Two good shares of three, who lied, and who gave none.
async fn insufficient(clinic: &Clinic, grant: GrantId) -> (Vec<String>, Vec<String>) {
    let error = refused(&clinic.doctor, grant).await;
    assert_eq!(error.code(), "insufficient_shares");
    assert!(error.is_retryable());
    let Error::InsufficientShares {
        good,
        needed,
        culprits,
        silent,
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
    let clinic = Clinic::open_in(folder.path()).await;
    let (_, grant) = clinic.sealed_and_granted(b"x").await;
    clinic.close().await;
    let none = in_folder(folder.path()).with_passphrase("").start().await;
    assert_eq!(none.map(drop).unwrap_err().code(), "missing_passphrase");
    for wrong in ["x", "Correct horse battery staple"] {
        let start = in_folder(folder.path()).with_passphrase(wrong).start();
        let error = start.await.map(drop).unwrap_err();
        assert_eq!(error.code(), "key_store");
        assert!(
            matches!(error, Error::KeyStore(KeyStoreError::Locked)),
            "{error}"
        );
    }
    let clinic = Clinic::reopen(folder.path()).await;
    clinic.doctor.open(grant).await.unwrap();
    clinic.close().await;
}
