//! The names, layout and limits of stored objects, all of them ciphertext or digests of ciphertext.
//!
//! | object | holds |
//! |---|---|
//! | `records/<record>/<version>/<H(P)>/payload` | preamble-bound AEAD segments, one after the other |
//! | `records/<record>/<version>/<H(P)>/segments` | the preamble and the segments' digests |
//! | `records/<record>/<version>/<H(P)>/access` | the access header |
//! | `records/<record>/<version>/<H(P)>/descriptor` | the sealed descriptor |
//! | `records/<record>/<version>/<H(P)>/fingerprints` | under an idempotency key: of the sealed request |
//!
//! `<record>` is the digest of the record's identifier, in hexadecimal. H(P), the digest of the
//! payload's preamble, is new with every attempt to seal. Two attempts at one version (a retry while
//! the first is still being ordered) never write over each other; the
//! chain names the one that counts.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_payload::{SEALED_SEGMENT_LEN, SEGMENT_LEN};
use medshare_types::{Digest, RecordId, RecordVersion, Wire};

use crate::error::{Result, StoreError};

/// Segments that travel between application and store together.
pub const CHUNK_SEGMENTS: u32 = 128;
/// Bytes of a full sealed chunk, about 8 MiB.
pub const CHUNK_LEN: usize = CHUNK_SEGMENTS as usize * SEALED_SEGMENT_LEN;
/// Segments of the longest payload that is sealed or opened. Its content tree of 1 GiB is held in
/// memory.
pub const MAX_SEGMENTS: u32 = 1 << 25;
/// Bytes of the longest content that is sealed or opened: 2 TiB.
pub const MAX_CONTENT_LEN: u64 = MAX_SEGMENTS as u64 * SEGMENT_LEN as u64;
/// Bytes of the longest access header or descriptor that is fetched.
pub const MAX_SMALL_OBJECT: u64 = 1 << 20;

/// The object beside a payload.
#[derive(Debug, BorshSerialize, BorshDeserialize)]
pub struct SegmentsObject {
    /// The encoded preamble of the payload.
    pub preamble: Vec<u8>,
    /// The encoded content tree: 32 bytes a segment.
    pub tree: Vec<u8>,
}

impl Wire for SegmentsObject {
    const KIND: [u8; 4] = *b"mSEG";
    /// That of [`MAX_SEGMENTS`] segments.
    const MAX_LEN: usize = (MAX_SEGMENTS as usize) * Self::LEAF_LEN + Self::AROUND_LEAVES;
}

impl SegmentsObject {
    /// Bytes of one segment's digest.
    const LEAF_LEN: usize = 32;
    /// Bytes of the envelope, the lengths and the preamble, at most.
    const AROUND_LEAVES: usize = 256;

    /// The most bytes of an object for so many segments.
    pub const fn max_len_of(segments: u32) -> u64 {
        segments as u64 * Self::LEAF_LEN as u64 + Self::AROUND_LEAVES as u64
    }

    /// The number of segments that the chain names, if a payload of so many can be opened.
    pub fn checked_count(registered: u64) -> Result<u32> {
        match u32::try_from(registered) {
            Ok(count) if count <= MAX_SEGMENTS => Ok(count),
            _ => Err(StoreError::ContentTooLong {
                limit: MAX_CONTENT_LEN,
            }),
        }
    }
}

/// The marker's name, in a store's root.
pub(crate) const MARKER: &str = "medshare-store";
/// The first component of the paths of probes.
pub(crate) const PROBES: &str = "probe";

/// One of a record's objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// Segments, one after the other.
    Payload,
    /// A [`SegmentsObject`].
    Segments,
    /// The access header with its policy.
    Access,
    /// The sealed title and media type.
    Descriptor,
    /// Those of the sealed request, under an idempotency key.
    Fingerprints,
}

impl ObjectKind {
    pub(crate) const ALL: [Self; 5] = [
        Self::Payload,
        Self::Segments,
        Self::Access,
        Self::Descriptor,
        Self::Fingerprints,
    ];

