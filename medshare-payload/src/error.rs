//! The error of every operation of this crate.

use std::io;

use medshare_types::DecodeError;

/// Why a payload was not sealed or not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// The bytes are no preamble, content tree or audit path.
    #[error("the preamble, the content tree or the audit path cannot be decoded")]
    Decode {
        /// What is wrong with them.
        #[from]
        source: DecodeError,
    },
    /// The data key is not the one that the preamble commits to.
    #[error("the data key is not this payload's")]
    WrongKey,
    /// The content tree has another root, or its length and number of leaves disagree.
    #[error("the content tree is not the one expected")]
    TreeMismatch,
    /// The payload has too many segments, or a length that no sealed payload has.
    #[error("no sealed payload has {length} bytes")]
    InvalidLength {
        /// The length.
        length: u64,
    },
    /// The stored object is shorter than it was sealed.
    #[error("the object ends at byte {found} of {expected}")]
    ObjectTruncated {
        /// Bytes sealed.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// The stored object is longer than it was sealed.
    #[error("the object has {found} bytes instead of {expected}")]
    ObjectExtended {
        /// Bytes sealed.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// No content root is known, and the object does not end in the segment that was sealed as the
    /// last one of such an object: it was cut, extended or changed.
    #[error("an object of {object_len} bytes does not end as it was sealed")]
    EndMismatch {
        /// Bytes found.
        object_len: u64,
    },
    /// The payload is padded: its last segment is needed first, to know where the content ends.
    #[error("the payload is padded, and its last segment is needed first")]
    Padded,
    /// A segment is not padded as the preamble and the content's length say.
    #[error("the padding in segment {index} is not as it has to be")]
    InvalidPadding {
        /// Which, from 0.
        index: u32,
    },
    /// What was fetched is not as long as what was planned.
    #[error("{found} bytes were fetched where {expected} were planned")]
    WrongLength {
        /// Bytes planned.
        expected: u64,
        /// Bytes given.
        found: u64,
    },
    /// A segment is not the one that was sealed at this place.
    #[error("segment {index} is not the one that was sealed")]
    SegmentMismatch {
        /// Which, from 0.
        index: u32,
    },
    /// There is no such segment.
    #[error("no segment {index} among {count}")]
    NoSuchSegment {
        /// Which was asked for.
        index: u32,
        /// How many there are.
        count: u32,
    },
    /// A segment of the wrong length was given to the sealer, or one after the last.
    #[error("segment {index} cannot be sealed: wrong length, or it follows the last one")]
    OutOfOrder {
        /// Which.
        index: u32,
    },
    /// The last segment was not sealed.
    #[error("the last segment was not sealed")]
    Unfinished,
}

impl From<PayloadError> for io::Error {
    fn from(error: PayloadError) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}
