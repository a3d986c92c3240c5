//! The objects that the chain names: a record's payload, and the small objects beside it, accepted
//! only as registered.

use bytes::Bytes;
use medshare_abe::access::AccessHeader;
use medshare_abe::descriptor::SealedDescriptor;
use medshare_abe::payload::{ContentTree, Preamble};
use medshare_contract::state::{RecordState, SealedLabel};
use medshare_store::objects::{PayloadName, SegmentsObject};
use medshare_types::{Digest, Wire as _};

/// The payload that the chain names.
pub(crate) const fn payload_of(record: &RecordState) -> PayloadName {
    PayloadName {
        record: record.id,
        version: record.version,
        preamble: record.preamble,
    }
}

/// The label that a record is opened, granted, listed and repaired by: the first. The contract takes
/// more of them, for other programs; no store has their headers under a name of their own.
pub(crate) fn label_of(record: &RecordState) -> Option<&SealedLabel> {
    record.labels.first()
}

/// The access header of that digest.
pub(crate) fn access(bytes: &[u8], registered: &Digest) -> Option<AccessHeader> {
    let header = AccessHeader::from_wire(bytes).ok()?;
    (header.digest() == *registered).then_some(header)
}

/// The preamble of that digest, and the content tree of that root and of `count` segments. Blocks
/// for large trees.
pub(crate) fn segments(
    bytes: Bytes,
    registered: &Digest,
    root: &Digest,
    count: u32,
) -> Option<(Preamble, ContentTree)> {
    let object = SegmentsObject::from_wire(&bytes).ok()?;
    drop(bytes);
    // Nothing is hashed for a tree of another size than the chain says.
    if object.tree.len() as u64 != ContentTree::encoded_len(count) {
        return None;
    }
    let preamble = Preamble::from_bytes(&object.preamble).ok()?;
    let tree = ContentTree::from_bytes(&object.tree, root).ok()?;
    let fits = preamble.digest() == *registered && tree.layout().segment_count() == count;
    fits.then_some((preamble, tree))
}

/// The descriptor of that digest.
pub(crate) fn descriptor(bytes: &[u8], registered: &Digest) -> Option<SealedDescriptor> {
    let descriptor = SealedDescriptor::from_wire(bytes).ok()?;
    (descriptor.digest() == *registered).then_some(descriptor)
}
