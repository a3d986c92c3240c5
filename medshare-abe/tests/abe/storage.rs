//! Keys under a passphrase.

use medshare_abe::storage::{OVERHEAD, PassphraseCost, PassphraseError, encrypted_cost};
use medshare_abe::{
    KeyError, MasterSecretKey, PublicParameters, StorageError, UserSecretKey, Validity,
    decapsulate, encapsulate,
};
use medshare_types::hash::Xof;
use medshare_types::{DecodeError, Digest};

use crate::common::{attributes, rng};

const CHEAP: PassphraseCost = PassphraseCost {
    memory_kib: 64,
    passes: 1,
};

/// Where things stand: envelope, kind, H(pp), memory, passes, salt, length, nonce, commitment.
const KIND: usize = 6;
const PARAMETERS: usize = 10;
const MEMORY: usize = 42;
const PASSES: usize = 46;
const SALT: usize = 50;
const SEALED: usize = 70;

const LOCKED: StorageError = StorageError::Passphrase(PassphraseError::Locked);

const fn out_of_bounds(cost: PassphraseCost) -> StorageError {
    StorageError::Passphrase(PassphraseError::Cost { cost })
}

struct Stored {
    parameters: PublicParameters,
    master: Vec<u8>,
    user: Vec<u8>,
}

fn stored() -> Stored {
    let (parameters, master) = MasterSecretKey::setup(&mut rng(1));
    let user = issue(&parameters, &master, "role:nurse, clearance = 3");
    let master = master.to_encrypted("open sesame", CHEAP, &mut rng(3));
    let user = user.to_encrypted("open sesame", CHEAP, &mut rng(4));
    Stored {
        parameters,
        master: master.expect("encrypted"),
        user: user.expect("encrypted"),
    }
}

fn issue(parameters: &PublicParameters, master: &MasterSecretKey, held: &str) -> UserSecretKey {
    let key = master.issue(parameters, &attributes(held), Validity::ALWAYS, &mut rng(2));
    key.expect("a key of this authority")
}

impl Stored {
    fn read_user(&self, bytes: &[u8], passphrase: &str) -> Result<UserSecretKey, StorageError> {
        UserSecretKey::from_encrypted(bytes, passphrase, &self.parameters, &mut rng(5))
    }

    fn read_master(&self, bytes: &[u8], passphrase: &str) -> Result<MasterSecretKey, StorageError> {
        MasterSecretKey::from_encrypted(bytes, passphrase, &self.parameters)
    }
}

fn refusal<T>(result: Result<T, StorageError>) -> StorageError {
    result.err().expect("refused")
}

fn with(bytes: &[u8], at: usize, new: &[u8]) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    changed[at..at + new.len()].copy_from_slice(new);
    changed
}

#[test]
fn keys_come_back_and_work() {
    let stored = stored();
    let user = stored.read_user(&stored.user, "open sesame");
    let user = user.expect("the passphrase");
    let policy = "role:nurse and clearance >= 2".parse().expect("a policy");
    let (header, secret) = encapsulate(&stored.parameters, &policy, b"", &mut rng(6));
    let recovered = decapsulate(&stored.parameters, &header, &user, b"").expect("satisfied");
    assert_eq!(recovered.as_bytes(), secret.as_bytes());

    let master = stored.read_master(&stored.master, "open sesame");
    let master = master.expect("the passphrase");
    assert_eq!(master.parameters(), stored.parameters);
    issue(&stored.parameters, &master, "a");
}

#[test]
fn nothing_of_a_key_shows_but_its_kind_and_authority() {
    let stored = stored();
    let raw = stored.read_user(&stored.user, "open sesame");
    let raw = raw.expect("the passphrase").to_bytes();
    assert_eq!(stored.user.len(), SEALED + OVERHEAD + raw.len());
    assert_eq!(stored.user[..KIND + 4], *b"mENC\x00\x01mUSK");
    assert_eq!(
        stored.user[PARAMETERS..MEMORY],
        *stored.parameters.digest().as_bytes()
    );
    // Past H(pp), which both carry.
    for secret in raw[38..].windows(8) {
        assert!(!stored.user.windows(8).any(|window| window == secret));
    }
}

/// RFC 9106's own vectors are the `argon2` crate's to keep. This is the layout around it.
#[test]
fn bytes_are_those_of_the_specification() {
    let stored = stored();
    let bytes = &stored.master;
    let mut k = [0; 32];
    let params = argon2::Params::new(64, 1, 1, None).expect("in bounds");
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into(b"open sesame", &bytes[SALT..SALT + 16], &mut k)
        .expect("derived");
    let (nonce, rest) = bytes[SEALED..].split_at(32);
    let (commitment, ciphertext) = rest.split_at(32);
    let mut stream = Xof::new(
        "medshare/abe/storage/v1",
        &[&k, nonce, &bytes[..SEALED - 4]],
    );
    let (key, expected): ([u8; 32], [u8; 32]) = (stream.take(), stream.take());
    assert_eq!(commitment, expected);
    use chacha20poly1305::aead::{Aead as _, KeyInit as _};
    let opened = chacha20poly1305::ChaCha20Poly1305::new(&key.into())
        .decrypt(&[0; 12].into(), ciphertext)
        .expect("opened");
    let master = stored.read_master(bytes, "open sesame").expect("opened");
    assert_eq!(opened, *master.to_bytes());
    assert_eq!(bytes[MEMORY..SALT], [64, 0, 0, 0, 1, 0, 0, 0]);
}

