//! ChaCha20-Poly1305 without anything around it: the baseline of payloads.

use std::fmt;
use std::hint::black_box;

use chacha20poly1305::aead::{AeadInOut as _, KeyInit as _, inout::InOutBuf};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use medshare_abe::payload::SEGMENT_LEN;

/// Encrypts segments with a nonce each, and drops the tags.
pub struct BareAead(ChaCha20Poly1305);

impl BareAead {
    /// Takes the same key in every run.
    #[must_use]
    pub fn new() -> Self {
        Self(ChaCha20Poly1305::new(&[7; 32].into()))
    }

    /// Encrypts the first [`SEGMENT_LEN`] bytes in place; the space for the tag stays as it is.
    pub fn encrypt(&self, index: u32, segment: &mut [u8]) {
        let mut nonce = [0; 12];
        nonce[..4].copy_from_slice(&index.to_le_bytes());
        let text = InOutBuf::from(&mut segment[..SEGMENT_LEN]);
        let nonce = Nonce::from(nonce);
        let tag = self.0.encrypt_inout_detached(&nonce, b"", text);
        let _ = black_box(tag);
    }
}

impl Default for BareAead {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for BareAead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BareAead").finish_non_exhaustive()
    }
}
