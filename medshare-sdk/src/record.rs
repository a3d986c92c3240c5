//! Naming a record, and describing it to those who are entitled.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{DecodeError, RecordId, RecordVersion, Timestamp, Wire};

use crate::error::{Error, Result};
use crate::write::content::Content;

/// A version of a record. `Display` and `FromStr` are `<id>/<version>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Record {
    /// The record.
    pub id: RecordId,
    /// Which version of it.
    pub version: RecordVersion,
}

impl std::fmt::Display for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.id, self.version)
    }
}

impl std::str::FromStr for Record {
    type Err = DecodeError;

    fn from_str(text: &str) -> Result<Self, DecodeError> {
        let parse = || {
            let (id, version) = text.split_once('/')?;
            Some(Self {
                id: id.parse().ok()?,
                version: RecordVersion(version.parse().ok()?),
            })
        };
        let reason = || "expected a record as <64 hexadecimal digits>/<version>".to_owned();
        parse().ok_or_else(|| DecodeError::Malformed { reason: reason() })
    }
}

/// What a record is, when it was sealed and by whom: readable by everybody who satisfies the
/// record's policy, with or without a grant, and by nobody else.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Descriptor {
    /// What a person would call it.
    pub title: String,
    /// The content's media type, as in RFC 6838.
    pub media_type: String,
    /// The organisation that sealed it, by name.
    pub author: String,
    /// When it was sealed.
    pub sealed_at: Timestamp,
}

impl Wire for Descriptor {
    const KIND: [u8; 4] = *b"mSDD";
    const MAX_LEN: usize = 32 << 10;
}

/// The object beside a payload: its preamble and its content tree.
#[derive(BorshSerialize, BorshDeserialize)]
pub(crate) struct SegmentsObject {
    pub(crate) preamble: Vec<u8>,
    pub(crate) tree: Vec<u8>,
}

impl Wire for SegmentsObject {
    const KIND: [u8; 4] = *b"mSEG";
    /// That of [`SegmentsObject::MAX_SEGMENTS`] segments.
    const MAX_LEN: usize = (Self::MAX_SEGMENTS as usize) * 32 + Self::AROUND_LEAVES;
}

impl SegmentsObject {
    /// Segments of the longest payload that is sealed or opened: 2 TiB of content, with a tree of
    /// 1 GiB that is held in memory.
    pub(crate) const MAX_SEGMENTS: u32 = 1 << 25;
    /// No more than this surrounds the leaves: envelopes, lengths, and the preamble.
    const AROUND_LEAVES: usize = 256;

    /// The most bytes of an object for so many segments.
    pub(crate) const fn len_with(segments: u32) -> u64 {
        segments as u64 * 32 + Self::AROUND_LEAVES as u64
    }

    /// How many segments a record has by the chain, if it can be opened here.
    pub(crate) fn checked_count(registered: u64) -> Result<u32> {
        let count = u32::try_from(registered).ok();
        let count = count.filter(|count| *count <= Self::MAX_SEGMENTS);
        let limit = Content::MAX_LEN;
        count.ok_or(Error::ContentTooLong { limit })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use medshare_abe::payload;
    use medshare_types::Digest;

    /// Whatever is sealed can be read back, and little more than that is ever fetched.
    #[test]
    fn the_limit_of_an_object_is_that_of_its_segments() {
        let (_, preamble, mut sealer) = payload::create(&mut medshare_host::os_random());
        for _ in 0..2 {
            let mut segment = vec![0; payload::SEALED_SEGMENT_LEN];
            sealer.seal_in_place(&mut segment, false).unwrap();
        }
        sealer.seal_in_place(&mut [0; 17], true).unwrap();
        let object = SegmentsObject {
            preamble: preamble.to_bytes(),
            tree: sealer.finish().unwrap().to_bytes(),
        };
        let (length, limit) = (object.to_wire().len() as u64, SegmentsObject::len_with(3));
        assert!((limit - 256..=limit).contains(&length), "{length}, {limit}");
        let most = SegmentsObject::len_with(SegmentsObject::MAX_SEGMENTS);
        assert_eq!(most, SegmentsObject::MAX_LEN as u64);
    }

    #[test]
    fn a_record_of_more_segments_than_can_be_read_is_refused() {
        let most = u64::from(SegmentsObject::MAX_SEGMENTS);
        assert_eq!(SegmentsObject::checked_count(most).unwrap(), 1 << 25);
        for count in [most + 1, u64::from(u32::MAX) + 1, u64::MAX] {
            let error = SegmentsObject::checked_count(count).unwrap_err();
            assert_eq!(error.code(), "content_too_long", "{count}");
        }
    }

    #[test]
    fn a_record_prints_and_parses() {
        let id = RecordId::from_digest(Digest::from_bytes([0xab; 32]));
        let record = Record {
            id,
            version: RecordVersion(3),
        };
        assert_eq!(record.to_string().parse(), Ok(record));
        for bad in [
            "",
            "/",
            "ab/1",
            &format!("{id}/"),
            &format!("{id}/-1"),
            &id.to_string(),
        ] {
            assert!(bad.parse::<Record>().is_err(), "{bad}");
        }
    }
}
