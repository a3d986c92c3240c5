//! The error of every operation of this crate.

use std::io;

use medshare_types::DecodeError;

/// The reason why a payload was not sealed or not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum PayloadError {
    /// The bytes are not a preamble, a content tree or an audit path.
    #[error("the preamble, content tree or audit path cannot be decoded")]
    Decode {
        #[from]
        source: DecodeError,
    },
    /// The preamble commits to another data key.
    #[error("the data key does not belong to this payload")]
    WrongKey,
    /// The content tree has another root, or its length and number of leaves disagree.
    #[error("the content tree does not match the content root")]
    TreeMismatch,
    /// The payload has too many segments, or a length that no sealed payload has.
    #[error("no payload has a length of {length} bytes")]
    InvalidLength { length: u64 },
    /// The stored object is shorter than the sealed one.
    #[error("the object was truncated to {found} of {expected} bytes")]
    ObjectTruncated { expected: u64, found: u64 },
    /// The stored object is longer than the sealed one.
    #[error("the object was extended from {expected} to {found} bytes")]
    ObjectExtended { expected: u64, found: u64 },
    /// Without a content root: the object does not end in a segment that was sealed as the last of
    /// an object of this length. It was truncated, extended or changed.
    #[error("an object of {object_len} bytes does not end in its last segment")]
    EndMismatch { object_len: u64 },
    /// The payload is padded, and only its last segment tells where the content ends.
    #[error("the last segment of a padded payload is required first")]
    Padded,
    /// The segment is not padded as the preamble and the content's length require.
    #[error("segment {index} is not padded correctly")]
    InvalidPadding { index: u32 },
    /// The bytes fetched are not those of the plan.
    #[error("{found} bytes were fetched, {expected} were planned")]
    WrongLength { expected: u64, found: u64 },
    /// The segment is not the one that was sealed at this index.
    #[error("segment {index} is not the one that was sealed")]
    SegmentMismatch { index: u32 },
    /// The index is not below the number of segments.
    #[error("there is no segment {index} among {count}")]
    NoSuchSegment { index: u32, count: u32 },
    /// The sealer was given a segment of the wrong length, or one after the last.
    #[error("segment {index} has the wrong length or follows the last one")]
    OutOfOrder { index: u32 },
    /// The payload has no last segment yet.
    #[error("the last segment was not sealed")]
    Unfinished,
}

impl From<PayloadError> for io::Error {
    fn from(error: PayloadError) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}
