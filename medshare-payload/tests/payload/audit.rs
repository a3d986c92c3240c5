//! Audit paths, against the verification algorithm of RFC 9162, section 2.1.3.2.

use medshare_payload::{
    AuditPath, ContentTree, PayloadError, Rootless, SEALED_SEGMENT_LEN, SEGMENT_LEN, SegmentOpener,
};
use medshare_types::wire::to_borsh;
use medshare_types::{DecodeError, Digest};
use proptest::prelude::*;

use crate::forger::tree_of;
use crate::{Sealed, plaintext, seal};

/// An object of `segments` segments, the last of one byte. The tree does not depend on the content.
fn object(segments: usize) -> Vec<u8> {
    plaintext((segments - 1) * SEALED_SEGMENT_LEN + 17)
}

fn segment(object: &[u8], index: u32) -> &[u8] {
    let segment = object.chunks(SEALED_SEGMENT_LEN).nth(index as usize);
    segment.expect("a segment")
}

fn blake3(tag: &str, material: &[u8], input: &[u8]) -> [u8; 32] {
    let key = blake3::derive_key(tag, material);
    *blake3::keyed_hash(&key, input).as_bytes()
}

/// Whether the bytes of a path prove a segment, according to the RFC.
fn rfc_9162(path: &[u8], root: &Digest, sealed: &[u8]) -> bool {
    let fields = &path[6..];
    let index = u32::from_le_bytes(fields[..4].try_into().expect("4 bytes"));
    let length = u64::from_le_bytes(fields[4..12].try_into().expect("8 bytes"));
    let (siblings, []) = fields[16..].as_chunks::<32>() else {
        return false;
    };
    let node = |left: [u8; 32], right: [u8; 32]| {
        blake3("medshare/abe/content-node/v1", b"", &[left, right].concat())
    };
    let count = length.div_ceil(SEALED_SEGMENT_LEN as u64);
    let mut node_index = u64::from(index);
    let mut end = count - 1;
    let material = node_index.to_le_bytes();
    let mut top = blake3("medshare/abe/content-segment/v1", &material, sealed);
    for sibling in siblings {
        if end == 0 {
            return false;
        }
        if node_index & 1 == 1 || node_index == end {
            top = node(*sibling, top);
            while node_index & 1 == 0 && node_index != 0 {
                node_index >>= 1;
                end >>= 1;
            }
        } else {
            top = node(top, *sibling);
        }
        node_index >>= 1;
        end >>= 1;
    }
    let found = blake3("medshare/abe/content-root/v1", &length.to_le_bytes(), &top);
    end == 0 && found == *root.as_bytes()
}

#[test]
fn every_segment_has_a_path_for_its_own_index_only() {
    for count in 1..=40 {
        let object = object(count);
        let tree = tree_of(&object);
        let root = tree.root();
        for index in 0..count as u32 {
            let sealed = segment(&object, index);
            let path = tree.audit_path(index).expect("a segment");
            let bytes = path.to_bytes();
            assert_eq!(AuditPath::from_bytes(&bytes), Ok(path.clone()));
            assert_eq!((path.index(), path.layout()), (index, tree.layout()));
            assert_eq!(path.check(&root, index, sealed), Ok(()));
            assert!(rfc_9162(&bytes, &root, sealed), "{index} of {count}");
            for other in (0..count as u32).filter(|other| *other != index) {
                let mismatch = Err(PayloadError::SegmentMismatch { index: other });
                assert_eq!(path.check(&root, other, sealed), mismatch);
                let theirs = segment(&object, other);
                assert_eq!(path.check(&root, other, theirs), mismatch);
                let mismatch = Err(PayloadError::SegmentMismatch { index });
                assert_eq!(path.check(&root, index, theirs), mismatch);
            }
        }
        let count = count as u32;
        let missing = PayloadError::NoSuchSegment {
            index: count,
            count,
        };
        assert_eq!(tree.audit_path(count), Err(missing));
    }
}

#[test]
fn a_path_belongs_to_one_root() {
    let here = object(6);
    let there = object(7);
    let tree = tree_of(&here);
    let other = tree_of(&there);
    let mismatch = Err(PayloadError::SegmentMismatch { index: 2 });
    let path = tree.audit_path(2).expect("a segment");
    let others = other.audit_path(2).expect("a segment");
    // Both objects have this segment.
    let sealed = segment(&here, 2);
    assert_eq!(sealed, segment(&there, 2));
    assert_eq!(path.check(&tree.root(), 2, sealed), Ok(()));
    assert_eq!(others.check(&other.root(), 2, sealed), Ok(()));
    assert_eq!(path.check(&other.root(), 2, sealed), mismatch);
    assert_eq!(others.check(&tree.root(), 2, sealed), mismatch);
    assert_eq!(path.check(&Digest::ZERO, 2, sealed), mismatch);
    let mut changed = sealed.to_vec();
    changed[9] ^= 1;
    assert_eq!(path.check(&tree.root(), 2, &changed), mismatch);
    assert_eq!(path.check(&tree.root(), 2, &sealed[1..]), mismatch);
    assert_eq!(path.check(&tree.root(), 2, &[]), mismatch);
}

