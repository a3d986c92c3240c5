//! Sealing segments, without I/O.

use medshare_types::{Digest, RandomSource};

use crate::cipher::SegmentCipher;
use crate::error::PayloadError;
use crate::hash::segment_digest;
use crate::layout::{PayloadLayout, SEALED_SEGMENT_LEN, TAG_LEN};
use crate::padding::Padding;
use crate::preamble::{PayloadKey, Preamble};
use crate::secret::DataKey;
use crate::tree::ContentTree;

/// Creates an unpadded payload: its data key, its preamble and its only sealer.
#[must_use]
pub fn create(rng: &mut impl RandomSource) -> (DataKey, Preamble, SegmentSealer) {
    create_padded(Padding::None, rng)
}

/// As [`create`], with padding that hides the content's length.
///
/// [`PayloadWriter`](crate::PayloadWriter) appends the padding. Callers that seal segments directly
/// must append [`Padding::tail`].
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
/// # Security
/// A data key has one sealer, and a sealer seals each index once: no nonce is used twice. Changed
/// content therefore needs a new payload, and an interrupted upload is resumed with the same sealed
/// bytes.
pub struct SegmentSealer {
    cipher: SegmentCipher,
    padding: Padding,
    /// Index of the next segment: the number of leaves.
    next: u32,
    leaves: Vec<Digest>,
    plaintext_len: u64,
    finished: bool,
}

impl SegmentSealer {
    fn new(key: &PayloadKey, preamble: &Preamble) -> Self {
        Self {
            cipher: SegmentCipher::new(key, preamble),
            padding: preamble.padding(),
            next: 0,
            leaves: Vec::new(),
            plaintext_len: 0,
            finished: false,
        }
    }

    /// Reserves memory for the leaves of `segments` segments, so that sealing allocates nothing.
    #[must_use]
    pub fn with_capacity(mut self, segments: u32) -> Self {
        self.leaves.reserve(segments as usize);
        self
    }

    /// The padding of the payload: callers must append [`Padding::tail`] to the content.
    #[must_use]
    pub const fn padding(&self) -> Padding {
        self.padding
    }

    /// Number of plaintext bytes sealed so far.
    #[must_use]
    pub const fn plaintext_len(&self) -> u64 {
        self.plaintext_len
    }

    /// Seals the next segment in place: `buffer` is the plaintext followed by [`TAG_LEN`] bytes for
    /// the tag. Allocates only for the tree.
    ///
    /// # Errors
    /// [`PayloadError::OutOfOrder`] unless the segment is full, or is the last and not empty, or is
    /// the only one; or after the last segment. [`PayloadError::InvalidPadding`] when the
    /// last segment of a padded payload does not end as [`Padding::tail`] does. `buffer` is then
    /// unchanged.
    pub fn seal_in_place(&mut self, buffer: &mut [u8], last: bool) -> Result<(), PayloadError> {
        let index = self.next;
        let fits = if last {
            buffer.len() <= SEALED_SEGMENT_LEN && (buffer.len() > TAG_LEN || index == 0)
        } else {
            buffer.len() == SEALED_SEGMENT_LEN
        };
        let split = buffer.len().checked_sub(TAG_LEN).filter(|_| fits);
        // Index u32::MAX stays unused, so that the number of segments fits 32 bits.
        let next = index.checked_add(1).filter(|_| !self.finished);
        let Some((split, next)) = split.zip(next) else {
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
        self.next = next;
        self.plaintext_len = plaintext_len;
        self.finished = last;
        Ok(())
    }

    /// The content tree of the sealed payload.
    ///
    /// # Errors
    /// [`PayloadError::Unfinished`] before the last segment was sealed.
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
