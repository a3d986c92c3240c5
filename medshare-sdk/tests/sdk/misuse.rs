//! What can never succeed is refused at once, by name, and is not said to be worth another try.

use std::sync::Arc;
use std::time::Duration;

use crate::interposer::{Fate, Interposer};
use crate::support::{CHEAP, DOCTOR, Fixture, MEMBERS, PATIENT, in_folder};
use medshare_ledger::RpcRequest;
use medshare_sdk::keystore::{BoxFuture, KeyStoreError, MemoryKeyStore, Signer};
use medshare_sdk::local::LocalBuilder;
use medshare_sdk::{
    Consortium, Deadlines, Digest, Error, GrantId, Height, Receipt, SigningKey, Window,
};
use medshare_types::{Signature, VerifyingKey};
use tokio::time::timeout;

/// Far below the deadlines that these tests set.
const AT_ONCE: Duration = Duration::from_secs(15);
const LONG: Duration = Duration::from_secs(600);

fn patient_deadlines() -> Deadlines {
    let deadlines = Deadlines::default().with_order(LONG).with_answer(LONG);
    deadlines.with_silence(LONG)
}

/// The same consortium, with another signer of its first member.
fn signing_with(consortium: &Consortium, signer: impl Signer + 'static) -> Consortium {
    let mut parts = consortium.parts();
    let signer: Arc<dyn Signer> = Arc::new(signer);
    parts.organisations.insert(MEMBERS[0].to_owned(), signer);
    let consortium = Consortium::connect(parts).unwrap();
    consortium.with_deadlines(patient_deadlines())
}

