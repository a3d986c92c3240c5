//! An attacker has a finished run's folder with every store and every ledger, and in turn: two
//! holders' shares with the attribute key, three holders' shares without it, the attribute key
//! alone. Each fails by the real operations; three shares with the key open.

mod loot;

use crate::support::{CHEAP, DOCTOR, Fixture, MEMBERS, PASSPHRASE, PATIENT, bytes};
use loot::{HolderSecret, Loot, find, windows_of};
use medshare_abe::access::KeyFactors;
use medshare_abe::{
    AccessError, AttributeSet, DecapsulateError, KeyError, MasterSecretKey, SharedSecret,
    UserSecretKey, Validity, encapsulate,
};
use medshare_curve::Scalar;
use medshare_curve::pairing::{g1, g2};
use medshare_host::os_random;
use medshare_sdk::keystore::{KeyStore as _, PassphraseKeyStore};
use zeroize::Zeroizing;

const TITLE: &str = "ECG at rest, 12 leads, of the morning";
const PORTER: &str = "Porter Wilhelmina Achterberg";

/// A finished run: its folder, and the content that was sealed and opened.
struct Run {
    folder: tempfile::TempDir,
    loot: Loot,
    content: Vec<u8>,
}

impl Run {
    async fn finished() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fixture = Fixture::open_in(folder.path()).await;
        // As long a name as the policy's, so that one can be written over the other.
        let porter = fixture.st_mary.enrol(PORTER, &["role:guard"]);
        porter.await.unwrap();
        let content = bytes((1 << 16) + 4_321, 7);
        let seal = fixture.st_mary.seal(content.clone(), &fixture.policy);
        let record = seal.subject(&fixture.patient).title(TITLE).await.unwrap();
        let grant = fixture.grant(record).await;
        assert_eq!(fixture.doctor.open(grant).await.unwrap().bytes(), content);
        fixture.close().await;
        let loot = Loot::take(folder.path(), &MEMBERS, record.record());
        Self {
            folder,
            loot,
            content,
        }
    }

    /// A secret out of a key store that this case lets the attacker unlock.
    async fn secret(&self, store: &str, name: &str) -> Zeroizing<Vec<u8>> {
        let folder = self.folder.path().join(store).join("keys");
        let store = PassphraseKeyStore::open(folder, PASSPHRASE, CHEAP);
        let secret = store.await.unwrap().load(name).await.unwrap();
        secret.unwrap()
    }

    async fn person_secret(&self, person: &str, kind: &str) -> Zeroizing<Vec<u8>> {
        let home = MEMBERS[0];
        let home_len = home.len();
        let person_len = person.len();
        let name = format!("person/{home_len}:{home}/{person_len}:{person}/{kind}");
        self.secret("people", &name).await
    }

    async fn attribute_key(&self, person: &str) -> UserSecretKey {
        let bytes = self.person_secret(person, "attribute-key").await;
        UserSecretKey::from_bytes(&bytes, &self.loot.parameters, &mut os_random()).unwrap()
    }

    async fn holder(&self, member: usize) -> HolderSecret {
        let store = format!("members/{}", MEMBERS[member]);
        let share = self.secret(&store, "organisation/gate-share").await;
        HolderSecret::parse(&share, &self.loot.gate_key)
    }

    async fn holders(&self, members: &[usize]) -> Vec<HolderSecret> {
        let mut secrets = Vec::new();
        for member in members {
            secrets.push(self.holder(*member).await);
        }
        secrets
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_shares_and_the_attribute_key_open() {
    let run = Run::finished().await;
    let key = run.attribute_key(DOCTOR).await;
    let secret = run.loot.decapsulate(&key).unwrap();
    for members in [[0, 1, 2], [0, 1, 3], [0, 2, 3], [3, 2, 1]] {
        let gate = run.loot.gate_factor(&run.holders(&members).await);
        assert!(gate.is_right, "{members:?}");
        let factors = KeyFactors::new(&secret).with_gate(&gate.bytes);
        let data_key = run.loot.access().open(&factors).unwrap();
        assert_eq!(run.loot.open_payload(&data_key), run.content, "{members:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_shares_and_the_attribute_key_do_not() {
    let run = Run::finished().await;
    let key = run.attribute_key(DOCTOR).await;
    let secret = run.loot.decapsulate(&key).unwrap();
    for first in 0..MEMBERS.len() {
        for second in first + 1..MEMBERS.len() {
            let mut shares = run.holders(&[first, second]).await;
            let as_if_two_sufficed = run.loot.gate_factor(&shares);
            // The third share guessed: nothing, and the sum of the other two.
            let third = (0..MEMBERS.len()).find(|n| *n != first && *n != second);
            let third = third.unwrap() as u64 + 1;
            let sum = shares.iter().map(|share| share.scalar).sum::<Scalar>();
            for guess in [Scalar::from(0u64), sum] {
                shares.truncate(2);
                shares.push(HolderSecret {
                    number: third,
                    scalar: guess,
                });
                let guessed = run.loot.gate_factor(&shares);
                assert!(!guessed.is_right);
                run.loot.assert_shut(&secret, &guessed.bytes);
            }
            assert!(!as_if_two_sufficed.is_right);
            run.loot.assert_shut(&secret, &as_if_two_sufficed.bytes);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_shares_without_the_attribute_key_do_not() {
    let run = Run::finished().await;
    let loot = &run.loot;
    let gate = loot.gate_factor(&run.holders(&[0, 1, 2]).await);
    assert!(gate.is_right, "the gate itself is open to these three");

    // A colleague with other attributes helps.
    let refused = loot.decapsulate(&run.attribute_key(PORTER).await);
    assert!(matches!(
        refused,
        Err(DecapsulateError::PolicyUnsatisfied { .. })
    ));
    // The colleague's key under the name that the policy asks for.
    let relabelled = relabel(&run.person_secret(PORTER, "attribute-key").await);
    let refused = UserSecretKey::from_bytes(&relabelled, &loot.parameters, &mut os_random());
    assert!(matches!(refused, Err(KeyError::Inconsistent)));

    // An authority of the attacker's own issues the attribute.
    let (parameters, master) = MasterSecretKey::setup(&mut os_random());
    let attributes: AttributeSet = ["role:medic".parse().unwrap()].into_iter().collect();
    let forged = master
        .issue(&parameters, &attributes, Validity::ALWAYS, &mut os_random())
        .unwrap();
    assert!(matches!(
        loot.decapsulate(&forged),
        Err(DecapsulateError::OtherAuthority)
    ));
    let context = loot.record_label().context.digest();
    let header = loot.header.abe();
    let rejected = medshare_abe::decapsulate(&parameters, header, &forged, context.as_ref());
    loot.assert_shut(&rejected.expect("implicit rejection"), &gate.bytes);

    // Any other secret: one encapsulated anew for the same policy and record, and guesses.
    let policy = header.policy();
    let (_, fresh) = encapsulate(&loot.parameters, policy, context.as_ref(), &mut os_random());
    loot.assert_shut(&fresh, &gate.bytes);
    for guess in [[0; 32], gate.bytes, loot.wrapped()] {
        loot.assert_shut(&SharedSecret::from_bytes(guess.into()), &gate.bytes);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_attribute_key_alone_does_not() {
    let run = Run::finished().await;
    let loot = &run.loot;
    let secret = loot.decapsulate(&run.attribute_key(DOCTOR).await).unwrap();
    // Attributes alone open the descriptor, and no more.
    let described = loot.open_descriptor(&secret);
    assert!(!windows_of(&described, TITLE.as_bytes()).is_empty());

    let alone = KeyFactors::new(&secret);
    assert!(matches!(
        loot.access().open(&alone),
        Err(AccessError::FactorMismatch { .. })
    ));
    let forced = alone.unwrap(&loot.record_label().digest(), &loot.wrapped());
    assert!(!loot.preamble.is_opened_by(&forced));

    // K_gate from public points instead of x·Q: Q itself, g1, and e(Q, Y) without ρ.
    let (q, u, y) = loot.gate_points();
    for (p, r) in [(q, u), (g1(), u), (q, y), (g1(), y), (q, g2())] {
        loot.assert_shut(&secret, &loot.factor_of_pairing(&p, &r));
    }
    loot.assert_shut(&secret, &[0; 32]);
    loot.assert_shut(&secret, secret.as_bytes());
}

/// The folder has no secret in clear, and the chain has no names of people.
#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_stored_in_clear() {
    let run = Run::finished().await;
    let root = run.folder.path();
    let mut secrets: Vec<Vec<u8>> = Vec::new();
    secrets.extend(run.content.windows(32).step_by(509).map(<[u8]>::to_vec));
    for name in [PATIENT, DOCTOR, PORTER, TITLE, PASSPHRASE] {
        secrets.push(name.into());
    }
    for person in [DOCTOR, PORTER] {
        let key = run.person_secret(person, "attribute-key").await;
        // After the envelope and the authority's public digest: K1, K3, …, and K_u at the end.
        secrets.extend(key[38..38 + 48 + 96].chunks(24).map(<[u8]>::to_vec));
        secrets.push(key[key.len() - 24..].to_vec());
    }
    for person in [PATIENT, DOCTOR, PORTER] {
        secrets.push(run.person_secret(person, "signing-key").await.to_vec());
    }
    for member in MEMBERS {
        let store = format!("members/{member}");
        for name in ["signing-key", "holder-key"] {
            let name = format!("organisation/{name}");
            secrets.push(run.secret(&store, &name).await.to_vec());
        }
        let share = run.secret(&store, "organisation/gate-share").await;
        secrets.push(share[share.len() - 32..].to_vec());
    }
    let master = run.secret("authority", "authority/master-key").await;
    secrets.push(master[6..].to_vec());
    assert_eq!(find(root, &secrets), None);

    // The search works: it finds an organisation's name on the chain, and a leak.
    assert!(find(root, &[MEMBERS[3].into()]).is_some());
    std::fs::write(root.join("members/leak"), &run.content[3..40_000]).unwrap();
    assert!(find(root, &secrets).is_some());

    for ledger in &run.loot.ledgers {
        for name in [PATIENT, DOCTOR, PORTER] {
            for word in name.split(' ').filter(|word| word.len() > 3) {
                assert!(windows_of(ledger, word.as_bytes()).is_empty(), "{word}");
            }
        }
        let attribute = windows_of(ledger, b"role:medic");
        assert!(!attribute.is_empty(), "the chain shows attributes");
    }
}

/// The porter's key with `role:guard` overwritten by `role:medic`.
fn relabel(key: &[u8]) -> Vec<u8> {
    let mut key = key.to_vec();
    let offsets = windows_of(&key, b"role:guard");
    assert_eq!(offsets.len(), 1);
    key[offsets[0]..][..10].copy_from_slice(b"role:medic");
    key
}
