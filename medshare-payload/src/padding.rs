//! Hiding how long the content is.
//!
//! A sealed object shows the length of what is in it, and for many kinds of record the length says
//! which it is. Padded, an object has one of few lengths, those of Padmé [Nikitin, Barman, Lueks,
//! Underwood, Hubaux and Ford, *Reducing Metadata Leakage from Encrypted Files and Communication
//! with PURBs*, PETS 2019, section 4]: numbers whose binary form has as many significant bits as
//! their exponent has bits, so that O(log log n) bits of the length n remain visible.
//!
//! ```text
//! padded plaintext = content ‖ zero bytes ‖ u64le(len(content))
//! its length       = Padmé(max(len(content) + 8, 1024))
//! Padmé(n)         = n rounded up to a multiple of 2^(E−S), E = ⌊log₂ n⌋, S = ⌊log₂ E⌋ + 1
//! ```
//!
//! Padmé itself adds up to 12 % and to short contents hardly anything, although theirs are the
//! lengths that say most; where len(content) + 8 is 1024 or more, it adds less than a sixteenth of
//! that sum, and the trailer its 8 bytes.

use std::io::Read;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::error::PayloadError;

/// How a payload is padded. The preamble says so, and is bound to every segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
pub enum Padding {
    /// Not at all: the object shows the content's length.
    #[default]
    None,
    /// To at least 1024 bytes and the next length of Padmé.
    ///
    /// Adds at most 1024 bytes to contents below 1016 bytes, and to others 8 bytes and less than a
    /// sixteenth of what they then are. It hides where between
    /// two lengths of Padmé the content's lies, and not which two: 8 KiB and 8 MiB stay distinct.
    Padme,
}

/// The content's length.
const TRAILER_LEN: usize = 8;
const TRAILER: u64 = TRAILER_LEN as u64;
/// A length of Padmé.
const SHORTEST: u64 = 1024;

impl Padding {
    /// How many bytes are sealed for a content of so many.
    ///
    /// # Errors
    /// [`PayloadError::InvalidLength`] beyond 2⁶⁴.
    pub fn padded_len(self, content_len: u64) -> Result<u64, PayloadError> {
        let padded = match self {
            Self::None => Some(content_len),
            Self::Padme => content_len.checked_add(TRAILER).and_then(padme),
        };
        padded.ok_or(PayloadError::InvalidLength {
            length: content_len,
        })
    }

    /// What is sealed after a content of so many bytes.
    ///
    /// # Errors
    /// As [`Self::padded_len`].
    pub fn tail(self, content_len: u64) -> Result<PaddingTail, PayloadError> {
        Ok(PaddingTail {
            left: self.padded_len(content_len)? - content_len,
            trailer: content_len.to_le_bytes(),
        })
    }

    /// The content's length, from the last segment of a plaintext of so many bytes; none if the
    /// padding of this segment is not as it has to be.
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

    /// How much of a segment that begins at `start` is content; none if what follows it there is
    /// not its padding.
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
            // The shortest last segment is longer than the trailer, which so never is in two.
            let (zeros, trailer) = padding.split_last_chunk::<TRAILER_LEN>()?;
            (*trailer == content_len.to_le_bytes()).then_some(zeros)?
        } else {
            padding
        };
        is_zero(zeros).then_some(held)
    }
}

/// Padmé(max(n, 1024)).
fn padme(n: u64) -> Option<u64> {
    let n = n.max(SHORTEST);
    let exponent = n.ilog2();
    let significant = exponent.ilog2() + 1;
    n.checked_next_multiple_of(1 << (exponent - significant))
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == 0)
}

/// Zero bytes and the content's length: what follows the content. Reading it never fails.
///
/// [`PayloadWriter`](crate::PayloadWriter) adds it. Who calls
/// [`SegmentSealer::seal_in_place`](crate::SegmentSealer::seal_in_place) himself reads it after the
/// content, segment for segment.
#[derive(Clone, Debug)]
pub struct PaddingTail {
    left: u64,
    trailer: [u8; TRAILER_LEN],
}

impl PaddingTail {
    /// Bytes not read yet.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.left
    }
}

impl Read for PaddingTail {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let zeros = self.left.saturating_sub(TRAILER).min(out.len() as u64);
        let (front, out) = out.split_at_mut(zeros as usize);
        front.fill(0);
        self.left -= zeros;
        // Of the trailer, the last `left` bytes remain: all of it, once the zero bytes are out.
        let rest = self.left.min(TRAILER) as usize;
        let rest = &self.trailer[TRAILER_LEN - rest..];
        let copied = rest.len().min(out.len());
        out[..copied].copy_from_slice(&rest[..copied]);
        self.left -= copied as u64;
        Ok(front.len() + copied)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As in the paper, with logarithms and masks.
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

    /// So the trailer never lies across the last two segments.
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
            let mut part = [0xff; 5];
            while let Ok(read @ 1..) = tail.read(&mut part) {
                bytes.extend_from_slice(&part[..read]);
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
