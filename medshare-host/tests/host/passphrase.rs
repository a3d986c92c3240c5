use medshare_host::os_random;
use medshare_host::passphrase::{PassphraseCost, PassphraseError, PassphraseKey};

const CHEAP: PassphraseCost = PassphraseCost {
    memory_kib: 64,
    passes: 1,
};

fn refusal<T>(result: Result<T, PassphraseError>) -> PassphraseError {
    result.err().expect("refused")
}

#[test]
fn equal_secrets_look_different_and_stay_where_they_belong() {
    let key = PassphraseKey::derive("open sesame", &[7; 16], CHEAP).expect("derived");
    let mut rng = os_random();
    let mut encrypt = |context: &[u8]| key.encrypt(context, b"secret", &mut rng).expect("short");
    let one = encrypt(b"here");
    let two = encrypt(b"here");
    assert_ne!(one[..32], two[..32]);
    assert_ne!(one[32..], two[32..]);
    let opened = key.decrypt(b"here", &one).expect("the same context");
    assert_eq!(opened.as_slice(), b"secret");
    assert_eq!(
        refusal(key.decrypt(b"elsewhere", &one)),
        PassphraseError::Locked
    );
    let spliced = [&one[..32], &two[32..]].concat();
    assert_eq!(
        refusal(key.decrypt(b"here", &spliced)),
        PassphraseError::Locked
    );
    for (passphrase, salt) in [("open sesame", 8), ("sesame", 7)] {
        let other = PassphraseKey::derive(passphrase, &[salt; 16], CHEAP).expect("derived");
        assert_eq!(
            refusal(other.decrypt(b"here", &one)),
            PassphraseError::Locked
        );
        assert_ne!(other.pseudonym("a"), key.pseudonym("a"));
    }
    assert_ne!(key.pseudonym("a"), key.pseudonym("b"));
    assert_eq!(format!("{key:?}"), "PassphraseKey(secret)");
}

#[test]
fn a_cost_out_of_bounds_is_refused_before_any_work() {
    let too_much = PassphraseCost {
        memory_kib: PassphraseCost::MAX_MEMORY_KIB,
        passes: 5,
    };
    let error = PassphraseError::Cost { cost: too_much };
    assert_eq!(too_much.check(), Err(error.clone()));
    assert_eq!(
        refusal(PassphraseKey::derive("a", &[0; 16], too_much)),
        error
    );
    assert_eq!(PassphraseCost::HIGH.check(), Ok(()));
}