#[test]
fn a_wrong_passphrase_and_altered_bytes_are_the_same() {
    let stored = stored();
    for wrong in ["", "open sesam", "Open sesame", "open sesame "] {
        let error = refusal(stored.read_user(&stored.user, wrong));
        assert_eq!(error, LOCKED, "{wrong:?}");
        let error = refusal(stored.read_master(&stored.master, wrong));
        assert_eq!(error, LOCKED, "{wrong:?}");
    }
    // Another cost within the bounds, the salt, the nonce, the commitment, the ciphertext, the tag.
    let last = stored.master.len() - 1;
    for at in [
        MEMORY,
        PASSES,
        SALT,
        SALT + 15,
        SEALED,
        SEALED + 32,
        SEALED + 64,
        last,
    ] {
        let mut altered = stored.master.clone();
        altered[at] ^= 3;
        let error = refusal(stored.read_master(&altered, "open sesame"));
        assert_eq!(error, LOCKED, "byte {at}");
    }
}

#[test]
fn a_passphrase_is_what_it_reads_like() {
    let (_, master) = MasterSecretKey::setup(&mut rng(1));
    let bytes = master.to_encrypted("caf\u{e9}", CHEAP, &mut rng(3));
    let read = MasterSecretKey::from_encrypted(
        &bytes.expect("encrypted"),
        "cafe\u{301}",
        &master.parameters(),
    );
    read.expect("the same letters");
}

#[test]
fn no_kind_of_key_is_read_as_another() {
    let stored = stored();
    let (user, master) = (*b"mUSK", *b"mMSK");
    assert_eq!(
        refusal(stored.read_user(&stored.master, "open sesame")),
        StorageError::OtherKind {
            expected: user,
            found: master
        }
    );
    assert_eq!(
        refusal(stored.read_master(&stored.user, "open sesame")).to_string(),
        "an encrypted mUSK instead of mMSK"
    );
    // Relabelled, the bytes are altered ones.
    let relabelled = with(&stored.master, KIND, &user);
    let error = refusal(stored.read_user(&relabelled, "open sesame"));
    assert_eq!(error, LOCKED);
}

#[test]
fn a_key_belongs_to_one_authority() {
    let stored = stored();
    let (elsewhere, _) = MasterSecretKey::setup(&mut rng(9));
    let other = StorageError::Key {
        source: KeyError::OtherAuthority,
    };
    let user = UserSecretKey::from_encrypted(&stored.user, "open sesame", &elsewhere, &mut rng(5));
    assert_eq!(refusal(user), other);
    let master = MasterSecretKey::from_encrypted(&stored.master, "open sesame", &elsewhere);
    assert_eq!(refusal(master), other);
    // Relabelled, the bytes are altered ones.
    let digest: &Digest = &elsewhere.digest();
    let relabelled = with(&stored.master, PARAMETERS, digest.as_ref());
    let master = MasterSecretKey::from_encrypted(&relabelled, "open sesame", &elsewhere);
    assert_eq!(refusal(master), LOCKED);
}

#[test]
fn nobody_is_kept_busy_by_bytes_from_outside() {
    let stored = stored();
    let cost = |memory_kib: u32, passes: u32| PassphraseCost { memory_kib, passes };
    let too_much = [
        cost(u32::MAX, 1),
        cost(PassphraseCost::MAX_MEMORY_KIB + 1, 1),
        cost(PassphraseCost::MAX_MEMORY_KIB, 5),
        cost(64, u32::MAX),
        cost(7, 1),
        cost(64, 0),
    ];
    assert_eq!(encrypted_cost(&stored.user), Ok(CHEAP));
    for cost in too_much {
        let mut bytes = with(&stored.user, MEMORY, &cost.memory_kib.to_le_bytes());
        bytes = with(&bytes, PASSES, &cost.passes.to_le_bytes());
        let error = refusal(stored.read_user(&bytes, "open sesame"));
        assert_eq!(error, out_of_bounds(cost));
        let error = refusal(encrypted_cost(&bytes));
        assert_eq!(error, out_of_bounds(cost));
        let (_, master) = MasterSecretKey::setup(&mut rng(1));
        let error = refusal(master.to_encrypted("open sesame", cost, &mut rng(3)));
        assert_eq!(error, out_of_bounds(cost));
    }
}

#[test]
fn bytes_are_read_strictly() {
    let stored = stored();
    let decode = |bytes: &[u8]| match refusal(stored.read_user(bytes, "open sesame")) {
        StorageError::Decode { source } => Some(source),
        LOCKED => None,
        other => panic!("{other}"),
    };
    for end in 0..stored.user.len() {
        let cut = decode(&stored.user[..end]);
        assert_eq!(cut, Some(DecodeError::Truncated), "cut at {end}");
    }
    let longer = [&stored.user[..], &[0]].concat();
    let trailing = Some(DecodeError::TrailingBytes { count: 1 });
    assert_eq!(decode(&longer), trailing);
    assert!(matches!(
        decode(&with(&stored.user, 0, b"x")),
        Some(DecodeError::WrongKind { .. })
    ));
    assert!(matches!(
        decode(&with(&stored.user, 4, &[9])),
        Some(DecodeError::UnknownVersion { version: 9 })
    ));
    assert!(matches!(
        decode(&vec![0; (1 << 20) + 1]),
        Some(DecodeError::TooLong { .. })
    ));
    // Nothing, or too little, under the passphrase.
    for kept in [0, 31, 63, OVERHEAD - 1] {
        let mut short = stored.user[..SEALED + kept].to_vec();
        short[SEALED - 4..SEALED].copy_from_slice(&(kept as u32).to_le_bytes());
        assert_eq!(decode(&short), None, "{kept} bytes sealed");
    }
}
