//! Members and networks that hang, lag, replay and lie to a client, one at a time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use medshare_ledger::{RpcRequest, RpcResponse};
use medshare_sdk::client::ExchangeError;
use medshare_sdk::issuer::{KeyRequest, RecipientKey, voucher};
use medshare_sdk::keystore::{BoxFuture, Signer};
use medshare_sdk::{AccessPolicy, Consortium, ConsortiumClient, Event, Window};
use medshare_types::{PersonId, ReplicaId, SigningKey, Timestamp, Wire as _};

/// The first member's treatment of a client's requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Hang,
    Garbage,
    Pending,
    /// Repeats its first answer about a state value.
    Replay,
}

struct Faulty {
    real: Arc<dyn ConsortiumClient>,
    fault: Fault,
    first: Mutex<BTreeMap<Vec<u8>, Vec<u8>>>,
}

impl ConsortiumClient for Faulty {
    fn exchange(
        &self,
        member: ReplicaId,
        request: Vec<u8>,
    ) -> BoxFuture<'_, Result<Vec<u8>, ExchangeError>> {
        Box::pin(async move {
            if member != ReplicaId(0) {
                return self.real.exchange(member, request).await;
            }
            match self.fault {
                Fault::Hang => std::future::pending().await,
                Fault::Garbage => Ok(b"garbage".to_vec()),
                Fault::Pending => Ok(RpcResponse::Pending.to_wire()),
                Fault::Replay => {
                    let answer = self.real.exchange(member, request.clone()).await?;
                    let is_state =
                        matches!(RpcRequest::from_wire(&request), Ok(RpcRequest::State(_)));
                    let mut first = self.first.lock().unwrap();
                    Ok(if is_state {
                        first.entry(request).or_insert(answer).clone()
                    } else {
                        answer
                    })
                }
            }
        })
    }
}