#[test]
fn paths_are_decoded_strictly() {
    let object = object(11);
    let tree = tree_of(&object);
    let path = tree.audit_path(4).expect("a segment");
    let bytes = path.to_bytes();
    let sealed = segment(&object, 4);
    assert_eq!(bytes.len(), 6 + 4 + 8 + 4 + 4 * 32);
    for at in 0..bytes.len() {
        assert!(AuditPath::from_bytes(&bytes[..at]).is_err(), "cut at {at}");
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        let proves = |path: AuditPath| path.check(&tree.root(), 4, sealed).is_ok();
        assert!(
            !AuditPath::from_bytes(&changed).is_ok_and(proves),
            "byte {at}"
        );
    }
    assert!(AuditPath::from_bytes(&[&bytes[..], &[0]].concat()).is_err());

    // One sibling too few, and one too many.
    let count_at = 6 + 4 + 8;
    let mut short = bytes[..bytes.len() - 32].to_vec();
    short[count_at] = 3;
    let mut long = [&bytes[..], &[0; 32]].concat();
    long[count_at] = 5;
    for wrong in [short, long] {
        let refused = AuditPath::from_bytes(&wrong);
        assert!(matches!(
            refused,
            Err(PayloadError::Decode {
                source: DecodeError::Malformed { .. }
            })
        ));
    }
    // An index after the end, and an impossible length.
    let mut after = bytes.clone();
    after[6] = 11;
    let missing = PayloadError::NoSuchSegment {
        index: 11,
        count: 11,
    };
    assert_eq!(AuditPath::from_bytes(&after), Err(missing));
    let mut length = bytes;
    length[10..18].copy_from_slice(&5u64.to_le_bytes());
    let invalid = Err(PayloadError::InvalidLength { length: 5 });
    assert_eq!(AuditPath::from_bytes(&length), invalid);
}

/// No path proves a segment of a truncated object under the root of the whole one.
#[test]
fn paths_prove_the_length() {
    let whole = object(5);
    let root = tree_of(&whole).root();
    let cut = whole[..4 * SEALED_SEGMENT_LEN].to_vec();
    let tree = tree_of(&cut);
    for index in 0..4 {
        let path = tree.audit_path(index).expect("a segment");
        let mismatch = Err(PayloadError::SegmentMismatch { index });
        assert_eq!(path.check(&root, index, segment(&cut, index)), mismatch);
    }
}

/// The longest path, in an object of 256 TiB, fits the encoding.
#[test]
fn the_longest_path_is_decoded() {
    let count = u64::from(u32::MAX);
    let length = count * SEALED_SEGMENT_LEN as u64;
    let mut bytes = b"mPTH\0\x01".to_vec();
    bytes.extend(7u32.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.extend(32u32.to_le_bytes());
    bytes.extend([0; 32 * 32]);
    let path = AuditPath::from_bytes(&bytes).expect("a path");
    assert_eq!(u64::from(path.layout().segment_count()), count);
    assert_eq!(path.to_bytes(), bytes);
}

/// The root and audit paths give a reader the same certainty as the tree.
#[test]
fn paths_and_the_root_replace_the_tree() {
    let text = plaintext(4 * SEGMENT_LEN + 5);
    let sealed = seal(1, &text);
    let root = sealed.tree.root();
    // For a range, the store returns the last segment, those of the range, and their paths.
    let fetch = |index: u32| {
        let path = AuditPath::from_bytes(&path_bytes(&sealed.tree, index)).expect("a path");
        (segment(&sealed.object, index).to_vec(), path)
    };
    let (last, path) = fetch(4);
    path.check(&root, 4, &last).expect("under the root");
    let length = path.layout().sealed_len();
    let opener = rootless(&sealed, length, &last);
    let (mut wanted, path) = fetch(2);
    path.check(&root, 2, &wanted).expect("under the root");
    let opened = opener.open_in_place(2, &mut wanted).expect("its content");
    assert_eq!(*opened, text[2 * SEGMENT_LEN..3 * SEGMENT_LEN]);
}

fn path_bytes(tree: &ContentTree, index: u32) -> Vec<u8> {
    tree.audit_path(index).expect("a segment").to_bytes()
}

fn rootless(sealed: &Sealed, length: u64, last: &[u8]) -> SegmentOpener<Rootless> {
    SegmentOpener::without_root(&sealed.data_key, &sealed.preamble, length, last)
        .expect("the last segment")
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_bytes_are_decoded_or_refused(
        index in 0..9u32,
        segments in 0..9u64,
        last in 0..300u64,
        siblings in prop::collection::vec(any::<[u8; 32]>(), 0..6),
        body in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let length = segments * SEALED_SEGMENT_LEN as u64 + last;
        let fields = to_borsh(&(index, length, siblings));
        for body in [fields, body] {
            let bytes = [b"mPTH\0\x01", &body[..]].concat();
            if let Ok(path) = AuditPath::from_bytes(&bytes) {
                prop_assert_eq!(path.to_bytes(), bytes);
            }
        }
    }
}
