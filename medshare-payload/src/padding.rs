//! Padding, which hides the length of the content.
//!
//! A sealed object reveals the length of its content, and for many kinds of record the length
//! reveals the content. A padded object has one of few lengths, those of Padmé [Nikitin, Barman,
//! Lueks, Underwood, Hubaux and Ford, *Reducing Metadata Leakage from Encrypted Files and
//! Communication with PURBs*, PETS 2019, section 4]: numbers with no more significant bits than
//! their exponent has bits, so that O(log log n) bits of the length n remain visible.
//!
//! ```text
//! padded plaintext = content ‖ zero bytes ‖ u64le(len(content))
//! its length       = Padmé(max(len(content) + 8, 1024))
//! Padmé(n)         = n rounded up to a multiple of 2^(E−S), E = ⌊log₂ n⌋, S = ⌊log₂ E⌋ + 1
//! ```
//!
//! Padmé adds up to 12 %, but hardly anything to short contents, whose lengths reveal most: hence
//! the minimum of 1024. Where len(content) + 8 is 1024 or more, padding adds less than a sixteenth
//! of that sum, and the trailer 8 bytes.

use std::io::Read;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::error::PayloadError;

/// The padding of a payload. It is recorded in the preamble, to which every segment is bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
pub enum Padding {
    /// No padding: the object reveals the content's length.
    #[default]
    None,
    /// Padding to at least 1024 bytes and to the next length of Padmé.
    ///
    /// Adds at most 1024 bytes to contents below 1016 bytes, and to others 8 bytes and then less than
    /// a sixteenth of the sum. Lengths between two neighbouring lengths of Padmé become
    /// indistinguishable; 8 KiB and 8 MiB stay distinct.
    Padme,
}

/// Bytes of the trailer, which holds the content's length.
const TRAILER_LEN: usize = 8;
const TRAILER: u64 = TRAILER_LEN as u64;
/// Minimum length of a padded plaintext, itself a length of Padmé.
const SHORTEST: u64 = 1024;

impl Padding {
    /// Length of the plaintext that is sealed for a content of `content_len` bytes.
    ///
    /// # Errors
    /// [`PayloadError::InvalidLength`] if the result does not fit 64 bits.
    pub fn padded_len(self, content_len: u64) -> Result<u64, PayloadError> {
        let padded = match self {
            Self::None => Some(content_len),
            Self::Padme => content_len.checked_add(TRAILER).and_then(padme),
        };
        padded.ok_or(PayloadError::InvalidLength {
            length: content_len,
        })
    }

    /// The padding to seal after a content of `content_len` bytes.
    ///
    /// # Errors
    /// As [`Self::padded_len`].
    pub fn tail(self, content_len: u64) -> Result<PaddingTail, PayloadError> {
        Ok(PaddingTail {
            left: self.padded_len(content_len)? - content_len,
            trailer: content_len.to_le_bytes(),
        })
    }

    /// The content's length, read from the last segment of a plaintext of `plaintext_len` bytes;
    /// `None` if the padding in the segment is not correct.
    pub(crate) fn content_len(self, last: &[u8], plaintext_len: u64) -> Option<u64> {
        if self == Self::None {
            return Some(plaintext_len);
        }
        let (_, trailer) = last.split_last_chunk::<TRAILER_LEN>()?;
        let content_len = u64::from_le_bytes(*trailer);
        let start = plaintext_len.checked_sub(last.len() as u64)?;
        self.held(last, start, true, content_len)?;
        (self.padded_len(content_len) == Ok(plaintext_len)).then_some(content_len)
    }

    /// Number of content bytes in a segment that begins at `start`; `None` if the bytes after them
    /// are not the padding.
    pub(crate) fn held(
        self,
        text: &[u8],
        start: u64,
        is_last: bool,
        content_len: u64,
    ) -> Option<usize> {
        if self == Self::None {
            return Some(text.len());
        }
        let held = content_len.saturating_sub(start).min(text.len() as u64) as usize;
        let padding = &text[held..];
        let zeros = if is_last {
            // The shortest last segment is longer than the trailer, so the trailer is never split.
            let (zeros, trailer) = padding.split_last_chunk::<TRAILER_LEN>()?;
            (*trailer == content_len.to_le_bytes()).then_some(zeros)?
        } else {
            padding
        };
        is_zero(zeros).then_some(held)
    }
}