/// Another client of the same consortium, whose first member is faulty.
fn through(consortium: &Consortium, fault: Fault) -> Consortium {
    let mut parts = consortium.parts();
    parts.client = Arc::new(Faulty {
        real: parts.client,
        fault,
        first: Mutex::new(BTreeMap::new()),
    });
    Consortium::connect(parts).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_member_that_hangs_or_lies_stops_nothing() {
    let consortium = Consortium::in_process(4).await.unwrap();
    for fault in [Fault::Hang, Fault::Garbage, Fault::Pending, Fault::Replay] {
        let client = through(&consortium, fault);
        let st_mary = client.organisation("st-mary").unwrap();
        let patient = st_mary
            .enrol(&format!("patient {fault:?}"), &[])
            .await
            .unwrap();
        let doctor = st_mary
            .enrol(&format!("dr {fault:?}"), &["role:nurse"])
            .await
            .unwrap();
        let policy: AccessPolicy = "role:nurse".parse().unwrap();
        let record = st_mary
            .seal(b"notes", &policy)
            .subject(&patient)
            .await
            .unwrap();
        let grant = patient
            .grant(record, &doctor, Window::days(1))
            .await
            .unwrap();
        assert_eq!(
            doctor.open(grant).await.unwrap().bytes(),
            b"notes",
            "{fault:?}"
        );
    }
    consortium.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn events_arrive_past_a_first_member_that_withholds_them() {
    let consortium = Consortium::in_process(4).await.unwrap();
    for fault in [Fault::Garbage, Fault::Pending] {
        let mut events = through(&consortium, fault).watch().await.unwrap();
        let st_mary = consortium.organisation("st-mary").unwrap();
        let patient = st_mary
            .enrol(&format!("patient {fault:?}"), &[])
            .await
            .unwrap();
        let next = tokio::time::timeout(Duration::from_secs(20), events.next());
        let (_, event) = next.await.expect("in time").unwrap();
        assert!(matches!(event, Event::PersonEnrolled { person, .. } if person == *patient.id()));
    }
    consortium.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_proof_of_absence_sweeps_no_live_object() {
    let consortium = Consortium::in_process(4).await.unwrap();
    let stale = through(&consortium, Fault::Replay);
    let st_mary = consortium.organisation("st-mary").unwrap();
    let patient = st_mary.enrol("patient", &[]).await.unwrap();
    let doctor = st_mary.enrol("doctor", &["role:nurse"]).await.unwrap();
    let policy: AccessPolicy = "role:nurse".parse().unwrap();

    // The client asks for a record that does not exist yet, and is shown that answer ever after.
    let key = "the same every time";
    let sealing = || {
        st_mary
            .seal(b"notes", &policy)
            .subject(&patient)
            .idempotency_key(key)
    };
    let stale_st_mary = stale.organisation("st-mary").unwrap();
    let orphan = stale_st_mary
        .seal(vec![7; 3_000_000], &policy)
        .subject(&patient);
    let _ = tokio::time::timeout(Duration::from_millis(1), orphan).await;
    let record = sealing().await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let swept = stale_st_mary.sweep_orphans(Duration::ZERO).await.unwrap();
    let grant = patient
        .grant(record, &doctor, Window::days(1))
        .await
        .unwrap();
    assert_eq!(
        doctor.open(grant).await.unwrap().bytes(),
        b"notes",
        "swept {swept}"
    );
    let again = stale_st_mary.sweep_orphans(Duration::ZERO).await.unwrap();
    assert_eq!(
        doctor.open(grant).await.unwrap().bytes(),
        b"notes",
        "swept {again}"
    );
    assert_eq!(sealing().await.unwrap(), record);
    consortium.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn orphans_are_removed_once_a_later_block_proves_that_no_record_names_them() {
    let consortium = Consortium::in_process(4).await.unwrap();
    let st_mary = consortium.organisation("st-mary").unwrap();
    let patient = st_mary.enrol("patient", &[]).await.unwrap();
    let policy: AccessPolicy = "role:nurse".parse().unwrap();
    let record = st_mary
        .seal(b"kept", &policy)
        .subject(&patient)
        .await
        .unwrap();
    let files = consortium.payload_files(record);

    // An interrupted seal leaves objects under a name that no record has.
    let own = files
        .iter()
        .find(|file| file.to_string_lossy().contains("st-mary"))
        .unwrap();
    let kept = own.parent().unwrap();
    let orphan = kept.with_file_name("ab".repeat(32));
    std::fs::create_dir(&orphan).unwrap();
    std::fs::copy(own, orphan.join("payload")).unwrap();

    let sweep = || st_mary.sweep_orphans(Duration::from_millis(20));
    assert_eq!(sweep().await.unwrap(), 0, "no later block yet");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(
        sweep().await.unwrap(),
        0,
        "old enough, but no later block yet"
    );
    st_mary.enrol("visitor", &[]).await.unwrap();
    assert_eq!(sweep().await.unwrap(), 1);
    assert!(!orphan.join("payload").exists());
    assert!(files.iter().all(|file| file.exists()));
    consortium.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_request_is_answered_once_and_only_as_it_was_signed() {
    let consortium = Consortium::in_process(4).await.unwrap();
    let parts = consortium.parts();
    let st_mary = consortium.organisation("st-mary").unwrap();
    st_mary.enrol("doctor", &["role:nurse"]).await.unwrap();
    st_mary.enrol("nurse", &["role:nurse"]).await.unwrap();
    let key_of = async |entry| {
        let seed = parts.people.load(entry).await.unwrap().unwrap();
        SigningKey::from_seed(seed.as_slice().try_into().unwrap())
    };
    let key = key_of("person/7:st-mary/6:doctor/signing-key").await;
    let nurse = key_of("person/7:st-mary/5:nurse/signing-key").await;

    let authority = authority_of(&consortium);
    let make_for = |key: &SigningKey, nonce: u8, at: Timestamp| {
        let signature = medshare_types::Signature::from_bytes([0; 64]);
        let mut request = KeyRequest {
            person: PersonId::of_key(&Signer::verifying_key(key)),
            record: None,
            recipient: RecipientKey([9; 32]),
            nonce: [nonce; 32],
            at,
            signature,
        };
        let chain = consortium.trust_anchor().chain();
        request.signature = key.sign(&request.statement(&chain, &authority));
        request
    };
    let make = |nonce, at| make_for(&key, nonce, at);
    let now = Timestamp::from_millis(
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_millis()
            .try_into()
            .unwrap(),
    );
    let request = make(1, now);
    parts.issuer.issue(&request).await.unwrap();
    assert!(parts.issuer.issue(&request).await.is_err(), "replayed");
    // Another person's request may reuse the nonce, and forgetting that request, which is old, does
    // not forget this one.
    let old = now.minus_millis(59_000);
    let copied = make_for(&nurse, 1, old);
    parts.issuer.issue(&copied).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(parts.issuer.issue(&copied).await.is_err(), "too old");
    assert!(parts.issuer.issue(&request).await.is_err(), "replayed");
    let mut nonce = make(2, now);
    nonce.nonce = [3; 32];
    let mut recipient = make(7, now);
    recipient.recipient = RecipientKey([10; 32]);
    for (request, fault) in [
        (nonce, "another nonce than signed"),
        (recipient, "another recipient than signed"),
        (make(4, now.minus_millis(120_000)), "old"),
        (make(5, now.plus_millis(120_000)), "early"),
    ] {
        assert!(parts.issuer.issue(&request).await.is_err(), "{fault}");
    }
    parts.issuer.issue(&make(6, now)).await.unwrap();
    consortium.shut_down().await.unwrap();
}

fn authority_of(consortium: &Consortium) -> medshare_types::Digest {
    let parameters = &consortium
        .trust_anchor()
        .genesis()
        .authority
        .parameters
        .clone();
    medshare_abe::PublicParameters::from_bytes(parameters)
        .unwrap()
        .digest()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_can_name_the_voucher_it_accepts() {
    let consortium = Consortium::in_process(4).await.unwrap();
    let st_mary = consortium.organisation("st-mary").unwrap();
    let charite = consortium.organisation("charite").unwrap();
    let patient = st_mary.enrol("patient", &[]).await.unwrap();
    let ours = st_mary.enrol("ours", &["role:nurse"]).await.unwrap();
    // Any organisation can vouch for any attribute, under its own name.
    let theirs = charite
        .enrol("theirs", &["role:nurse", "hospital:st-mary"])
        .await
        .unwrap();
    let policy = format!("role:nurse and {}", voucher("st-mary"))
        .parse()
        .unwrap();
    let record = st_mary
        .seal(b"notes", &policy)
        .subject(&patient)
        .await
        .unwrap();
    let window = Window::days(1);
    let grant = patient.grant(record, &ours, window).await.unwrap();
    assert_eq!(ours.open(grant).await.unwrap().bytes(), b"notes");
    let grant = patient.grant(record, &theirs, window).await.unwrap();
    assert_eq!(
        theirs.open(grant).await.unwrap_err().code(),
        "policy_unsatisfied"
    );
    assert_eq!(
        theirs.describe(record).await.unwrap_err().code(),
        "policy_unsatisfied"
    );
    let forged = charite.enrol("forged", &[&voucher("st-mary")]).await;
    assert_eq!(forged.unwrap_err().code(), "invalid_attribute");
    consortium.shut_down().await.unwrap();
}
