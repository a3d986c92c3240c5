//! Sealing again under an idempotency key: the same seal returns its record, another is a conflict.

use std::future::IntoFuture as _;
use std::io::Cursor;

use crate::support::{Fixture, bytes, files_under};
use medshare_sdk::{AccessPolicy, Content, Person, Result, SealedRecord};

const KEY: &str = "visit 17";

async fn seal(
    fixture: &Fixture,
    content: impl Into<Content>,
    policy: &AccessPolicy,
    subject: &Person,
) -> Result<SealedRecord> {
    let seal = fixture.st_mary.seal(content, policy).subject(subject);
    seal.idempotency_key(KEY).await
}

/// The seal is refused, and the text names what differs from the first.
fn assert_conflict(sealed: Result<SealedRecord>, differs: &str) {
    let error = sealed.unwrap_err();
    assert_eq!(error.code(), "idempotency_conflict", "{error}");
    assert!(!error.is_retryable());
    let text = error.to_string();
    assert!(text.contains(differs) && text.contains("new key"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_reused_for_something_else_is_a_conflict() {
    let folder = tempfile::tempdir().unwrap();
    let mut fixture = Fixture::open_in(folder.path()).await;
    let content = bytes(200_000, 3);
    let stricter: AccessPolicy = "role:medic and ward:icu".parse().unwrap();
    let medic = fixture.policy.clone();
    let record = seal(&fixture, content.clone(), &medic, &fixture.patient);
    let record = record.await.unwrap();
    let stored = files_under(&folder.path().join("members"));
    for _ in 0..2 {
        let patient = &fixture.patient;
        let same = Content::reader(Cursor::new(content.clone()));
        assert_eq!(seal(&fixture, same, &medic, patient).await.unwrap(), record);
        let again = seal(&fixture, content.clone(), &stricter, patient).await;
        assert_conflict(again, "policy");
        let again = seal(&fixture, content.clone(), &medic, &fixture.doctor).await;
        assert_conflict(again, "subject");
        let mut altered = content.clone();
        altered[199_999] ^= 1;
        for other in [&altered[..], &content[..65_536], b""] {
            let again = seal(&fixture, other, &medic, patient).await;
            assert_conflict(again, "content");
        }
        fixture.close().await;
        fixture = Fixture::reopen(folder.path()).await;
    }
    let left = files_under(&folder.path().join("members"));
    let objects = |files: &[std::path::PathBuf]| {
        let files = files
            .iter()
            .filter(|file| file.to_string_lossy().contains("objects"));
        files.count()
    };
    assert_eq!(
        objects(&left),
        objects(&stored),
        "a conflict stores nothing"
    );
    let grant = fixture.grant(record).await;
    assert!(fixture.doctor.open(grant).await.unwrap().bytes() == content);
    fixture.close().await;
}

/// Of two attempts under one key at the same time one becomes the record. The other returns it if
/// it seals the same, and is a conflict otherwise; neither harms the other.
#[tokio::test(flavor = "multi_thread")]
async fn two_attempts_at_once() {
    let fixture = Fixture::open().await;
    for n in 0..6 {
        let seal = |content: &'static [u8]| {
            let seal = fixture.st_mary.seal(content, &fixture.policy);
            let seal = seal.subject(&fixture.patient);
            seal.idempotency_key(format!("visit {n}")).into_future()
        };
        let (one, other, same) = tokio::join!(seal(b"one"), seal(b"other"), seal(b"one"));
        let (record, content) = match other {
            Ok(record) => {
                assert_conflict(one, "content");
                assert_conflict(same, "content");
                (record, &b"other"[..])
            }
            other => {
                assert_conflict(other, "content");
                let record = one.unwrap();
                assert_eq!(same.unwrap(), record);
                (record, &b"one"[..])
            }
        };
        let grant = fixture.grant(record).await;
        let opened = fixture.doctor.open(grant).await.unwrap();
        assert_eq!(opened.bytes(), content);
        let payloads = fixture.payloads(record);
        assert_eq!(payloads.len(), 2, "the objects of the others are gone");
    }
    fixture.close().await;
}

/// A store can withhold the fingerprints of the first seal, not change them.
#[tokio::test(flavor = "multi_thread")]
async fn altered_fingerprints_are_no_conflict() {
    let fixture = Fixture::open().await;
    let again = || seal(&fixture, b"x", &fixture.policy, &fixture.patient);
    let record = again().await.unwrap();
    for payload in fixture.payloads(record) {
        let file = payload.with_file_name("fingerprints");
        let mut altered = std::fs::read(&file).unwrap();
        *altered.last_mut().unwrap() ^= 1;
        std::fs::write(file, altered).unwrap();
    }
    let error = again().await.unwrap_err();
    assert_eq!(error.code(), "object_unavailable", "{error}");
    fixture.close().await;
}
