//! Contents of records, computed from their length and a seed by both processes.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest as _, Sha256};

/// The bytes of a content.
pub(crate) fn bytes(length: usize, seed: u64) -> Vec<u8> {
    let mut content = vec![0; length];
    ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut content);
    content
}

/// SHA-256 in hexadecimal digits; the product uses other hashes.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_differ_by_seed_and_have_their_length() {
        assert_eq!(bytes(1_001, 5).len(), 1_001);
        assert_eq!(digest(&bytes(64, 5)), digest(&bytes(64, 5)));
        assert_ne!(digest(&bytes(64, 5)), digest(&bytes(64, 6)));
    }
}
