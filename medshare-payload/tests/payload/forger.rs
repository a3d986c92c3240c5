//! Segments forged by a reader, who holds the data key and therefore the segments' key: an
//! implementation from the specification, without the crate's checks.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use medshare_payload::{
    ContentTree, DataKey, Preamble, SEALED_SEGMENT_LEN, SEGMENT_LEN, content_root, segment_digest,
};
use medshare_types::Digest;
use medshare_types::hash::{Xof, digest};
use medshare_types::wire::to_borsh;

pub(crate) struct Forger {
    pub(crate) key: [u8; 32],
    /// The associated data of segments: payload id ‖ H(P).
    pub(crate) associated: Vec<u8>,
    pub(crate) commitment: [u8; 32],
}

impl Forger {
    /// k_pay under this preamble, whether or not it commits to the data key.
    pub(crate) fn new(data_key: &DataKey, preamble: &Preamble) -> Self {
        let bytes = preamble.to_bytes();
        let p0 = &bytes[..bytes.len() - 32];
        let start = digest("medshare/abe/preamble-start/v1", &[p0]);
        let fields = [data_key.as_bytes().as_slice(), start.as_ref()];
        let mut stream = Xof::new("medshare/abe/payload/v1", &fields);
        Self {
            key: stream.take(),
            associated: [
                preamble.payload_id(),
                preamble.digest().as_bytes().as_slice(),
            ]
            .concat(),
            commitment: stream.take(),
        }
    }

    pub(crate) fn nonce(index: u32, last: bool) -> [u8; 12] {
        let mut nonce = [0; 12];
        nonce[7..11].copy_from_slice(&index.to_be_bytes());
        nonce[11] = u8::from(last);
        nonce
    }

    pub(crate) fn seal(&self, index: u32, last: bool, text: &[u8]) -> Vec<u8> {
        let payload = Payload {
            msg: text,
            aad: &self.associated,
        };
        let nonce = Nonce::from(Self::nonce(index, last));
        self.cipher().encrypt(&nonce, payload).expect("short")
    }

    /// Decrypts with the tag as the only check.
    pub(crate) fn open(&self, index: u32, last: bool, sealed: &[u8]) -> Option<Vec<u8>> {
        let payload = Payload {
            msg: sealed,
            aad: &self.associated,
        };
        let nonce = Nonce::from(Self::nonce(index, last));
        self.cipher().decrypt(&nonce, payload).ok()
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(&self.key.into())
    }

    /// All segments of an object with this plaintext.
    pub(crate) fn object(&self, text: &[u8]) -> Vec<u8> {
        let mut chunks: Vec<&[u8]> = text.chunks(SEGMENT_LEN).collect();
        if chunks.is_empty() {
            chunks.push(&[]);
        }
        let last = chunks.len() - 1;
        (0..)
            .zip(chunks)
            .flat_map(|(i, chunk)| self.seal(i, i as usize == last, chunk))
            .collect()
    }
}

/// The content tree of any object, under its own root.
pub(crate) fn tree_of(object: &[u8]) -> ContentTree {
    let segments = (0..).zip(object.chunks(SEALED_SEGMENT_LEN));
    let leaves: Vec<Digest> = segments.map(|(i, s)| segment_digest(i, s)).collect();
    let length = object.len() as u64;
    let mut bytes = b"mTRE\0\x01".to_vec();
    bytes.extend(to_borsh(&(length, &leaves)));
    ContentTree::from_bytes(&bytes, &content_root(&leaves, length)).expect("a tree")
}
