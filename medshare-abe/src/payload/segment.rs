//! Sealing and opening single segments, without I/O.
//!
//! STREAM [Hoang–Reyhanitabar–Rogaway–Vizár 2015] over ChaCha20-Poly1305: the nonce of segment i is
//! seven zero bytes ‖ u32be(i) ‖ last, last being 1 for the last segment and 0 otherwise. The key
//! is used for one payload, so the prefix need not be random. Associated data: H(P).

use chacha20poly1305::aead::inout::InOutBuf;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce, Tag};
use medshare_types::Digest;

use super::layout::PayloadLayout;
use super::preamble::{PayloadKey, Preamble};
use super::tree::{ContentTree, segment_digest};
use super::{SEALED_SEGMENT_LEN, TAG_LEN};
use crate::error::PayloadError;
use crate::secret::DataKey;

/// Encrypts the segments of one payload, in order, and builds its content tree.
///
/// There is one sealer for a data key and it seals each place once: what was sealed wrongly cannot
/// be sealed again under the same nonce, and changed content is a new payload.
pub struct SegmentSealer {
    cipher: ChaCha20Poly1305,
    preamble: Digest,
    leaves: Vec<Digest>,
    plaintext_len: u64,
    finished: bool,
}

impl SegmentSealer {
    pub(super) fn new(key: &PayloadKey, preamble: &Preamble) -> Self {
        Self {
            cipher: cipher(key),
            preamble: preamble.digest(),
            leaves: Vec::new(),
            plaintext_len: 0,
            finished: false,
        }
    }

    /// Makes room for so many segments, so that sealing allocates nothing.
    #[must_use]
    pub fn with_capacity(mut self, segments: u32) -> Self {
        self.leaves.reserve(segments as usize);
        self
    }

    /// Seals the next segment where it stands: `buffer` is the plaintext followed by [`TAG_LEN`]
    /// bytes of room for the tag. Allocates nothing but the tree.
    ///
    /// # Errors
    /// [`PayloadError::OutOfOrder`] unless the segment is full, or is the last and not empty, or is
    /// the only one; or when the last was sealed before. `buffer` is then unchanged.
    pub fn seal_in_place(&mut self, buffer: &mut [u8], last: bool) -> Result<(), PayloadError> {
        let index = u32::try_from(self.leaves.len()).unwrap_or(u32::MAX);
        let fits = if last {
            buffer.len() <= SEALED_SEGMENT_LEN && (buffer.len() > TAG_LEN || index == 0)
        } else {
            buffer.len() == SEALED_SEGMENT_LEN
        };
        let split = buffer.len().checked_sub(TAG_LEN).filter(|_| fits);
        // Index u32::MAX stays unused, so that the number of segments is a u32.
        let (Some(split), false) = (split, self.finished || index == u32::MAX) else {
            return Err(PayloadError::OutOfOrder { index });
        };
        let (text, room) = buffer.split_at_mut(split);
        let sealed = self.cipher.encrypt_inout_detached(
            &nonce(index, last),
            self.preamble.as_ref(),
            InOutBuf::from(text),
        );
        let tag = sealed.map_err(|_| PayloadError::OutOfOrder { index })?;
        room.copy_from_slice(&tag);
        self.leaves.push(segment_digest(index, buffer));
        self.plaintext_len += split as u64;
        self.finished = last;
        Ok(())
    }

    /// The content tree, after the last segment.
    ///
    /// # Errors
    /// [`PayloadError::Unfinished`] before.
    pub fn finish(self) -> Result<ContentTree, PayloadError> {
        if !self.finished {
            return Err(PayloadError::Unfinished);
        }
        let layout = PayloadLayout::of_plaintext(self.plaintext_len)?;
        Ok(ContentTree::new(layout, self.leaves))
    }
}

impl core::fmt::Debug for SegmentSealer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SegmentSealer({} sealed; secret)", self.leaves.len())
    }
}

