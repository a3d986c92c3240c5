//! Lengths and ranges of segments.

use core::cmp::Ordering;
use core::ops::Range;

use crate::error::PayloadError;

/// Bytes of plaintext in every segment but the last.
pub const SEGMENT_LEN: usize = 1 << 16;
/// Bytes that encryption adds to a segment.
pub const TAG_LEN: usize = 16;
/// Bytes of every sealed segment but the last.
pub const SEALED_SEGMENT_LEN: usize = SEGMENT_LEN + TAG_LEN;

const SEGMENT: u64 = SEGMENT_LEN as u64;
const SEALED: u64 = SEALED_SEGMENT_LEN as u64;
const TAG: u64 = TAG_LEN as u64;

/// The segments of a payload of a given length.
///
/// There is at least one segment. Every segment but the last is full, and the last is empty only if
/// the whole payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadLayout {
    plaintext_len: u64,
    segment_count: u32,
}

impl PayloadLayout {
    /// The layout of a plaintext of `length` bytes.
    ///
    /// # Errors
    /// [`PayloadError::InvalidLength`] above 2³² − 1 segments (256 TiB).
    pub fn of_plaintext(length: u64) -> Result<Self, PayloadError> {
        match u32::try_from(length.div_ceil(SEGMENT).max(1)) {
            Ok(segment_count) => Ok(Self {
                plaintext_len: length,
                segment_count,
            }),
            Err(_) => Err(PayloadError::InvalidLength { length }),
        }
    }

    /// The layout of a sealed object of `length` bytes.
    ///
    /// # Errors
    /// [`PayloadError::InvalidLength`] if no plaintext is sealed to this length.
    pub fn of_sealed(length: u64) -> Result<Self, PayloadError> {
        let tags = length.div_ceil(SEALED).max(1) * TAG;
        let layout = length.checked_sub(tags).map(Self::of_plaintext);
        match layout {
            Some(Ok(layout)) if layout.sealed_len() == length => Ok(layout),
            _ => Err(PayloadError::InvalidLength { length }),
        }
    }

    /// Number of segments, at least 1.
    #[must_use]
    pub const fn segment_count(&self) -> u32 {
        self.segment_count
    }

    /// Length of the plaintext in bytes, padding included.
    #[must_use]
    pub const fn plaintext_len(&self) -> u64 {
        self.plaintext_len
    }

    /// Length of the sealed object in bytes.
    #[must_use]
    pub const fn sealed_len(&self) -> u64 {
        self.plaintext_len + self.segment_count as u64 * TAG
    }

    /// Range of a sealed segment in the object; `None` after the last.
    #[must_use]
    pub fn segment_range(&self, index: u32) -> Option<Range<u64>> {
        (index < self.segment_count).then(|| self.sealed_range(index))
    }

    /// Range of the last sealed segment in the object.
    pub(crate) fn last_range(&self) -> Range<u64> {
        self.sealed_range(self.last())
    }

    fn sealed_range(&self, index: u32) -> Range<u64> {
        let start = u64::from(index) * SEALED;
        start..(start + SEALED).min(self.sealed_len())
    }

    /// The segment that holds the byte of plaintext at `offset`, and the offset within it; `None` at
    /// or after the end.
    #[must_use]
    pub fn locate(&self, offset: u64) -> Option<(u32, usize)> {
        if offset >= self.plaintext_len {
            return None;
        }
        let index = u32::try_from(offset / SEGMENT).ok()?;
        Some((index, (offset % SEGMENT) as usize))
    }

    /// Whether this is the last segment.
    #[must_use]
    pub const fn is_last(&self, index: u32) -> bool {
        index == self.last()
    }

    /// Index of the last segment.
    #[must_use]
    pub const fn last(&self) -> u32 {
        self.segment_count - 1
    }

    /// Checks that a stored object has the length of the sealed one.
    ///
    /// # Errors
    /// [`PayloadError::ObjectTruncated`] or [`PayloadError::ObjectExtended`].
    pub fn check_object(&self, object_len: u64) -> Result<(), PayloadError> {
        let expected = self.sealed_len();
        let found = object_len;
        match found.cmp(&expected) {
            Ordering::Less => Err(PayloadError::ObjectTruncated { expected, found }),
            Ordering::Greater => Err(PayloadError::ObjectExtended { expected, found }),
            Ordering::Equal => Ok(()),
        }
    }

    /// Checks that a sealed segment has the length of the one at this index.
    ///
    /// # Errors
    /// [`PayloadError::NoSuchSegment`] or [`PayloadError::SegmentMismatch`].
    pub fn check_segment(&self, index: u32, sealed: &[u8]) -> Result<(), PayloadError> {
        let Some(range) = self.segment_range(index) else {
            let count = self.segment_count;
            return Err(PayloadError::NoSuchSegment { index, count });
        };
        if range.end - range.start == sealed.len() as u64 {
            Ok(())
        } else {
            Err(PayloadError::SegmentMismatch { index })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_round_trip() {
        for (plaintext, count) in [
            (0, 1),
            (1, 1),
            (SEGMENT - 1, 1),
            (SEGMENT, 1),
            (SEGMENT + 1, 2),
            (2 * SEGMENT, 2),
            (2 * SEGMENT + 1, 3),
            (u64::from(u32::MAX) * SEGMENT, u32::MAX),
        ] {
            let layout = PayloadLayout::of_plaintext(plaintext).expect("within limits");
            assert_eq!(layout.segment_count(), count);
            assert_eq!(layout.sealed_len(), plaintext + u64::from(count) * TAG);
            assert_eq!(PayloadLayout::of_sealed(layout.sealed_len()), Ok(layout));
            let last = layout.segment_range(count - 1).expect("a last segment");
            assert_eq!(last.end, layout.sealed_len());
            assert!(layout.is_last(count - 1) && layout.segment_range(count).is_none());
            assert_eq!(layout.locate(plaintext), None);
        }
    }

    #[test]
    fn lengths_that_no_plaintext_has_are_refused() {
        for length in [0, 15, SEALED + 1, SEALED + 16, 2 * SEALED + 3, u64::MAX] {
            assert_eq!(
                PayloadLayout::of_sealed(length),
                Err(PayloadError::InvalidLength { length })
            );
        }
        assert!(PayloadLayout::of_plaintext(u64::from(u32::MAX) * SEGMENT + 1).is_err());
        assert!(PayloadLayout::of_plaintext(u64::MAX).is_err());
    }
}
