//! The encryption of one segment.
//!
//! STREAM [Hoang–Reyhanitabar–Rogaway–Vizár 2015] over ChaCha20-Poly1305: the nonce of segment i is
//! seven zero bytes ‖ u32be(i) ‖ last, where last is 1 for the last segment and 0 otherwise. The key
//! is used for one payload, so the prefix need not be random. The associated data is payload id ‖
//! H(P), 64 bytes: a multiple of what Poly1305 processes at once. With half of it, reading is a
//! tenth slower.

use chacha20poly1305::aead::inout::InOutBuf;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce, Tag};

use crate::layout::TAG_LEN;
use crate::preamble::{ASSOCIATED_LEN, PayloadKey, Preamble};

pub(crate) struct SegmentCipher {
    cipher: ChaCha20Poly1305,
    associated: [u8; ASSOCIATED_LEN],
}

impl SegmentCipher {
    pub(crate) fn new(key: &PayloadKey, preamble: &Preamble) -> Self {
        Self {
            cipher: ChaCha20Poly1305::new(<&Key>::from(&**key)),
            associated: preamble.associated_data(),
        }
    }

    /// Encrypts `text` in place and returns its tag; `None` beyond the cipher's limits.
    pub(crate) fn seal(&self, index: u32, last: bool, text: &mut [u8]) -> Option<Tag> {
        self.cipher
            .encrypt_inout_detached(&nonce(index, last), &self.associated, InOutBuf::from(text))
            .ok()
    }

    /// Decrypts a sealed segment in place. If its tag is wrong, the bytes stay unchanged.
    pub(crate) fn open<'b>(
        &self,
        index: u32,
        last: bool,
        sealed: &'b mut [u8],
    ) -> Option<&'b mut [u8]> {
        let (text, tag) = sealed.split_at_mut(sealed.len().checked_sub(TAG_LEN)?);
        let tag = Tag::try_from(&*tag).ok()?;
        let buffer = InOutBuf::from(&mut *text);
        self.cipher
            .decrypt_inout_detached(&nonce(index, last), &self.associated, buffer, &tag)
            .ok()?;
        Some(text)
    }
}

fn nonce(index: u32, last: bool) -> Nonce {
    let mut nonce = [0; 12];
    nonce[7..11].copy_from_slice(&index.to_be_bytes());
    nonce[11] = u8::from(last);
    nonce.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::SEGMENT_LEN;
    use crate::padding::Padding;
    use crate::secret::DataKey;
    use aead_stream::{NewStream, StreamBE32, StreamPrimitive};
    use chacha20poly1305::aead::Payload;

    #[test]
    fn segments_are_those_of_the_stream_crate() {
        let data_key = DataKey::from_bytes([7; 32].into());
        let (preamble, key) = Preamble::create(&data_key, [9; 32], Padding::None);
        let cipher = SegmentCipher::new(&key, &preamble);
        let bare = ChaCha20Poly1305::new(<&Key>::from(&*key));
        let stream = StreamBE32::<ChaCha20Poly1305>::from_aead(bare, &[0; 7].into());
        let aad = [*preamble.payload_id(), *preamble.digest().as_bytes()].concat();
        for (index, length, last) in [
            (0, SEGMENT_LEN, false),
            (1, SEGMENT_LEN, false),
            (2, 5, true),
        ] {
            let plaintext = vec![index as u8; length];
            let mut sealed = plaintext.clone();
            let tag = cipher.seal(index, last, &mut sealed).expect("short");
            sealed.extend_from_slice(&tag);
            let payload = Payload {
                msg: &plaintext,
                aad: &aad,
            };
            let expected = stream.encrypt(index, last, payload).expect("stream");
            assert_eq!(expected, sealed);
            assert_eq!(cipher.open(index, !last, &mut sealed), None);
            assert_eq!(sealed, expected, "unchanged");
            let opened = cipher.open(index, last, &mut sealed).expect("the tag");
            assert_eq!(opened, plaintext);
        }
    }
}