/// Checks and decrypts the segments of one payload, in any order.
pub struct SegmentOpener {
    cipher: ChaCha20Poly1305,
    preamble: Digest,
    tree: ContentTree,
}

impl SegmentOpener {
    /// For a stored object of `object_len` bytes.
    ///
    /// # Errors
    /// [`PayloadError::WrongKey`] when the preamble commits to another data key;
    /// [`PayloadError::ObjectTruncated`] or [`PayloadError::ObjectExtended`].
    pub fn new(
        data_key: &DataKey,
        preamble: &Preamble,
        tree: ContentTree,
        object_len: u64,
    ) -> Result<Self, PayloadError> {
        let key = preamble.payload_key(data_key)?;
        let (expected, found) = (tree.layout().sealed_len(), object_len);
        match found.cmp(&expected) {
            core::cmp::Ordering::Less => Err(PayloadError::ObjectTruncated { expected, found }),
            core::cmp::Ordering::Greater => Err(PayloadError::ObjectExtended { expected, found }),
            core::cmp::Ordering::Equal => Ok(Self {
                cipher: cipher(&key),
                preamble: preamble.digest(),
                tree,
            }),
        }
    }

    /// Lengths and places of the segments.
    #[must_use]
    pub const fn layout(&self) -> PayloadLayout {
        self.tree.layout()
    }

    /// Checks a sealed segment against the content tree, then decrypts it where it stands, and
    /// returns the plaintext, which is the front part of `buffer`. Allocates nothing.
    ///
    /// # Errors
    /// [`PayloadError::NoSuchSegment`] or [`PayloadError::SegmentMismatch`]; `buffer` then still
    /// holds ciphertext.
    pub fn open_in_place<'b>(
        &self,
        index: u32,
        buffer: &'b mut [u8],
    ) -> Result<&'b mut [u8], PayloadError> {
        self.tree.check(index, buffer)?;
        let mismatch = PayloadError::SegmentMismatch { index };
        let Some(split) = buffer.len().checked_sub(TAG_LEN) else {
            return Err(mismatch);
        };
        let (text, tag) = buffer.split_at_mut(split);
        let tag = Tag::try_from(&*tag).map_err(|_| mismatch.clone())?;
        let nonce = nonce(index, self.layout().is_last(index));
        let buffer = InOutBuf::from(&mut *text);
        self.cipher
            .decrypt_inout_detached(&nonce, self.preamble.as_ref(), buffer, &tag)
            .map_err(|_| mismatch)?;
        Ok(text)
    }
}

impl core::fmt::Debug for SegmentOpener {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SegmentOpener({:?}; secret)", self.layout())
    }
}

fn cipher(key: &PayloadKey) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(<&Key>::from(&**key))
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
    use crate::payload::SEGMENT_LEN;
    use aead_stream::{NewStream, StreamBE32, StreamPrimitive};
    use chacha20poly1305::aead::Payload;

    #[test]
    fn segments_are_those_of_the_stream_crate() {
        let data_key = DataKey::from_bytes([7; 32].into());
        let (preamble, key) = Preamble::create(&data_key, [9; 32]);
        let stream = StreamBE32::<ChaCha20Poly1305>::from_aead(cipher(&key), &[0; 7].into());
        let aad = preamble.digest();
        let mut sealer = SegmentSealer::new(&key, &preamble);
        for (index, length, last) in [
            (0, SEGMENT_LEN, false),
            (1, SEGMENT_LEN, false),
            (2, 5, true),
        ] {
            let plaintext = vec![index as u8; length];
            let mut buffer = [plaintext.as_slice(), &[0; TAG_LEN]].concat();
            sealer.seal_in_place(&mut buffer, last).expect("in order");
            let payload = Payload {
                msg: &plaintext,
                aad: aad.as_ref(),
            };
            assert_eq!(
                stream.encrypt(index, last, payload).expect("stream"),
                buffer
            );
        }
    }
}
