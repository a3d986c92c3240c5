//! Naming a record, and describing it to those who are entitled.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{DecodeError, RecordId, RecordVersion, Timestamp, Wire};

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
    /// Leaves of 32 bytes for 64 KiB each: 2 TiB of payload.
    const MAX_LEN: usize = 1 << 30;
}

#[cfg(test)]
mod tests {
    use super::*;
    use medshare_types::Digest;

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
