//! Sealing single segments, without I/O.

use medshare_types::{Digest, RandomSource};

use crate::cipher::SegmentCipher;
use crate::error::PayloadError;
use crate::hash::segment_digest;
use crate::layout::{PayloadLayout, SEALED_SEGMENT_LEN, TAG_LEN};
use crate::padding::Padding;
use crate::preamble::{PayloadKey, Preamble};
use crate::secret::DataKey;
use crate::tree::ContentTree;

/// A new payload, not padded: its data key, its preamble, and the one sealer that there is for that
/// key.
#[must_use]
pub fn create(rng: &mut impl RandomSource) -> (DataKey, Preamble, SegmentSealer) {
    create_padded(Padding::None, rng)
}

/// As [`create`], for a payload that hides its length as `padding` says.
///
/// [`PayloadWriter`](crate::PayloadWriter) adds the padding; who seals segments himself adds [`Padding::tail`].
#[must_use]
pub fn create_padded(
    padding: Padding,
    rng: &mut impl RandomSource,
) -> (DataKey, Preamble, SegmentSealer) {
    let data_key = DataKey::random(rng);
    let (preamble, payload_key) = Preamble::create(&data_key, rng.array(), padding);
    let sealer = SegmentSealer::new(&payload_key, &preamble);
    (data_key, preamble, sealer)
}

/// Encrypts the segments of one payload, in order, and builds its content tree.
///
/// There is one sealer for a data key and it seals each place once: what was sealed wrongly cannot
/// be sealed again under the same nonce, and changed content is a new payload. An upload that was
/// broken off is resumed by sending the same sealed bytes again.
pub struct SegmentSealer {
    cipher: SegmentCipher,
    padding: Padding,
    leaves: Vec<Digest>,
    plaintext_len: u64,
    finished: bool,
}

impl SegmentSealer {
    fn new(key: &PayloadKey, preamble: &Preamble) -> Self {
        Self {
            cipher: SegmentCipher::new(key, preamble),
            padding: preamble.padding(),
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

    /// How the payload is padded: whoever feeds this sealer adds
    /// [`Padding::tail`] after the content.
    #[must_use]
    pub const fn padding(&self) -> Padding {
        self.padding
    }

    /// Bytes sealed so far, without tags.
    #[must_use]
    pub const fn plaintext_len(&self) -> u64 {
        self.plaintext_len
    }

    /// Seals the next segment where it stands: `buffer` is the plaintext followed by [`TAG_LEN`]
    /// bytes of room for the tag. Allocates nothing but the tree.
    ///
    /// # Errors
    /// [`PayloadError::OutOfOrder`] unless the segment is full, or is the last and not empty, or is
    /// the only one; or when the last was sealed before. [`PayloadError::InvalidPadding`] when the
    /// last segment of a padded payload does not end as [`Padding::tail`] does. `buffer` is then
    /// unchanged.
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
        let plaintext_len = self.plaintext_len + split as u64;
        if last && self.padding.content_len(text, plaintext_len).is_none() {
            return Err(PayloadError::InvalidPadding { index });
        }
        let Some(tag) = self.cipher.seal(index, last, text) else {
            return Err(PayloadError::OutOfOrder { index });
        };
        room.copy_from_slice(&tag);
        self.leaves.push(segment_digest(index, buffer));
        self.plaintext_len = plaintext_len;
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
