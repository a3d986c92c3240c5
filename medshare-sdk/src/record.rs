//! References to records, and descriptors.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{DecodeError, Digest, RecordId, RecordVersion, Timestamp, Wire, text};

const PREFIX: &str = "record";

/// A version of a record. Its text, also in serde's formats, begins with `record1` and ends with a
/// checksum over identifier and version, see [`text`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordRef {
    /// The same for every version.
    pub id: RecordId,
    /// The version, counted from 1.
    pub version: RecordVersion,
}

impl std::fmt::Display for RecordRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let version = self.version.0.to_be_bytes();
        text::write(f, PREFIX, &[self.id.as_ref(), &version].concat())
    }
}

impl std::str::FromStr for RecordRef {
    type Err = DecodeError;

    /// White space around the text is left out.
    fn from_str(text: &str) -> Result<Self, DecodeError> {
        let bytes = text::parse(PREFIX, text.trim())?;
        let parts = bytes.split_last_chunk();
        let parts = parts.and_then(|(id, version)| Some((id.try_into().ok()?, version)));
        let (id, version) = parts.ok_or(DecodeError::InvalidText { prefix: PREFIX })?;
        Ok(Self {
            id: RecordId::from_digest(Digest::from_bytes(id)),
            version: RecordVersion(u32::from_be_bytes(*version)),
        })
    }
}

medshare_types::text_serde! {
    RecordRef,
}

/// The description of a record, sealed beside it.
///
/// Readers whose attributes satisfy the record's policy can open it, with or without a grant;
/// others cannot.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Descriptor {
    /// The record's name for people.
    pub title: String,
    /// The content's media type, as in RFC 6838.
    pub media_type: String,
    /// The name of the organisation that sealed the record.
    pub author: String,
    /// The time of sealing by the sealer's clock.
    pub sealed_at: Timestamp,
}

impl Wire for Descriptor {
    const KIND: [u8; 4] = *b"mSDD";
    const MAX_LEN: usize = 32 << 10;
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_record_prints_and_parses() {
        let id = RecordId::from_digest(Digest::from_bytes([0xab; 32]));
        let record = RecordRef {
            id,
            version: RecordVersion(3),
        };
        assert_eq!(record.to_string().parse(), Ok(record));
        assert_eq!(format!(" {record}\r\n").parse(), Ok(record));
        for bad in ["", "record1", &id.to_string(), &format!("{id}/1")] {
            assert!(bad.parse::<RecordRef>().is_err(), "{bad}");
        }
    }
}