    /// The last component of the object's path.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Payload => "payload",
            Self::Segments => "segments",
            Self::Access => "access",
            Self::Descriptor => "descriptor",
            Self::Fingerprints => "fingerprints",
        }
    }
}

/// Names one sealed payload of a version of a record, and the objects beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PayloadName {
    /// Identifier over all versions.
    pub record: RecordId,
    /// The version whose payload it is.
    pub version: RecordVersion,
    /// H(P), new with every attempt to seal.
    pub preamble: Digest,
}

impl PayloadName {
    /// The first component of every path.
    pub(crate) const ROOT: &'static str = "records";

    /// The payload that a path belongs to; none for a path of any other form.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        let mut components = path.strip_prefix(Self::ROOT)?.strip_prefix('/')?.split('/');
        Some(Self {
            record: RecordId::from_digest(components.next()?.parse().ok()?),
            version: RecordVersion(components.next()?.parse().ok()?),
            preamble: components.next()?.parse().ok()?,
        })
    }

    /// The folder of every payload of a version, registered or not.
    pub fn folder_of(record: RecordId, version: RecordVersion) -> String {
        format!("{}/{}/{version}", Self::ROOT, record.digest())
    }

    /// Names one of the payload's objects.
    #[must_use]
    pub const fn object(self, kind: ObjectKind) -> ObjectName {
        ObjectName {
            payload: self,
            kind,
        }
    }
}

/// Names one object of one payload.
#[derive(Clone, Copy, Debug)]
pub struct ObjectName {
    payload: PayloadName,
    kind: ObjectKind,
}

impl ObjectName {
    pub(crate) fn path(self) -> object_store::path::Path {
        let PayloadName {
            record,
            version,
            preamble,
        } = self.payload;
        let folder = PayloadName::folder_of(record, version);
        let kind = self.kind.name();
        object_store::path::Path::from(format!("{folder}/{preamble}/{kind}"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use medshare_host::os_random;
    use medshare_payload as payload;

    /// Whatever is sealed can be read back, and little more than that is ever fetched.
    #[test]
    fn the_limit_of_an_object_is_that_of_its_segments() {
        let (_, preamble, mut sealer) = payload::create(&mut os_random());
        for _ in 0..2 {
            let mut segment = vec![0; SEALED_SEGMENT_LEN];
            sealer.seal_in_place(&mut segment, false).unwrap();
        }
        sealer.seal_in_place(&mut [0; 17], true).unwrap();
        let object = SegmentsObject {
            preamble: preamble.to_bytes(),
            tree: sealer.finish().unwrap().to_bytes(),
        };
        let length = object.to_wire().len() as u64;
        let limit = SegmentsObject::max_len_of(3);
        assert!((limit - 256..=limit).contains(&length), "{length}, {limit}");
        let most = SegmentsObject::max_len_of(MAX_SEGMENTS);
        assert_eq!(most, SegmentsObject::MAX_LEN as u64);
    }

    #[test]
    fn a_record_of_more_segments_than_can_be_read_is_refused() {
        let most = u64::from(MAX_SEGMENTS);
        assert_eq!(SegmentsObject::checked_count(most).unwrap(), 1 << 25);
        for count in [most + 1, u64::from(u32::MAX) + 1, u64::MAX] {
            let error = SegmentsObject::checked_count(count).unwrap_err();
            assert!(
                matches!(error, StoreError::ContentTooLong { .. }),
                "{count}"
            );
        }
    }

    #[test]
    fn a_path_names_its_payload() {
        let payload = PayloadName {
            record: RecordId::from_digest(Digest::from_bytes([0xab; 32])),
            version: RecordVersion(3),
            preamble: Digest::from_bytes([0xcd; 32]),
        };
        for kind in ObjectKind::ALL {
            let path = payload.object(kind).path();
            assert_eq!(PayloadName::of_path(path.as_ref()), Some(payload));
            assert!(path.as_ref().ends_with(kind.name()));
        }
        for other in ["", "records", "records/ab/3", "keys/ab", "recordsab/3/cd"] {
            assert_eq!(PayloadName::of_path(other), None, "{other}");
        }
    }
}
