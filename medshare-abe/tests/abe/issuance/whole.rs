//! A whole key that is sealed to its recipient: who can read it, and what it is refused for.

use medshare_abe::issuance::{IssuanceError, RecipientKey, RecipientKeyPair, SealedKey};
use medshare_abe::{KeyError, MasterSecretKey, PublicParameters, UserSecretKey, Validity};
use medshare_types::{Digest, Wire, hash, wire};

use crate::common::{attributes, rng};
use crate::issuance::setting::{hpke_open, pair};

struct Answer {
    parameters: PublicParameters,
    key: UserSecretKey,
    request: Digest,
    sealed: SealedKey,
}

impl Answer {
    fn new() -> Self {
        let (parameters, master) = MasterSecretKey::setup(&mut rng(1));
        let list = attributes("role:nurse, clearance = 3");
        let key = master.issue(&parameters, &list, Validity::ALWAYS, &mut rng(2));
        let key = key.expect("issuable");
        let request = hash::digest("test/request", &[]);
        let sealed = key.seal_to(&pair().public(), &request, &mut rng(4));
        Self {
            sealed: sealed.expect("sealed"),
            parameters,
            key,
            request,
        }
    }

    fn open(&self, sealed: &SealedKey) -> Result<UserSecretKey, KeyError> {
        sealed.open(&pair(), &self.request, &self.parameters, &mut rng(5))
    }
}

#[test]
fn the_recipient_gets_the_key_that_was_sealed() {
    let answer = Answer::new();
    let bytes = answer.sealed.to_bytes();
    let sealed = SealedKey::from_bytes(&bytes).expect("canonical");
    let opened = answer.open(&sealed).expect("the recipient's");
    assert_eq!(opened.to_bytes(), answer.key.to_bytes());
    let held = answer.key.to_bytes();
    let shows = |secret: &[u8]| bytes.windows(secret.len()).any(|part| part == secret);
    assert!(!held.chunks(48).any(shows), "no part of it in clear");
}

#[test]
fn other_recipients_and_requests_do_not_open_it() {
    let answer = Answer::new();
    let other = RecipientKeyPair::random(&mut rng(6));
    let Answer {
        parameters,
        request,
        sealed,
        ..
    } = &answer;
    let opened = sealed.open(&other, request, parameters, &mut rng(5));
    assert_eq!(opened.map(drop), Err(KeyError::Undecryptable));
    let another = hash::digest("test/request", &[b"another"]);
    let opened = sealed.open(&pair(), &another, parameters, &mut rng(5));
    assert_eq!(opened.map(drop), Err(KeyError::Undecryptable));
    let wire = sealed.to_wire();
    for at in [6, 37, 42, wire.len() - 1] {
        let mut altered = wire.clone();
        altered[at] ^= 1;
        let altered = SealedKey::from_wire(&altered).expect("the same layout");
        let opened = answer.open(&altered);
        assert_eq!(opened.map(drop), Err(KeyError::Undecryptable), "{at}");
    }
}

#[test]
fn keys_of_other_authorities_are_refused() {
    let answer = Answer::new();
    let (foreign, master) = MasterSecretKey::setup(&mut rng(7));
    let list = attributes("role:nurse");
    let key = master.issue(&foreign, &list, Validity::ALWAYS, &mut rng(8));
    let key = key.expect("issuable");
    let sealed = key.seal_to(&pair().public(), &answer.request, &mut rng(9));
    let source = KeyError::OtherAuthority;
    let opened = answer.open(&sealed.expect("sealed")).map(drop);
    assert_eq!(opened, Err(source));
    let small_order = RecipientKey([0; 32]);
    let sealed = key.seal_to(&small_order, &answer.request, &mut rng(9));
    assert_eq!(sealed, Err(IssuanceError::InvalidRecipient));
}

/// A random source that repeats itself gives other ephemeral keys for other keys and requests.
#[test]
fn ephemeral_keys_depend_on_the_plaintext() {
    let answer = Answer::new();
    let encapsulated = |request: &Digest| {
        let sealed = answer.key.seal_to(&pair().public(), request, &mut rng(4));
        sealed.expect("sealed").to_wire()[6..38].to_vec()
    };
    let another = hash::digest("test/request", &[b"another"]);
    assert_eq!(encapsulated(&answer.request), encapsulated(&answer.request));
    assert_ne!(encapsulated(&answer.request), encapsulated(&another));
}

/// Opened by HPKE alone, as docs/spec/abe/issuance.md has it.
#[test]
fn the_format_does_not_drift() {
    let answer = Answer::new();
    let wire = answer.sealed.to_wire();
    assert_eq!(&wire[..6], b"mSKY\x00\x01");
    let (encapsulated, ciphertext): ([u8; 32], Vec<u8>) =
        wire::from_borsh(&wire[6..]).expect("the layout of docs/spec/abe/formats.md");
    let sealed = (encapsulated, ciphertext.as_slice());
    let request = answer.request.as_ref();
    let plaintext = hpke_open(b"medshare/abe/whole-key/v1", sealed, request);
    assert_eq!(plaintext, answer.key.to_bytes().as_slice());
    for end in 0..wire.len() {
        assert!(SealedKey::from_wire(&wire[..end]).is_err(), "{end}");
    }
    assert!(SealedKey::from_wire(&[wire, vec![0]].concat()).is_err());
}
