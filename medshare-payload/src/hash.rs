//! The hashes of the content tree.
//!
//! ```text
//! leaf(i) = BLAKE3(key = KDF(segment, i), sealed segment i)
//! node    = BLAKE3(key = KDF(node), left ‖ right)
//! root    = BLAKE3(key = KDF(root, sealed length), top of the tree)
//! ```
//!
//! KDF is BLAKE3's key derivation with a domain tag as context; i and the length are u64
//! little-endian. The tree has the shape of RFC 6962: of n > 1 leaves, the left subtree holds the
//! largest power of two below n.

use medshare_types::Digest;

const SEGMENT_TAG: &str = "medshare/abe/content-segment/v1";
const NODE_TAG: &str = "medshare/abe/content-node/v1";
const ROOT_TAG: &str = "medshare/abe/content-root/v1";

/// The leaf of the content tree for a sealed segment.
#[must_use]
pub fn segment_digest(index: u32, sealed: &[u8]) -> Digest {
    let key = blake3::derive_key(SEGMENT_TAG, &u64::from(index).to_le_bytes());
    Digest::from_bytes(*blake3::keyed_hash(&key, sealed).as_bytes())
}

/// The content root of an object of `sealed_len` bytes with these leaves, at least one.
///
/// Cost: a compression for each leaf.
#[must_use]
pub fn content_root(leaves: &[Digest], sealed_len: u64) -> Digest {
    root_of(&Node::new().top(leaves), sealed_len)
}

/// The content root of an object of `sealed_len` bytes, from the top of its tree.
pub(crate) fn root_of(top: &Digest, sealed_len: u64) -> Digest {
    let key = blake3::derive_key(ROOT_TAG, &sealed_len.to_le_bytes());
    Digest::from_bytes(*blake3::keyed_hash(&key, top.as_ref()).as_bytes())
}

/// Hashes pairs of nodes, with the key derived once.
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

    /// The top of the tree over these leaves; the zero digest without any.
    pub(crate) fn top(&self, leaves: &[Digest]) -> Digest {
        // Tops of complete subtrees, the largest first: one for each bit that is set in the number
        // of leaves so far.
        let mut tops: Vec<Digest> = Vec::with_capacity(32);
        for (index, leaf) in leaves.iter().enumerate() {
            let mut top = *leaf;
            for _ in 0..(index + 1).trailing_zeros() {
                #[expect(clippy::expect_used, reason = "one top for each bit set in `index`")]
                let left = tops.pop().expect("the low bits of `index` are set");
                top = self.join(&left, &top);
            }
            tops.push(top);
        }
        let from_right = tops.into_iter().rev();
        from_right
            .reduce(|right, left| self.join(&left, &right))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The recursive definition of RFC 6962, section 2.1.
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
    fn leaves_depend_on_their_index_and_roots_on_the_length() {
        assert_ne!(segment_digest(0, b"x"), segment_digest(1, b"x"));
        let leaves = [segment_digest(0, b"x")];
        assert_ne!(content_root(&leaves, 17), content_root(&leaves, 18));
    }
}
