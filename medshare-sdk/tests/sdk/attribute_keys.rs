//! Attribute issuance: refusals, sealed answers, bad answers, old issuance, and a wrong clock.

use std::collections::BTreeSet;
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::support::{CHEAP, DOCTOR, Fixture, MEMBERS, PASSPHRASE, PATIENT, in_folder, now};
use medshare_abe::{Date, MasterSecretKey, PublicParameters, UserSecretKey, Validity};
use medshare_host::os_random;
use medshare_sdk::issuer::{
    AttributeAuthority, AttributeIssuer, DEFAULT_KEY_LIFETIME_DAYS, KeyRequest, RecipientKey,
    RecipientKeyPair, SealedKey, voucher,
};
use medshare_sdk::keystore::{BoxFuture, KeyStore as _, PassphraseKeyStore, Signer};
use medshare_sdk::local::LocalBuilder;
use medshare_sdk::{Consortium, Error, GrantId, Organisation, PersonId, Result, Window};
use medshare_types::{Digest, Signature, SigningKey, Timestamp};

const DAY_MS: u64 = 86_400_000;

fn day_of(time: Timestamp) -> u16 {
    u16::try_from(time.as_millis() / DAY_MS).unwrap()
}

/// A [`Fixture`], and the secrets of its attribute authority.
struct IssuanceFixture {
    fixture: Fixture,
    authority: Authority,
    _folder: tempfile::TempDir,
}

#[derive(Clone)]
struct Authority {
    master: Arc<MasterSecretKey>,
    parameters: Arc<PublicParameters>,
    chain: medshare_sdk::ChainId,
}

impl IssuanceFixture {
    async fn new() -> Self {
        Self::start(in_folder).await
    }

    async fn start(issuance: impl FnOnce(&Path) -> LocalBuilder) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fixture = Fixture::found(issuance(folder.path())).await;
        let anchor = fixture.consortium.trust_anchor();
        let parameters = &anchor.genesis().authority.parameters;
        let authority = Authority {
            master: Arc::new(master_in(folder.path()).await),
            parameters: Arc::new(PublicParameters::from_bytes(parameters).unwrap()),
            chain: anchor.chain(),
        };
        Self {
            fixture,
            authority,
            _folder: folder,
        }
    }

    /// The first member, through an application with another issuer.
    fn st_mary_with(&self, issuer: impl AttributeIssuer + 'static) -> Organisation {
        let mut parts = self.fixture.consortium.parts();
        parts.issuer = Arc::new(issuer);
        let consortium = Consortium::connect(parts).unwrap();
        consortium.organisation(MEMBERS[0]).unwrap()
    }

    async fn stored(&self, person: &str) -> Vec<u8> {
        let people = self.fixture.consortium.parts().people;
        let stored = people.load(&entry(person, "attribute-key")).await.unwrap();
        stored.unwrap().to_vec()
    }

    async fn store(&self, person: &str, key: &[u8]) {
        let people = self.fixture.consortium.parts().people;
        let entry = entry(person, "attribute-key");
        people.store(&entry, key).await.unwrap();
    }

    async fn signing_key(&self, person: &str) -> SigningKey {
        let people = self.fixture.consortium.parts().people;
        let seed = people.load(&entry(person, "signing-key")).await.unwrap();
        SigningKey::from_seed(seed.unwrap().as_slice().try_into().unwrap())
    }

    async fn once(&self) -> GrantId {
        let record = self.fixture.seal(b"an ECG").await;
        let Fixture {
            patient, doctor, ..
        } = &self.fixture;
        let grant = patient.grant(record, doctor, Window::days(1)).uses(1);
        grant.await.unwrap()
    }
}

impl Authority {
    fn key(&self, attributes: &str, validity: Validity) -> UserSecretKey {
        let attributes = attributes.parse().unwrap();
        let issued = self
            .master
            .issue(&self.parameters, &attributes, validity, &mut os_random());
        issued.unwrap()
    }

    /// Seals any key as the real authority does.
    fn seal(&self, key: &UserSecretKey, request: &KeyRequest) -> SealedKey {
        let statement = request.statement(&self.chain, &self.parameters.digest());
        let sealed = key.seal_to(&request.recipient, &statement, &mut os_random());
        sealed.unwrap()
    }

