//! Absence is not believed by the word of one member: a member that is behind hides nothing.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::{CHEAP, Fixture, MEMBERS, PASSPHRASE, PATIENT, in_folder};
use medshare_abe::MasterSecretKey;
use medshare_sdk::client::{ExchangeError, RpcRequest};
use medshare_sdk::issuer::AttributeAuthority;
use medshare_sdk::keystore::{BoxFuture, KeyStore as _, PassphraseKeyStore};
use medshare_sdk::local::Presence;
use medshare_sdk::{Consortium, ConsortiumClient, Deadlines, GrantId, Person, RecordRef, Window};
use medshare_types::{Digest, ReplicaId, TransactionId, Wire as _};
use tokio::time::timeout;

/// Behind while [`Presence::Isolated`].
const LATE: &str = MEMBERS[1];

fn set_presence(fixture: &Fixture, member: &str, presence: Presence) {
    fixture.consortium.set_presence(member, presence).unwrap();
}

/// Another application in the same consortium, to which no state was proven yet.
fn another_application(fixture: &Fixture) -> Consortium {
    Consortium::connect(fixture.consortium.parts()).unwrap()
}

/// A doctor whom the late member has enrolled.
async fn doctor_of_late(fixture: &Fixture) -> Person {
    let late = fixture.consortium.organisation(LATE).unwrap();
    late.enrol("Dr Late", &["role:medic"]).await.unwrap()
}

/// The doctor of [`doctor_of_late`], in another application.
async fn found_by(consortium: &Consortium) -> Person {
    let late = consortium.organisation(LATE).unwrap();
    late.person("Dr Late").await.unwrap()
}

/// A record sealed, and granted to [`doctor_of_late`], while their member was isolated.
async fn granted_behind_late(fixture: &Fixture) -> (RecordRef, GrantId) {
    let doctor = doctor_of_late(fixture).await;
    set_presence(fixture, LATE, Presence::Isolated);
    let record = fixture.seal(b"newer").await;
    let grant = fixture.patient.grant(record, &doctor, Window::days(1));
    (record, grant.await.unwrap())
}

fn unknown_grant() -> GrantId {
    GrantId::of_transaction(&TransactionId::from_digest(Digest::ZERO))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_member_that_is_behind_hides_no_grant_and_no_record() {
    let fixture = Fixture::open().await;
    let (record, grant) = granted_behind_late(&fixture).await;

    let doctor = found_by(&another_application(&fixture)).await;
    doctor.describe(record).await.unwrap();
    let doctor = found_by(&another_application(&fixture)).await;
    assert_eq!(doctor.open(grant).await.unwrap().bytes(), b"newer");

    // What no member has is still a final no.
    let error = doctor.open(unknown_grant()).await.unwrap_err();
    assert_eq!(error.code(), "unknown_grant");
    assert!(!error.is_retryable());
    fixture.close().await;
}

/// Two of four members are the fewest of which one neither lags nor lies.
#[tokio::test(flavor = "multi_thread")]
async fn absence_needs_more_members_than_may_be_faulty() {
    let fixture = Fixture::open().await;
    doctor_of_late(&fixture).await;
    let deadlines = Deadlines::default().with_answer(Duration::from_millis(500));
    let code = async || {
        let consortium = another_application(&fixture).with_deadlines(deadlines);
        let doctor = found_by(&consortium).await;
        let error = doctor.open(unknown_grant()).await.unwrap_err();
        (error.code(), error.is_retryable())
    };
    set_presence(&fixture, MEMBERS[2], Presence::Silent);
    set_presence(&fixture, MEMBERS[3], Presence::Silent);
    assert_eq!(code().await, ("unknown_grant", false));
    set_presence(&fixture, MEMBERS[0], Presence::Silent);
    assert_eq!(code().await, ("busy", true));
    set_presence(&fixture, LATE, Presence::Silent);
    assert_eq!(code().await, ("unreachable", true));
    fixture.close().await;
}

/// The first member proves only what the late one knows; the others cannot be reached at times.
struct TwoBehind {
    real: Arc<dyn ConsortiumClient>,
    cut: Arc<AtomicBool>,
}

impl ConsortiumClient for TwoBehind {
    fn exchange(
        &self,
        member: ReplicaId,
        request: Vec<u8>,
    ) -> BoxFuture<'_, Result<Vec<u8>, ExchangeError>> {
        if member.0 > 1 && self.cut.load(Ordering::Relaxed) {
            let cut = Err(ExchangeError::NoConnection { member });
            return Box::pin(std::future::ready(cut));
        }
        let is_read = matches!(RpcRequest::from_wire(&request), Ok(RpcRequest::State(_)));
        let replaced = if is_read { member.0.max(1) } else { member.0 };
        self.real.exchange(ReplicaId(replaced), request)
    }
}

