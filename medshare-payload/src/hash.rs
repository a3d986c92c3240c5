//! The hashes of the content tree.
//!
//! ```text
//! leaf(i) = BLAKE3(key = KDF(segment, i), sealed segment i)
//! node    = BLAKE3(key = KDF(node), left ‖ right)
//! root    = BLAKE3(key = KDF(root, sealed length), top of the tree)
//! ```
//!
//! KDF is BLAKE3's key derivation, its context a domain tag; i and the length are u64
//! little-endian. The tree has the shape of RFC 6962: the left part of n > 1 leaves is the largest
//! power of two below n.

use medshare_types::Digest;

const SEGMENT_TAG: &str = "medshare/abe/content-segment/v1";
const NODE_TAG: &str = "medshare/abe/content-node/v1";
const ROOT_TAG: &str = "medshare/abe/content-root/v1";

/// The leaf of a sealed segment.
#[must_use]
pub fn segment_digest(index: u32, sealed: &[u8]) -> Digest {
    let key = blake3::derive_key(SEGMENT_TAG, &u64::from(index).to_le_bytes());
    Digest::from_bytes(*blake3::keyed_hash(&key, sealed).as_bytes())
}

/// The root over at least one leaf and the length of the sealed object.
///
/// Cost: a compression for each leaf.
#[must_use]
pub fn content_root(leaves: &[Digest], sealed_len: u64) -> Digest {
    root_of(&Node::new().top(leaves), sealed_len)
}

/// The root over the top of the tree and the length of the sealed object.
pub(crate) fn root_of(top: &Digest, sealed_len: u64) -> Digest {
    let key = blake3::derive_key(ROOT_TAG, &sealed_len.to_le_bytes());
    Digest::from_bytes(*blake3::keyed_hash(&key, top.as_ref()).as_bytes())
}

/// Hashes two nodes to the one above them.
pub(crate) struct Node {
    key: [u8; 32],
}

impl Node {
    pub(crate) fn new() -> Self {
        Self {
            key: blake3::derive_key(NODE_TAG, &[]),
        }
    }

    pub(crate) fn join(&self, left: &Digest, right: &Digest) -> Digest {
        let mut pair = [0; 64];
        pair[..32].copy_from_slice(left.as_ref());
        pair[32..].copy_from_slice(right.as_ref());
        Digest::from_bytes(*blake3::keyed_hash(&self.key, &pair).as_bytes())
    }

    /// The top of the tree over at least one leaf.
    pub(crate) fn top(&self, leaves: &[Digest]) -> Digest {
        // Tops of finished trees, the largest first: one for each bit of the number of leaves so
        // far.
        let mut tops: Vec<Digest> = Vec::with_capacity(32);
        for (index, leaf) in leaves.iter().enumerate() {
            let mut top = *leaf;
            for _ in 0..(index + 1).trailing_zeros() {
                top = self.join(&tops.pop().unwrap_or_default(), &top);
            }
            tops.push(top);
        }
        let tops = tops.into_iter().rev();
        let top = tops.reduce(|right, left| self.join(&left, &right));
        top.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6962, section 2.1, as it is written there.
    fn top(leaves: &[Digest]) -> [u8; 32] {
        if let [leaf] = leaves {
            return *leaf.as_bytes();
        }
        let split = leaves.len().next_power_of_two() / 2;
        let (left, right) = leaves.split_at(split);
        let key = blake3::derive_key(NODE_TAG, &[]);
        *blake3::keyed_hash(&key, &[top(left), top(right)].concat()).as_bytes()
    }

    #[test]
    fn the_tree_has_the_shape_of_rfc_6962() {
        let leaves: Vec<Digest> = (0..40).map(|i| segment_digest(i, b"x")).collect();
        for count in 1..=leaves.len() {
            let key = blake3::derive_key(ROOT_TAG, &7u64.to_le_bytes());
            let expected = blake3::keyed_hash(&key, &top(&leaves[..count]));
            assert_eq!(
                content_root(&leaves[..count], 7).as_bytes(),
                expected.as_bytes()
            );
        }
    }

    #[test]
    fn leaves_depend_on_their_place_and_roots_on_the_length() {
        assert_ne!(segment_digest(0, b"x"), segment_digest(1, b"x"));
        let leaves = [segment_digest(0, b"x")];
        assert_ne!(content_root(&leaves, 17), content_root(&leaves, 18));
    }
}