/// Padmé(max(n, 1024)); `None` beyond 64 bits.
fn padme(n: u64) -> Option<u64> {
    let n = n.max(SHORTEST);
    let exponent = n.ilog2();
    let significant = exponent.ilog2() + 1;
    n.checked_next_multiple_of(1 << (exponent - significant))
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == 0)
}

/// The bytes after the content: zeros, then the content's length. Reading them never fails.
///
/// [`PayloadWriter`](crate::PayloadWriter) appends them. Callers that use
/// [`SegmentSealer::seal_in_place`](crate::SegmentSealer::seal_in_place) must append them to the
/// content before they cut it into segments.
#[derive(Clone, Debug)]
pub struct PaddingTail {
    left: u64,
    trailer: [u8; TRAILER_LEN],
}

impl PaddingTail {
    /// Number of bytes not read yet.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.left
    }
}

impl Read for PaddingTail {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let zeros = self.left.saturating_sub(TRAILER).min(out.len() as u64);
        let (front, back) = out.split_at_mut(zeros as usize);
        front.fill(0);
        self.left -= zeros;
        // After the zeros, `left` bytes of the trailer remain.
        let unread = &self.trailer[TRAILER_LEN - self.left.min(TRAILER) as usize..];
        let copied = unread.len().min(back.len());
        back[..copied].copy_from_slice(&unread[..copied]);
        self.left -= copied as u64;
        Ok(front.len() + copied)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The paper's definition, with logarithms and masks.
    fn paper(length: u64) -> u64 {
        let exponent = (length as f64).log2().floor() as u64;
        let significant = (exponent as f64).log2().floor() as u64 + 1;
        let mask = (1 << (exponent - significant)) - 1;
        (length + mask) & !mask
    }

    #[test]
    fn lengths_are_those_of_the_paper() {
        for length in (SHORTEST..1 << 18).chain((20..45).map(|bits| (1 << bits) + 1)) {
            let padded = padme(length).expect("short");
            assert_eq!(padded, paper(length), "{length}");
            assert!(padded - length < length.div_ceil(16));
            assert_eq!(padme(padded), Some(padded));
        }
        assert_eq!(padme(0), Some(1024));
        assert_eq!(padme(1025), Some(1088));
        assert_eq!(padme(u64::MAX), None);
        for length in [u64::MAX, u64::MAX - 8] {
            let refused = Padding::Padme.padded_len(length);
            assert_eq!(refused, Err(PayloadError::InvalidLength { length }));
        }
    }

    /// The trailer is therefore never split over the last two segments.
    #[test]
    fn no_last_segment_is_shorter_than_the_trailer() {
        let segment = crate::layout::SEGMENT_LEN as u64;
        for content in (0..1 << 21).step_by(37).chain(0..3000) {
            let padded = Padding::Padme.padded_len(content).expect("short");
            let last = (padded - 1) % segment + 1;
            assert!(last >= 64, "{content}");
        }
    }

    #[test]
    fn the_tail_is_zeros_and_the_length() {
        for (content, padded) in [(0, 1024), (1, 1024), (1016, 1024), (1017, 1088)] {
            let mut tail = Padding::Padme.tail(content).expect("short");
            assert_eq!(tail.left(), padded - content);
            let mut bytes = Vec::new();
            let mut buffer = [0xff; 5];
            while let Ok(read @ 1..) = tail.read(&mut buffer) {
                bytes.extend_from_slice(&buffer[..read]);
            }
            let zeros = (padded - content) as usize - TRAILER_LEN;
            assert_eq!(
                bytes,
                [&vec![0; zeros][..], &content.to_le_bytes()].concat()
            );
        }
        assert_eq!(Padding::None.tail(7).map(|tail| tail.left()), Ok(0));
    }
}
