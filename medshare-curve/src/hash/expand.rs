//! From a message to two field elements: RFC 9380, sections 5.2 and 5.3.1.

use ark_bls12_381::Fq;
use sha2::{Digest, Sha256};

use crate::field;

const ELEMENT_LEN: usize = 64;
const BLOCK_LEN: usize = 64;
const HASH_LEN: usize = 32;

/// `hash_to_field` with count = 2, m = 1, L = 64.
pub(super) fn hash_to_field(dst: &[u8], message: &[u8]) -> [Fq; 2] {
    let uniform = expand_message_xmd(dst, message);
    [0, 1].map(|i| {
        let mut bytes = [0; ELEMENT_LEN];
        bytes.copy_from_slice(&uniform[i * ELEMENT_LEN..(i + 1) * ELEMENT_LEN]);
        field::reduce_wide(&bytes)
    })
}

/// `expand_message_xmd` with SHA-256 to 128 bytes.
#[expect(clippy::expect_used, reason = "longer tags are shortened first")]
fn expand_message_xmd(dst: &[u8], message: &[u8]) -> [u8; 2 * ELEMENT_LEN] {
    let shortened: [u8; HASH_LEN];
    let dst = if dst.len() > 255 {
        // Section 5.3.3.
        let hasher = Sha256::new().chain_update(b"H2C-OVERSIZE-DST-");
        shortened = hasher.chain_update(dst).finalize().into();
        &shortened
    } else {
        dst
    };
    let dst_len = [u8::try_from(dst.len()).expect("at most 255 bytes")];
    let finish = |hasher: Sha256| -> [u8; HASH_LEN] {
        let hasher = hasher.chain_update(dst).chain_update(dst_len);
        hasher.finalize().into()
    };

    let mut out = [0; 2 * ELEMENT_LEN];
    let length = [0, (2 * ELEMENT_LEN) as u8];
    let hasher = Sha256::new().chain_update([0; BLOCK_LEN]);
    let hasher = hasher.chain_update(message).chain_update(length);
    let b0 = finish(hasher.chain_update([0]));
    let mut block = [0; HASH_LEN];
    for (i, chunk) in (1u8..).zip(out.chunks_exact_mut(HASH_LEN)) {
        block.iter_mut().zip(b0).for_each(|(b, b0)| *b ^= b0);
        block = finish(Sha256::new().chain_update(block).chain_update([i]));
        chunk.copy_from_slice(&block);
    }
    out
}