    fn statement(&self, request: &KeyRequest) -> Digest {
        request.statement(&self.chain, &self.parameters.digest())
    }
}

fn entry(person: &str, kind: &str) -> String {
    let home = MEMBERS[0];
    format!(
        "person/{}:{home}/{}:{person}/{kind}",
        home.len(),
        person.len()
    )
}

async fn master_in(folder: &Path) -> MasterSecretKey {
    let folder = folder.join("authority").join("keys");
    let store = PassphraseKeyStore::open(folder, PASSPHRASE, CHEAP);
    let bytes = store.await.unwrap().load("authority/master-key").await;
    MasterSecretKey::from_bytes(&bytes.unwrap().unwrap()).unwrap()
}

/// The attributes of a doctor's key.
fn medic() -> String {
    format!("role:medic, {}", voucher(MEMBERS[0]))
}

fn lapsed() -> Validity {
    Validity::until(Date::from_days(day_of(now()))).unwrap()
}

/// An issuer that answers by a closure.
struct Answering<F>(F);

impl<F: Fn(&KeyRequest) -> Result<SealedKey> + Send + Sync> AttributeIssuer for Answering<F> {
    fn issue<'a>(&'a self, request: &'a KeyRequest) -> BoxFuture<'a, Result<SealedKey>> {
        Box::pin(std::future::ready((self.0)(request)))
    }
}

/// Forwards requests to the real issuer and keeps a copy; puts in its own recipient, if it has one.
struct Carrier {
    real: Arc<dyn AttributeIssuer>,
    recipient: Option<RecipientKey>,
    carried: Arc<Mutex<Vec<(KeyRequest, SealedKey)>>>,
}

impl AttributeIssuer for Carrier {
    fn issue<'a>(&'a self, request: &'a KeyRequest) -> BoxFuture<'a, Result<SealedKey>> {
        Box::pin(async move {
            let mut request = request.clone();
            request.recipient = self.recipient.unwrap_or(request.recipient);
            let sealed = self.real.issue(&request).await?;
            let mut carried = self.carried.lock().unwrap();
            carried.push((request, sealed.clone()));
            Ok(sealed)
        })
    }
}

