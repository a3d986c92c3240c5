//! Contents of records, computed from their length and a seed by both processes.

use sha2::{Digest as _, Sha256};

/// The bytes of a content.
pub(crate) fn bytes(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut out = Vec::with_capacity(length + 8);
    while out.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend_from_slice(&state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes());
    }
    out.truncate(length);
    out
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
