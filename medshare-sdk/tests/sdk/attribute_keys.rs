//! Attribute keys: whom the authority gives them to, who can read its answers, and what bad answers
//! and old keys can cost.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::support::{CHEAP, Clinic, DOCTOR, MEMBERS, PASSPHRASE, PATIENT, in_folder, now};
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

/// A clinic, and what only its attribute authority should have.
struct Setting {
    clinic: Clinic,
    authority: Authority,
    _folder: tempfile::TempDir,
}

#[derive(Clone)]
struct Authority {
    master: Arc<MasterSecretKey>,
    parameters: Arc<PublicParameters>,
    chain: medshare_sdk::ChainId,
}

impl Setting {
    async fn new() -> Self {
        Self::start(in_folder).await
    }

    async fn start(setting: impl FnOnce(&Path) -> LocalBuilder) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clinic = Clinic::found(setting(folder.path())).await;
        let anchor = clinic.consortium.trust_anchor();
        let parameters = &anchor.genesis().authority.parameters;
        let authority = Authority {
            master: Arc::new(master_in(folder.path()).await),
            parameters: Arc::new(PublicParameters::from_bytes(parameters).unwrap()),
            chain: anchor.chain(),
        };
        Self {
            clinic,
            authority,
            _folder: folder,
        }
    }

    /// The first member, as an application knows it that has another issuer.
    fn st_mary_with(&self, issuer: impl AttributeIssuer + 'static) -> Organisation {
        let mut parts = self.clinic.consortium.parts();
        parts.issuer = Arc::new(issuer);
        let consortium = Consortium::connect(parts).unwrap();
        consortium.organisation(MEMBERS[0]).unwrap()
    }

    async fn stored(&self, person: &str) -> Vec<u8> {
        let people = self.clinic.consortium.parts().people;
        let stored = people.load(&entry(person, "attribute-key")).await.unwrap();
        stored.unwrap().to_vec()
    }

    async fn store(&self, person: &str, key: &[u8]) {
        let people = self.clinic.consortium.parts().people;
        let entry = entry(person, "attribute-key");
        people.store(&entry, key).await.unwrap();
    }

    async fn signing_key(&self, person: &str) -> SigningKey {
        let people = self.clinic.consortium.parts().people;
        let seed = people.load(&entry(person, "signing-key")).await.unwrap();
        SigningKey::from_seed(seed.unwrap().as_slice().try_into().unwrap())
    }

    async fn once(&self) -> GrantId {
        let record = self.clinic.seal(b"an ECG").await;
        let (patient, doctor) = (&self.clinic.patient, &self.clinic.doctor);
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

    /// As the real authority seals it, whatever key it is.
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

/// All that a doctor's key is for.
fn medic() -> String {
    format!("role:medic, {}", voucher(MEMBERS[0]))
}

fn lapsed() -> Validity {
    Validity::until(Date::from_days(day_of(now()))).unwrap()
}

/// An issuer that answers as it likes.
struct Answering<F>(F);

impl<F: Fn(&KeyRequest) -> Result<SealedKey> + Send + Sync> AttributeIssuer for Answering<F> {
    fn issue<'a>(&'a self, request: &'a KeyRequest) -> BoxFuture<'a, Result<SealedKey>> {
        Box::pin(std::future::ready((self.0)(request)))
    }
}

/// Passes everything on to the real issuer, and keeps it; with a recipient of its own, if it has one.
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

/// The authority's own way to stop, while the chain cannot end an enrolment.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_person_reads_nothing_that_is_sealed_after_her_key_lapsed() {
    let refused = Arc::new(Mutex::new(BTreeSet::<PersonId>::new()));
    let list = Arc::clone(&refused);
    let refuses = move |person: &PersonId| list.lock().unwrap().contains(person);
    let setting =
        Setting::start(|folder| in_folder(folder).with_key_lifetime(1).with_refusal(refuses)).await;
    let clinic = &setting.clinic;
    let doctor = &clinic.doctor;
    let colleague = clinic.st_mary.enrol("a colleague", &["role:medic"]).await;
    let colleague = colleague.unwrap();

    // What she has stays good for the days it is for.
    refused.lock().unwrap().insert(*doctor.id());
    let today = setting.once().await;
    assert_eq!(doctor.open(today).await.unwrap().bytes(), b"an ECG");

    // As on the day after that of its issue.
    let old = setting.authority.key(&medic(), lapsed()).to_bytes();
    setting.store(DOCTOR, &old).await;
    let record = clinic.seal(b"an ECG").await;
    let grant = clinic.patient.grant(record, doctor, Window::days(1));
    let grant = grant.uses(1).await.unwrap();
    let error = doctor.open(grant).await.unwrap_err();
    assert!(matches!(error, Error::IssuanceRefused), "{error}");
    assert_eq!(error.code(), "issuance_refused");
    let error = doctor.describe(record).await.unwrap_err();
    assert_eq!(error.code(), "issuance_refused");
    assert!(setting.stored(DOCTOR).await == old.as_slice());
    // Nor does enrolling again help.
    setting.store(DOCTOR, b"lost").await;
    let again = clinic.st_mary.enrol(DOCTOR, &["role:medic"]).await;
    assert_eq!(again.unwrap_err().code(), "issuance_refused");
    colleague.describe(record).await.unwrap();

    refused.lock().unwrap().clear();
    assert_eq!(doctor.open(grant).await.unwrap().bytes(), b"an ECG");
    setting.clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_answer_locks_nobody_out() {
    let setting = Setting::new().await;
    let Authority {
        parameters: theirs, ..
    } = &setting.authority;
    let (parameters, master) = MasterSecretKey::setup(&mut os_random());
    let foreign = Authority {
        master: Arc::new(master),
        parameters: Arc::new(parameters),
        chain: setting.authority.chain,
    };
    let ours = setting.authority.clone();
    let digest = theirs.digest();
    let sealed_to_another = move |request: &KeyRequest| {
        let pair = RecipientKeyPair::random(&mut os_random());
        let statement = request.statement(&ours.chain, &digest);
        let key = ours.key(&medic(), Validity::ALWAYS);
        Ok(key
            .seal_to(&pair.public(), &statement, &mut os_random())
            .unwrap())
    };
    let ours = setting.authority.clone();
    let of_another_authority = move |request: &KeyRequest| {
        Ok(ours.seal(&foreign.key(&medic(), Validity::ALWAYS), request))
    };
    let ours = setting.authority.clone();
    let of_less = move |request: &KeyRequest| {
        Ok(ours.seal(&ours.key("role:medic", Validity::ALWAYS), request))
    };
    for st_mary in [
        setting.st_mary_with(Answering(sealed_to_another)),
        setting.st_mary_with(Answering(of_another_authority)),
        setting.st_mary_with(Answering(of_less)),
    ] {
        let error = st_mary.enrol("newcomer", &["role:medic"]).await;
        assert_eq!(error.unwrap_err().code(), "bad_attribute_key");
    }
    let clinic = &setting.clinic;
    let newcomer = clinic.st_mary.enrol("newcomer", &["role:medic"]).await;
    let record = clinic.seal(b"an ECG").await;
    newcomer.unwrap().describe(record).await.unwrap();
    setting.clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_key_that_cannot_be_read_is_renewed() {
    let setting = Setting::new().await;
    let clinic = &setting.clinic;
    let (_, grant) = clinic.sealed_and_granted(b"an ECG").await;
    for broken in [
        b"".as_slice(),
        b"no key",
        &setting.stored(DOCTOR).await[1..],
    ] {
        setting.store(DOCTOR, broken).await;
        assert_eq!(clinic.doctor.open(grant).await.unwrap().bytes(), b"an ECG");
        assert!(setting.stored(DOCTOR).await != broken);
    }
    setting.store(DOCTOR, b"no key").await;
    let again = clinic.st_mary.enrol(DOCTOR, &["role:medic"]).await;
    again.unwrap().open(grant).await.unwrap();
    assert!(setting.stored(DOCTOR).await != b"no key");
    let again = clinic.st_mary.enrol(DOCTOR, &["role:medic"]).await;
    assert_eq!(again.unwrap_err().code(), "already_enrolled");
    setting.clinic.close().await;
}

/// The new key is looked at before a ticket is asked for, and the old one is not lost for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_worse_key_takes_no_use_and_no_place() {
    let setting = Setting::new().await;
    let grant = setting.once().await;
    let old = setting.authority.key(&medic(), lapsed()).to_bytes();
    setting.store(DOCTOR, &old).await;
    let ours = setting.authority.clone();
    let of_less = move |request: &KeyRequest| {
        Ok(ours.seal(&ours.key(&voucher(MEMBERS[0]), Validity::ALWAYS), request))
    };
    let st_mary = setting.st_mary_with(Answering(of_less));
    let doctor = st_mary.person(DOCTOR).await.unwrap();
    let error = doctor.open(grant).await.unwrap_err();
    assert_eq!(error.code(), "policy_unsatisfied");
    assert!(setting.stored(DOCTOR).await == old.as_slice());
    // The one use is still there.
    setting.clinic.doctor.open(grant).await.unwrap();
    assert!(setting.stored(DOCTOR).await != old.as_slice());
    setting.clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_from_before_an_attribute_came_is_renewed() {
    let setting = Setting::new().await;
    let clinic = &setting.clinic;
    let (_, grant) = clinic.sealed_and_granted(b"an ECG").await;
    let narrow = |validity| {
        let key = setting.authority.key(&voucher(MEMBERS[0]), validity);
        key.to_bytes()
    };
    let old = narrow(lapsed());
    setting.store(DOCTOR, &old).await;
    clinic.doctor.open(grant).await.unwrap();
    assert!(setting.stored(DOCTOR).await != old.as_slice());
    // One that opens what the new one does not, on later days, stays.
    let old = narrow(Validity::ALWAYS);
    setting.store(DOCTOR, &old).await;
    clinic.doctor.open(grant).await.unwrap();
    assert!(setting.stored(DOCTOR).await == old.as_slice());
    setting.clinic.close().await;
}

/// Where no key can help, the authority is not asked.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_for_a_key_in_vain() {
    let setting = Setting::new().await;
    let policy = "role:chief".parse().unwrap();
    let seal = setting.clinic.st_mary.seal(b"x", &policy);
    let record = seal.subject(&setting.clinic.patient).await.unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let st_mary = setting.st_mary_with(Answering(move |_: &KeyRequest| {
        count.fetch_add(1, Ordering::Relaxed);
        Err(Error::Unreachable)
    }));
    for name in [DOCTOR, PATIENT] {
        let person = st_mary.person(name).await.unwrap();
        let error = person.describe(record).await.unwrap_err();
        assert_eq!(error.code(), "policy_unsatisfied", "{name}");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    setting.clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_carries_a_request_gets_no_key_for_it() {
    let setting = Setting::new().await;
    let real = setting.clinic.consortium.parts().issuer;
    let carried = Arc::default();
    let st_mary = setting.st_mary_with(Carrier {
        real: Arc::clone(&real),
        recipient: None,
        carried: Arc::clone(&carried),
    });
    st_mary.enrol("newcomer", &["role:medic"]).await.unwrap();
    let (request, sealed) = carried.lock().unwrap().pop().unwrap();

    let pair = RecipientKeyPair::random(&mut os_random());
    let parameters = &setting.authority.parameters;
    let statement = setting.authority.statement(&request);
    let opened = sealed.open(&pair, &statement, parameters, &mut os_random());
    assert!(opened.is_err());
    let (key, sent) = (setting.stored("newcomer").await, sealed.to_bytes());
    let shows = |part: &[u8]| sent.windows(part.len()).any(|window| window == part);
    assert!(!key.chunks_exact(48).any(shows), "no part of it in clear");

    let error = real.issue(&request).await.unwrap_err();
    assert_eq!(error.code(), "unknown_sender", "replayed");
    let st_mary = setting.st_mary_with(Carrier {
        real,
        recipient: Some(pair.public()),
        carried: Arc::clone(&carried),
    });
    let error = st_mary.enrol("another", &["role:medic"]).await.unwrap_err();
    assert_eq!(error.code(), "unknown_sender", "not as it was signed");
    assert!(carried.lock().unwrap().is_empty());
    // An answer to an earlier request is none to this one.
    let st_mary = setting.st_mary_with(Answering(move |_: &KeyRequest| Ok(sealed.clone())));
    let error = st_mary.enrol("another", &["role:medic"]).await.unwrap_err();
    assert_eq!(error.code(), "bad_attribute_key");
    setting.clinic.close().await;
}

/// The authority's clock, days off: block time bounds what it can give away.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_clock_gives_nothing_away() {
    let setting = Setting::new().await;
    let signer = setting.signing_key(DOCTOR).await;
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
        let folder = setting.clinic.consortium.folder();
        let consortium = &setting.clinic.consortium;
        let client = consortium.parts().client;
        let master = master_in(folder).await;
        let authority = AttributeAuthority::new(&consortium.trust_anchor(), client, master)
            .unwrap()
            .with_clock(clock);
        let pair = RecipientKeyPair::random(&mut os_random());
        let mut request = KeyRequest {
            person: *setting.clinic.doctor.id(),
            recipient: pair.public(),
            nonce: [1; 32],
            at: clock(),
            signature: Signature::from_bytes([0; 64]),
        };
        let statement = setting.authority.statement(&request);
        request.signature = Signer::sign(&signer, &statement).await.unwrap();
        let issued = authority.issue(&request).await;
        let last = issued.map_err(|error| error.code()).map(|sealed| {
            let key = sealed.open(
                &pair,
                &statement,
                &setting.authority.parameters,
                &mut os_random(),
            );
            key.unwrap().validity().last().days()
        });
        let expected = expected.map(|first| first + DEFAULT_KEY_LIFETIME_DAYS - 1);
        assert_eq!(last, expected, "{off}");
    }
    setting.clinic.close().await;
}

/// Of the 1024 parts of the longest key, one is for whose word it rests on.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_enrolled_whom_no_key_can_be_issued_to() {
    let setting = Setting::new().await;
    let st_mary = &setting.clinic.st_mary;
    // 33 parts each.
    let numbers: Vec<String> = (0..31).map(|label| format!("n{label} = 1")).collect();
    let mut attributes: Vec<&str> = numbers.iter().map(String::as_str).collect();
    st_mary.enrol("the most", &attributes).await.unwrap();
    attributes.push("role:medic");
    let error = st_mary.enrol("too much", &attributes).await.unwrap_err();
    assert_eq!(error.code(), "invalid_attribute");
    let unknown = st_mary.person("too much").await.unwrap_err();
    assert_eq!(unknown.code(), "unknown_person", "nothing was begun");
    setting.clinic.close().await;
}
