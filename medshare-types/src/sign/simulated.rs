//! Signatures for simulations: cheap, and worth nothing.
//!
//! They exist under `--cfg medshare_test_signatures` alone, which is given on the command line: no
//! feature of any crate switches it on. It needs debug assertions, and the crates that an application
//! is built from refuse it.

use super::{Signature, SigningKey, VerifyingKey};
use crate::hash::Digest;

#[cfg(not(debug_assertions))]
compile_error!("test signatures prove nothing: build simulations with debug assertions");

/// The beginning of simulated keys.
const MARK: &[u8; 30] = b"medshare/types/simulated-key/1";

impl SigningKey {
    /// The key of a seat in a simulation. Any party can sign with it.
    #[must_use]
    pub fn simulated(seat: u16) -> Self {
        let mut seed = [0; 32];
        let (mark, number) = seed.split_at_mut(MARK.len());
        mark.copy_from_slice(MARK);
        number.copy_from_slice(&seat.to_le_bytes());
        Self::from_seed(&seed)
    }
}

pub(super) fn verifying_key(seed: &[u8; 32]) -> Option<VerifyingKey> {
    let key = VerifyingKey(*seed);
    is_key(&key).then_some(key)
}

pub(super) fn is_key(key: &VerifyingKey) -> bool {
    key.0.starts_with(MARK)
}

/// Key and statement: another statement or signer has another signature.
pub(super) fn sign(key: &VerifyingKey, statement: &Digest) -> Signature {
    let mut signature = [0; 64];
    let (first, second) = signature.split_at_mut(32);
    first.copy_from_slice(&key.0);
    second.copy_from_slice(statement.as_ref());
    Signature(signature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::digest;
    use crate::sign::verify_batch;

    #[test]
    fn a_signature_is_of_one_key_and_statement() {
        let [one, other] = [1, 2].map(SigningKey::simulated);
        let statement = digest("t", &[b"x"]);
        let good = one.sign(&statement);
        assert_eq!(one.verifying_key().verify(&statement, &good), Ok(()));
        assert!(
            one.verifying_key()
                .verify(&digest("t", &[b"y"]), &good)
                .is_err()
        );
        assert!(other.verifying_key().verify(&statement, &good).is_err());
        let keys = [&one, &other].map(SigningKey::verifying_key);
        let mut signatures = [&one, &other].map(|key| key.sign(&statement));
        assert!(verify_batch(&statement, keys.iter().zip(&signatures)));
        signatures[1] = good;
        assert!(!verify_batch(&statement, keys.iter().zip(&signatures)));
    }

    /// Real keys verify as ever, also beside simulated ones.
    #[test]
    fn other_keys_are_ed25519() {
        let real = SigningKey::from_seed(&[7; 32]);
        let statement = digest("t", &[b"x"]);
        let signature = real.sign(&statement);
        let key = real.verifying_key();
        assert_eq!(key.verify(&statement, &signature), Ok(()));
        assert_ne!(signature, sign(&key, &statement));
        let mixed = [key, SigningKey::simulated(1).verifying_key()];
        assert!(!verify_batch(&statement, mixed.iter().zip(&[signature; 2])));
    }
}
