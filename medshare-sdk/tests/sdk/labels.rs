//! Records with more than one label, as other programs may register them: opening, granting, lists and
//! repair go by the first.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{Fixture, MEMBERS, PATIENT, now};
use medshare_contract::Call;
use medshare_contract::state::SealedLabel;
use medshare_curve::encoding::encode_g2;
use medshare_curve::fixed_base::g2_generator_mul;
use medshare_curve::scalar::random_scalar;
use medshare_host::os_random;
use medshare_ledger::{RpcRequest, Transaction};
use medshare_sdk::client::ExchangeError;
use medshare_sdk::keystore::{BoxFuture, Signer};
use medshare_sdk::{
    Consortium, ConsortiumClient, Deadlines, RecordRef, ReplicaId, Timestamp, Window,
};
use medshare_types::Wire as _;

const HOUR_MS: u64 = 3_600_000;

/// The position of a further label, beside the one that was sealed.
#[derive(Clone, Copy)]
enum Further {
    First,
    Last,
}

/// Registers every record with a further label, signed anew. The sealer gets no receipt of it.
struct Relabelling {
    real: Arc<dyn ConsortiumClient>,
    owner: Arc<dyn Signer>,
    further: Further,
    /// Of the whole run: a transaction that is handed in again must stay the same.
    label: Mutex<Option<SealedLabel>>,
    registered: Mutex<Option<RecordRef>>,
}

impl Relabelling {
    /// A label of the same record that is open at any time, with another header and another U.
    fn beside(&self, sealed: &SealedLabel) -> SealedLabel {
        let mut label = self.label.lock().unwrap();
        let label = label.get_or_insert_with(|| {
            let mut further = sealed.clone();
            further.label.floor = Timestamp::from_millis(0);
            further.label.ceiling = Timestamp::MAX;
            let u = g2_generator_mul(&random_scalar(&mut os_random()));
            further.label.u = encode_g2(&u.into());
            further.header = further.label.digest();
            further
        });
        label.clone()
    }

    async fn relabelled(&self, transaction: &Transaction) -> Option<Transaction> {
        let Ok(Call::RegisterRecord(mut call)) = Call::from_wire(&transaction.call) else {
            return None;
        };
        let (id, version) = (call.record, call.version);
        *self.registered.lock().unwrap() = Some(RecordRef { id, version });
        let further = self.beside(&call.labels[0]);
        match self.further {
            Further::First => call.labels.insert(0, further),
            Further::Last => call.labels.push(further),
        }
        let mut altered = transaction.clone();
        altered.call = Call::RegisterRecord(call).to_wire();
        let signature = self.owner.sign(altered.id().digest()).await;
        altered.signature = signature.unwrap();
        Some(altered)
    }
}

impl ConsortiumClient for Relabelling {
    fn exchange(
        &self,
        member: ReplicaId,
        request: Vec<u8>,
    ) -> BoxFuture<'_, Result<Vec<u8>, ExchangeError>> {
        Box::pin(async move {
            if let Ok(RpcRequest::Submit(transaction)) = RpcRequest::from_wire(&request)
                && let Some(altered) = self.relabelled(&transaction).await
            {
                let submit = RpcRequest::Submit(Box::new(altered)).to_wire();
                self.real.exchange(member, submit).await?;
                return Err(ExchangeError::Unreachable { member });
            }
            self.real.exchange(member, request).await
        })
    }
}

/// A record of two labels. The one that was sealed opens from `floor` on, the further one at any time.
async fn with_two_labels(fixture: &Fixture, further: Further, floor: Timestamp) -> RecordRef {
    let mut parts = fixture.consortium.parts();
    let client = Arc::new(Relabelling {
        real: Arc::clone(&parts.client),
        owner: Arc::clone(&parts.organisations[MEMBERS[0]]),
        further,
        label: Mutex::default(),
        registered: Mutex::default(),
    });
    parts.client = client.clone();
    let deadlines = Deadlines::default().with_order(Duration::from_millis(500));
    let consortium = Consortium::connect(parts).unwrap();
    let st_mary = consortium
        .with_deadlines(deadlines)
        .organisation(MEMBERS[0]);
    let st_mary = st_mary.unwrap();
    let patient = st_mary.person(PATIENT).await.unwrap();
    let seal = st_mary.seal(b"an ECG", &fixture.policy).subject(&patient);
    let error = seal.bounds(floor, Timestamp::MAX).await.unwrap_err();
    assert_eq!(error.code(), "timed_out", "{error}");
    let record = client.registered.lock().unwrap().expect("handed in");
    let ordered = async {
        while fixture.consortium.record(record).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(20), ordered);
    in_time.await.expect("it was ordered");
    record
}

fn access_headers(fixture: &Fixture, record: RecordRef) -> [PathBuf; 2] {
    fixture
        .payloads(record)
        .map(|file| file.with_file_name("access"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_opened_and_repaired_by_its_first_label() {
    let fixture = Fixture::open().await;
    let floor = now().minus_millis(HOUR_MS);
    let record = with_two_labels(&fixture, Further::Last, floor).await;
    let listed = fixture.consortium.record(record).await.unwrap();
    assert_eq!(listed.floor, floor);
    let grant = fixture.grant(record).await;
    assert_eq!(fixture.doctor.open(grant).await.unwrap().bytes(), b"an ECG");

    let [first, second] = access_headers(&fixture, record);
    std::fs::write(first, b"altered").unwrap();
    assert!(!fixture.consortium.check(record).await.unwrap().is_intact());
    let repaired = fixture.consortium.repair(record).await.unwrap();
    assert!(repaired.is_intact(), "{repaired:?}");
    std::fs::remove_file(second).unwrap();
    assert_eq!(fixture.doctor.open(grant).await.unwrap().bytes(), b"an ECG");
    fixture.close().await;
}

/// No store has a header of the first label, and the second label's is not taken for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_header_of_another_label_than_the_first_does_not_open() {
    let fixture = Fixture::open().await;
    let floor = Timestamp::from_millis(0);
    let record = with_two_labels(&fixture, Further::First, floor).await;
    let grant = fixture.grant(record).await;
    let error = fixture.doctor.open(grant).await.unwrap_err();
    assert_eq!(error.code(), "object_unavailable", "{error}");
    let checked = fixture.consortium.check(record).await.unwrap();
    assert!(!checked.is_intact(), "{checked:?}");
    fixture.close().await;
}

/// A grant that only a further label covers would never open the record.
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_outside_the_first_labels_bounds_is_not_given() {
    let fixture = Fixture::open().await;
    let opens_at = now().plus_millis(2 * HOUR_MS);
    let record = with_two_labels(&fixture, Further::Last, opens_at).await;
    let hour = Window::lasting(Duration::from_millis(HOUR_MS));
    let grant = fixture.patient.grant(record, &fixture.doctor, hour).await;
    let error = grant.unwrap_err();
    assert_eq!(error.code(), "invalid_times", "{error}");
    let later = Window::days(1);
    let grant = fixture.patient.grant(record, &fixture.doctor, later).await;
    grant.unwrap();
    fixture.close().await;
}