/// One member is behind and one lies: the others are asked before absence is final, also where they
/// lately did not answer.
#[tokio::test(flavor = "multi_thread")]
async fn absence_waits_for_members_that_lately_hung() {
    let fixture = Fixture::open().await;
    let (_, grant) = granted_behind_late(&fixture).await;

    let cut = Arc::new(AtomicBool::new(true));
    let mut parts = fixture.consortium.parts();
    parts.client = Arc::new(TwoBehind {
        real: Arc::clone(&parts.client),
        cut: Arc::clone(&cut),
    });
    let doctor = found_by(&Consortium::connect(parts).unwrap()).await;
    let error = doctor.open(unknown_grant()).await.unwrap_err();
    assert_eq!(error.code(), "unknown_grant");
    cut.store(false, Ordering::Relaxed);
    assert_eq!(doctor.open(grant).await.unwrap().bytes(), b"newer");
    fixture.close().await;
}

/// The key store is that of another consortium: no member has ever heard of the person, which is a
/// final no and not a member that is behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_sender_whom_no_member_knows_is_told_so_at_once() {
    let (fixture, other) = tokio::join!(Fixture::open(), Fixture::open());
    let mut parts = fixture.consortium.parts();
    parts.people = other.consortium.parts().people;
    let consortium = Consortium::connect(parts).unwrap();
    let st_mary = consortium.organisation(MEMBERS[0]).unwrap();
    let stranger = st_mary.person(PATIENT).await.unwrap();
    let revoked = timeout(Duration::from_secs(10), stranger.revoke(unknown_grant()));
    let error = revoked.await.expect("at once").unwrap_err();
    assert_eq!(error.code(), "unknown_sender");
    assert!(!error.is_retryable());
    fixture.close().await;
    other.close().await;
}

/// The first member is asked, and the late one answers.
struct LateFirst(Arc<dyn ConsortiumClient>);

impl ConsortiumClient for LateFirst {
    fn exchange(
        &self,
        member: ReplicaId,
        request: Vec<u8>,
    ) -> BoxFuture<'_, Result<Vec<u8>, ExchangeError>> {
        self.0.exchange(ReplicaId(member.0.max(1)), request)
    }
}

/// The authority asks a member that has not executed the enrolment yet: the answer was that the
/// person is unknown.
#[tokio::test(flavor = "multi_thread")]
async fn an_authority_whose_member_is_behind_knows_the_newly_enrolled() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::found(in_folder(folder.path())).await;
    let mut parts = fixture.consortium.parts();
    let authority = AttributeAuthority::new(
        &fixture.consortium.trust_anchor(),
        Arc::new(LateFirst(Arc::clone(&parts.client))),
        master_in(folder.path()).await,
    );
    parts.issuer = Arc::new(authority.unwrap());
    let consortium = Consortium::connect(parts).unwrap();
    set_presence(&fixture, LATE, Presence::Isolated);
    let st_mary = consortium.organisation(MEMBERS[0]).unwrap();
    st_mary.enrol("Dr New", &["role:medic"]).await.unwrap();
    fixture.close().await;
}

async fn master_in(folder: &Path) -> MasterSecretKey {
    let keys = folder.join("authority/keys");
    let keys = PassphraseKeyStore::open(keys, PASSPHRASE, CHEAP).await;
    let bytes = keys.unwrap().load("authority/master-key").await.unwrap();
    MasterSecretKey::from_bytes(&bytes.unwrap()).unwrap()
}
