//! References to records, and descriptors.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{DecodeError, RecordId, RecordVersion, Timestamp, Wire};

/// A version of a record. `Display`, `FromStr` and serde's formats are `<id>/<version>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordRef {
    /// The same for every version.
    pub id: RecordId,
    /// The version, counted from 1.
    pub version: RecordVersion,
}

impl std::fmt::Display for RecordRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.id, self.version)
    }
}

impl std::str::FromStr for RecordRef {
    type Err = DecodeError;

    fn from_str(text: &str) -> Result<Self, DecodeError> {
        let parse = || {
            let (id, version) = text.split_once('/')?;
            Some(Self {
                id: id.parse().ok()?,
                version: RecordVersion(version.parse().ok()?),
            })
        };
        parse().ok_or_else(|| DecodeError::Malformed {
            reason: "expected a record as <64 hexadecimal digits>/<version>".to_owned(),
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
    use medshare_types::Digest;

    #[test]
    fn a_record_prints_and_parses() {
        let id = RecordId::from_digest(Digest::from_bytes([0xab; 32]));
        let record = RecordRef {
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
            assert!(bad.parse::<RecordRef>().is_err(), "{bad}");
        }
    }
}