async fn enrolled(consortium: &Consortium) -> Error {
    let st_mary = consortium.organisation(MEMBERS[0]).unwrap();
    let enrolled = timeout(AT_ONCE, st_mary.enrol("someone else", &[]));
    let error = enrolled.await.expect("refused at once").unwrap_err();
    assert!(!error.is_retryable(), "{error}");
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn another_signing_key_for_an_organisation() {
    let fixture = Fixture::open().await;
    let wrong = signing_with(&fixture.consortium, SigningKey::from_seed(&[7; 32]));
    let error = enrolled(&wrong).await;
    assert_eq!(error.code(), "unknown_sender", "{error}");
    assert!(error.to_string().contains("another key"), "{error}");
    fixture.st_mary.enrol("someone else", &[]).await.unwrap();
    fixture.close().await;
}

/// Names one key and signs by another, as a device with two slots may.
struct Confused {
    named: VerifyingKey,
    key: SigningKey,
}

impl Signer for Confused {
    fn verifying_key(&self) -> VerifyingKey {
        self.named
    }

    fn sign<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<Signature, KeyStoreError>> {
        Box::pin(async { Ok(self.key.sign(digest)) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signer_that_signs_by_another_key_than_it_names() {
    let fixture = Fixture::open().await;
    let signers = fixture.consortium.parts().organisations;
    let confused = Confused {
        named: signers[MEMBERS[0]].verifying_key(),
        key: SigningKey::from_seed(&[7; 32]),
    };
    let error = enrolled(&signing_with(&fixture.consortium, confused)).await;
    assert_eq!(error.code(), "key_store", "{error}");
    assert!(error.to_string().contains("sign by the key"), "{error}");
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_anchor_and_the_receipts_of_another_consortium() {
    let fixture = Fixture::open().await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    let other = LocalBuilder::new(4).with_passphrase_cost(CHEAP).start();
    let other = other.await.unwrap();
    let mut parts = fixture.consortium.parts();
    parts.anchor = other.parts().anchor;
    let foreign = Consortium::connect(parts).unwrap();
    let foreign = foreign.with_deadlines(patient_deadlines());
    let read = timeout(AT_ONCE, foreign.grant(grant)).await;
    let watched = timeout(AT_ONCE, async {
        foreign.watch_from(Height(0)).next().await
    })
    .await;
    for error in [
        read.expect("refused at once").map(drop).unwrap_err(),
        watched.expect("refused at once").map(drop).unwrap_err(),
    ] {
        assert_eq!(error.code(), "invalid_proof", "{error}");
        assert!(!error.is_retryable());
        let text = "a member's answer is of another consortium";
        assert!(error.to_string().contains(text), "{error}");
    }

    let opened = fixture.doctor.open(grant).await.unwrap();
    let receipt = opened.receipt();
    let error = receipt.verify(&other.trust_anchor()).unwrap_err();
    assert_eq!(error.code(), "invalid_proof");
    let text = error.to_string();
    assert!(
        text.contains("the receipt is of another consortium"),
        "{text}"
    );
    let anchor = fixture.consortium.trust_anchor();
    let mut altered = receipt.to_bytes();
    let mut texts = Vec::new();
    for at in 0..altered.len() {
        altered[at] ^= 1;
        if let Ok(receipt) = Receipt::from_bytes(&altered)
            && let Err(error) = receipt.verify(&anchor)
        {
            texts.push(error.to_string());
        }
        altered[at] ^= 1;
    }
    assert!(
        texts
            .iter()
            .any(|text| text.contains("the receipt does not verify"))
    );
    assert!(
        !texts.iter().any(|text| text.contains("member")),
        "{texts:?}"
    );
    other.shut_down().await.unwrap();
    fixture.close().await;
}

/// As an application does that kept a height which a restored chain does not have.
#[tokio::test(flavor = "multi_thread")]
async fn a_watch_from_above_the_chain() {
    let fixture = Fixture::open().await;
    fixture.seal(b"x").await;
    let brief = Deadlines::default().with_answer(Duration::from_millis(500));
    let consortium = fixture.consortium.with_deadlines(brief.with_silence(LONG));
    let mut watch = consortium.watch_from(Height(0));
    let (height, _) = watch.next().await.unwrap();
    for above in [height.0 + 1_000, u64::MAX - 1, u64::MAX] {
        let mut watch = consortium.watch_from(Height(above));
        let error = timeout(AT_ONCE, watch.next()).await.expect("refused soon");
        let error = error.unwrap_err();
        assert_eq!(error.code(), "unknown_height", "{error}");
        assert!(!error.is_retryable());
        let Error::UnknownHeight { highest, .. } = &error else {
            panic!("{error}");
        };
        assert!(*highest >= height, "{error}");
        for word in [highest.to_string().as_str(), "backup", "forget"] {
            assert!(error.to_string().contains(word), "{error}");
        }
        // From there it is a watch as any other.
        let mut watch = consortium.watch_from(*highest);
        let (sealed, event) = tokio::join!(fixture.seal(b"y"), watch.next());
        let _ = (sealed, event.unwrap());
    }
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_without_time() {
    let fixture = Fixture::open().await;
    let (record, _) = fixture.sealed_and_granted(b"x").await;
    let none = Deadlines::default().with_order(Duration::ZERO);
    assert_eq!(
        none,
        Deadlines::default().with_order(Duration::from_millis(1))
    );
    // Every member is deaf, so that no machine is quick enough.
    let interposer = Interposer::before(&fixture.consortium);
    let patient = interposer.person_with(PATIENT, none).await;
    interposer.set(|_, request| match request {
        RpcRequest::Submit(_) => Fate::Hold,
        _ => Fate::Pass,
    });
    let grant = patient.grant(record, &fixture.doctor, Window::days(1));
    let error = timeout(AT_ONCE, async { grant.await }).await.unwrap();
    let error = error.unwrap_err();
    assert_eq!(error.code(), "timed_out", "{error}");
    interposer.release();
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_this_process_has_open() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let error = in_folder(folder.path()).start().await.map(drop);
    let error = error.unwrap_err();
    assert_eq!(error.code(), "folder_in_use");
    for word in ["this process", "shut_down", "drop every handle"] {
        assert!(error.to_string().contains(word), "{error}");
    }
    fixture.close().await;
}

/// No transaction tells what the caller could have been told.
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_without_uses() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"x").await;
    let interposer = Interposer::before(&fixture.consortium);
    let patient = interposer.person_with(PATIENT, Deadlines::default()).await;
    let doctor = interposer.person_with(DOCTOR, Deadlines::default()).await;
    interposer.set(|_, _| Fate::Cut);
    let grant = patient.grant(record, &doctor, Window::days(1)).uses(0);
    let error = grant.await.unwrap_err();
    assert_eq!(error.code(), "invalid", "{error}");
    assert!(error.to_string().contains("one use at least"), "{error}");
    interposer.release();
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_name_what_there_is() {
    let fixture = Fixture::open().await;
    let consortium = &fixture.consortium;
    let people = Arc::new(MemoryKeyStore::new());
    let mut parts = consortium.application(MEMBERS[0], people).unwrap().parts();
    parts.stores.remove(MEMBERS[0]);
    let own = Consortium::connect(parts).unwrap();
    let st_mary = own.organisation(MEMBERS[0]).unwrap();
    for (error, words) in [
        (
            consortium.organisation("nope").unwrap_err(),
            ["nope", "members are", "st-mary, charite"],
        ),
        (
            own.organisation(MEMBERS[1]).unwrap_err(),
            ["charite", "no signer", "[st-mary]"],
        ),
        (
            st_mary.prepare_store().await.unwrap_err(),
            ["st-mary", "no store", "charite"],
        ),
    ] {
        assert_eq!(error.code(), "unknown_organisation");
        for word in words {
            assert!(error.to_string().contains(word), "{error}");
        }
    }
    let record = fixture.seal(b"x").await;
    let stranger = SigningKey::from_seed(&[7; 32]).verifying_key();
    let stranger = medshare_sdk::PersonId::of_key(&stranger);
    let none = GrantId::from_digest(Digest::from_bytes([0xab; 32]));
    let grant = fixture.patient.grant(record, stranger, Window::days(1));
    for (error, word) in [
        (grant.await.unwrap_err(), "enrol the grantee first"),
        (
            fixture.patient.revoke(none).await.unwrap_err(),
            "grant of this identifier",
        ),
        (
            fixture
                .doctor
                .grant(record, &fixture.patient, Window::days(1))
                .await
                .unwrap_err(),
            "a record's subject grants",
        ),
    ] {
        assert!(error.to_string().contains(word), "{error}");
    }
    let error = "2027-01-31+01:00".parse::<Window>().unwrap_err();
    assert!(error.to_string().contains("has no slash"), "{error}");
    fixture.close().await;
}