/// Refusal is the authority's own way to stop while the chain cannot end an enrolment.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_person_reads_nothing_sealed_after_the_key_lapsed() {
    let refused = Arc::new(Mutex::new(BTreeSet::<PersonId>::new()));
    let list = Arc::clone(&refused);
    let refuses = move |person: &PersonId| list.lock().unwrap().contains(person);
    let issuance = IssuanceFixture::start(|folder| {
        let a_day = in_folder(folder).with_key_lifetime(NonZeroU16::MIN);
        a_day.with_refusal(refuses)
    })
    .await;
    let fixture = &issuance.fixture;
    let doctor = &fixture.doctor;
    let colleague = fixture.st_mary.enrol("a colleague", &["role:medic"]).await;
    let colleague = colleague.unwrap();

    // The existing key stays good for its days.
    refused.lock().unwrap().insert(*doctor.id());
    let today = issuance.once().await;
    assert_eq!(doctor.open(today).await.unwrap().bytes(), b"an ECG");

    // As on the day after that of its issue.
    let old = issuance.authority.key(&medic(), lapsed()).to_bytes();
    issuance.store(DOCTOR, &old).await;
    let record = fixture.seal(b"an ECG").await;
    let grant = fixture.patient.grant(record, doctor, Window::days(1));
    let grant = grant.uses(1).await.unwrap();
    let error = doctor.open(grant).await.unwrap_err();
    assert!(matches!(error, Error::IssuanceRefused), "{error}");
    assert_eq!(error.code(), "issuance_refused");
    let error = doctor.describe(record).await.unwrap_err();
    assert_eq!(error.code(), "issuance_refused");
    assert!(issuance.stored(DOCTOR).await == old.as_slice());
    // Nor does enrolling again help.
    issuance.store(DOCTOR, b"lost").await;
    let again = fixture.st_mary.enrol(DOCTOR, &["role:medic"]).await;
    assert_eq!(again.unwrap_err().code(), "issuance_refused");
    colleague.describe(record).await.unwrap();

    refused.lock().unwrap().clear();
    assert_eq!(doctor.open(grant).await.unwrap().bytes(), b"an ECG");
    issuance.fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_answer_locks_no_person_out() {
    let issuance = IssuanceFixture::new().await;
    let Authority {
        parameters: theirs, ..
    } = &issuance.authority;
    let (parameters, master) = MasterSecretKey::setup(&mut os_random());
    let foreign = Authority {
        master: Arc::new(master),
        parameters: Arc::new(parameters),
        chain: issuance.authority.chain,
    };
    let ours = issuance.authority.clone();
    let digest = theirs.digest();
    let sealed_to_another = move |request: &KeyRequest| {
        let pair = RecipientKeyPair::random(&mut os_random());
        let statement = request.statement(&ours.chain, &digest);
        let key = ours.key(&medic(), Validity::ALWAYS);
        Ok(key
            .seal_to(&pair.public(), &statement, &mut os_random())
            .unwrap())
    };
    let ours = issuance.authority.clone();
    let of_another_authority = move |request: &KeyRequest| {
        Ok(ours.seal(&foreign.key(&medic(), Validity::ALWAYS), request))
    };
    let ours = issuance.authority.clone();
    let of_less = move |request: &KeyRequest| {
        Ok(ours.seal(&ours.key("role:medic", Validity::ALWAYS), request))
    };
    for st_mary in [
        issuance.st_mary_with(Answering(sealed_to_another)),
        issuance.st_mary_with(Answering(of_another_authority)),
        issuance.st_mary_with(Answering(of_less)),
    ] {
        let error = st_mary.enrol("newcomer", &["role:medic"]).await;
        assert_eq!(error.unwrap_err().code(), "bad_attribute_key");
    }
    let fixture = &issuance.fixture;
    let newcomer = fixture.st_mary.enrol("newcomer", &["role:medic"]).await;
    let record = fixture.seal(b"an ECG").await;
    newcomer.unwrap().describe(record).await.unwrap();
    issuance.fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_key_that_cannot_be_read_is_renewed() {
    let issuance = IssuanceFixture::new().await;
    let fixture = &issuance.fixture;
    let (_, grant) = fixture.sealed_and_granted(b"an ECG").await;
    for broken in [
        b"".as_slice(),
        b"no key",
        &issuance.stored(DOCTOR).await[1..],
    ] {
        issuance.store(DOCTOR, broken).await;
        assert_eq!(fixture.doctor.open(grant).await.unwrap().bytes(), b"an ECG");
        assert!(issuance.stored(DOCTOR).await != broken);
    }
    issuance.store(DOCTOR, b"no key").await;
    let again = fixture.st_mary.enrol(DOCTOR, &["role:medic"]).await;
    again.unwrap().open(grant).await.unwrap();
    assert!(issuance.stored(DOCTOR).await != b"no key");
    let again = fixture.st_mary.enrol(DOCTOR, &["role:medic"]).await;
    assert_eq!(again.unwrap_err().code(), "already_enrolled");
    issuance.fixture.close().await;
}

/// The new key is checked before a ticket is requested, and a worse one does not replace the old.
#[tokio::test(flavor = "multi_thread")]
async fn a_worse_key_takes_no_use_and_replaces_no_key() {
    let issuance = IssuanceFixture::new().await;
    let grant = issuance.once().await;
    let old = issuance.authority.key(&medic(), lapsed()).to_bytes();
    issuance.store(DOCTOR, &old).await;
    let ours = issuance.authority.clone();
    let of_less = move |request: &KeyRequest| {
        Ok(ours.seal(&ours.key(&voucher(MEMBERS[0]), Validity::ALWAYS), request))
    };
    let st_mary = issuance.st_mary_with(Answering(of_less));
    let doctor = st_mary.person(DOCTOR).await.unwrap();
    let error = doctor.open(grant).await.unwrap_err();
    assert_eq!(error.code(), "policy_unsatisfied");
    assert!(issuance.stored(DOCTOR).await == old.as_slice());
    // The one use is still there.
    issuance.fixture.doctor.open(grant).await.unwrap();
    assert!(issuance.stored(DOCTOR).await != old.as_slice());
    issuance.fixture.close().await;
}

/// A key that covers no day of sealing is renewed as soon as the authority issues longer ones.
#[tokio::test(flavor = "multi_thread")]
async fn a_lapsed_key_is_renewed() {
    let issuance = IssuanceFixture::new().await;
    let fixture = &issuance.fixture;
    let (record, grant) = fixture.sealed_and_granted(b"notes").await;
    let old = issuance.authority.key(&medic(), lapsed()).to_bytes();
    issuance.store(DOCTOR, &old).await;
    let ours = issuance.authority.clone();
    let too_short =
        move |request: &KeyRequest| Ok(ours.seal(&ours.key(&medic(), lapsed()), request));
    let st_mary = issuance.st_mary_with(Answering(too_short));
    let doctor = st_mary.person(DOCTOR).await.unwrap();
    assert_eq!(doctor.open(grant).await.unwrap_err().code(), "key_lapsed");
    let refused = doctor.describe(record).await.unwrap_err();
    assert_eq!(refused.code(), "key_lapsed");

    let before = issuance.stored(DOCTOR).await;
    assert_eq!(fixture.doctor.open(grant).await.unwrap().bytes(), b"notes");
    let renewed = issuance.stored(DOCTOR).await;
    assert!(before != renewed);
    // The new key is kept: no second request for the second reading.
    fixture.doctor.describe(record).await.unwrap();
    assert!(issuance.stored(DOCTOR).await == renewed);
    issuance.fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_from_before_an_attribute_came_is_renewed() {
    let issuance = IssuanceFixture::new().await;
    let fixture = &issuance.fixture;
    let (_, grant) = fixture.sealed_and_granted(b"an ECG").await;
    let narrow = |validity| {
        let key = issuance.authority.key(&voucher(MEMBERS[0]), validity);
        key.to_bytes()
    };
    let old = narrow(lapsed());
    issuance.store(DOCTOR, &old).await;
    fixture.doctor.open(grant).await.unwrap();
    assert!(issuance.stored(DOCTOR).await != old.as_slice());
    // One that opens what the new one does not, on later days, stays.
    let old = narrow(Validity::ALWAYS);
    issuance.store(DOCTOR, &old).await;
    fixture.doctor.open(grant).await.unwrap();
    assert!(issuance.stored(DOCTOR).await == old.as_slice());
    issuance.fixture.close().await;
}

/// The chain tells that no new key can satisfy the policy.
#[tokio::test(flavor = "multi_thread")]
async fn the_authority_is_not_asked_for_a_key_in_vain() {
    let issuance = IssuanceFixture::new().await;
    let policy = "role:chief".parse().unwrap();
    let seal = issuance.fixture.st_mary.seal(b"x", &policy);
    let seal = seal.subject(&issuance.fixture.patient);
    let record = seal.withheld_from_subject().await.unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let st_mary = issuance.st_mary_with(Answering(move |_: &KeyRequest| {
        count.fetch_add(1, Ordering::Relaxed);
        Err(Error::Unreachable)
    }));
    for (name, code) in [
        (DOCTOR, "policy_unsatisfied"),
        (PATIENT, "withheld_from_subject"),
    ] {
        let person = st_mary.person(name).await.unwrap();
        let error = person.describe(record).await.unwrap_err();
        assert_eq!(error.code(), code, "{name}");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    issuance.fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_of_a_request_gets_no_key_for_it() {
    let issuance = IssuanceFixture::new().await;
    let real = issuance.fixture.consortium.parts().issuer;
    let carried = Arc::default();
    let st_mary = issuance.st_mary_with(Carrier {
        real: Arc::clone(&real),
        recipient: None,
        carried: Arc::clone(&carried),
    });
    st_mary.enrol("newcomer", &["role:medic"]).await.unwrap();
    let (request, sealed) = carried.lock().unwrap().pop().unwrap();

    let pair = RecipientKeyPair::random(&mut os_random());
    let parameters = &issuance.authority.parameters;
    let statement = issuance.authority.statement(&request);
    let opened = sealed.open(&pair, &statement, parameters, &mut os_random());
    assert!(opened.is_err());
    let key = issuance.stored("newcomer").await;
    let sent = sealed.to_bytes();
    let shows = |component: &[u8]| sent.windows(component.len()).any(|sent| sent == component);
    assert!(
        !key.chunks_exact(48).any(shows),
        "no component of it in clear"
    );

    let error = real.issue(&request).await.unwrap_err();
    assert_eq!(error.code(), "unknown_sender", "replayed");
    let st_mary = issuance.st_mary_with(Carrier {
        real,
        recipient: Some(pair.public()),
        carried: Arc::clone(&carried),
    });
    let error = st_mary.enrol("another", &["role:medic"]).await.unwrap_err();
    assert_eq!(error.code(), "unknown_sender", "not as it was signed");
    assert!(carried.lock().unwrap().is_empty());
    // An answer to an earlier request does not answer this one.
    let st_mary = issuance.st_mary_with(Answering(move |_: &KeyRequest| Ok(sealed.clone())));
    let error = st_mary.enrol("another", &["role:medic"]).await.unwrap_err();
    assert_eq!(error.code(), "bad_attribute_key");
    issuance.fixture.close().await;
}

/// Block time bounds the harm of an authority's clock that is days off.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_clock_gives_nothing_away() {
    let issuance = IssuanceFixture::new().await;
    let signer = issuance.signing_key(DOCTOR).await;
    let today = day_of(now());
    for (off, expected) in [
        (-1, Ok(today - 1)),
        (0, Ok(today)),
        (1, Ok(today + 1)),
        (30, Ok(today + 2)),
        (20_000, Ok(today + 2)),
        (-4, Err("clock_behind")),
        (-400, Err("clock_behind")),
    ] {
        let clock = move || match off {
            0.. => now().plus_millis(u64::from(i32::unsigned_abs(off)) * DAY_MS),
            _ => now().minus_millis(u64::from(i32::unsigned_abs(off)) * DAY_MS),
        };
        let folder = issuance.fixture.consortium.folder();
        let consortium = &issuance.fixture.consortium;
        let client = consortium.parts().client;
        let master = master_in(folder).await;
        let authority = AttributeAuthority::new(&consortium.trust_anchor(), client, master)
            .unwrap()
            .with_clock(clock);
        let pair = RecipientKeyPair::random(&mut os_random());
        let mut request = KeyRequest {
            person: *issuance.fixture.doctor.id(),
            record: None,
            recipient: pair.public(),
            nonce: [1; 32],
            at: clock(),
            signature: Signature::from_bytes([0; 64]),
        };
        let statement = issuance.authority.statement(&request);
        request.signature = Signer::sign(&signer, &statement).await.unwrap();
        let issued = authority.issue(&request).await;
        let last = issued.map_err(|error| error.code()).map(|sealed| {
            let key = sealed.open(
                &pair,
                &statement,
                &issuance.authority.parameters,
                &mut os_random(),
            );
            key.unwrap().validity().last().days()
        });
        let expected = expected.map(|first| first + DEFAULT_KEY_LIFETIME_DAYS.get() - 1);
        assert_eq!(last, expected, "{off}");
    }
    issuance.fixture.close().await;
}

/// Of the 1024 components of the longest key, one is for the voucher.
#[tokio::test(flavor = "multi_thread")]
async fn a_person_to_whom_no_key_can_be_issued_is_not_enrolled() {
    let issuance = IssuanceFixture::new().await;
    let st_mary = &issuance.fixture.st_mary;
    // 33 components each.
    let numbers: Vec<String> = (0..31).map(|label| format!("n{label} = 1")).collect();
    let mut attributes: Vec<&str> = numbers.iter().map(String::as_str).collect();
    st_mary.enrol("the most", &attributes).await.unwrap();
    attributes.push("role:medic");
    let error = st_mary.enrol("too much", &attributes).await.unwrap_err();
    assert_eq!(error.code(), "invalid_attribute");
    let unknown = st_mary.person("too much").await.unwrap_err();
    assert_eq!(unknown.code(), "unknown_person", "nothing was begun");
    issuance.fixture.close().await;
}
