//! The authenticated state: a Jellyfish Merkle tree over digests, with SHA3-256.
//!
//! Keys are digests already and serve as paths unhashed. Versions are heights.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use jmt::proof::SparseMerkleProof;
use jmt::storage::{LeafNode, Node, NodeKey, TreeReader};
use jmt::{JellyfishMerkleTree, KeyHash, OwnedValue, RootHash, SimpleHasher, Version};
use medshare_types::Digest;
use sha3::{Digest as _, Sha3_256};

/// The tree over a store of nodes.
pub(crate) type StateTree<'a, R> = JellyfishMerkleTree<'a, R, StateHasher>;

/// The path from a key to a state root, which proves the key's value or its absence.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct StatePath(SparseMerkleProof<StateHasher>);

impl StatePath {
    #[cfg(feature = "storage")]
    pub(crate) const fn new(proof: SparseMerkleProof<StateHasher>) -> Self {
        Self(proof)
    }

    /// True when the state with this root holds exactly `value` under `key`; `None` is absence.
    /// Cost: at most 256 hashes, about log₂ of the number of keys in practice.
    pub(crate) fn leads(&self, key: &Digest, value: Option<&[u8]>, root: &Digest) -> bool {
        let root = RootHash(*root.as_bytes());
        self.0.verify(root, key_hash(key), value).is_ok()
    }
}

/// Root of a state with exactly this content. Cost: about one tree path per key.
///
/// The root does not depend on the order of changes, so it can be compared with any height.
#[must_use]
pub fn state_root<'a>(content: impl IntoIterator<Item = (&'a Digest, &'a Vec<u8>)>) -> Digest {
    let changes: BTreeMap<_, _> = content
        .into_iter()
        .map(|(key, value)| (key_hash(key), Some(value.clone())))
        .collect();
    #[expect(clippy::expect_used, reason = "the empty store answers every read")]
    let (root, _) = StateTree::new(&Nothing)
        .put_value_set(changes, 0)
        .expect("building a tree in memory");
    Digest::from_bytes(root.0)
}

pub(crate) const fn key_hash(key: &Digest) -> KeyHash {
    KeyHash(*key.as_bytes())
}

/// SHA3-256 behind a tag, which separates nodes of the tree from every other digest.
pub(crate) struct StateHasher(Sha3_256);

impl SimpleHasher for StateHasher {
    fn new() -> Self {
        const TAG: &[u8] = b"medshare/ledger/state/v1";
        Self(Sha3_256::new_with_prefix((TAG.len() as u64).to_le_bytes())).with(TAG)
    }

    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finalize(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

impl StateHasher {
    fn with(mut self, data: &[u8]) -> Self {
        self.0.update(data);
        self
    }
}

/// A store without nodes, for a tree built in memory.
struct Nothing;

impl TreeReader for Nothing {
    fn get_node_option(&self, _: &NodeKey) -> anyhow::Result<Option<Node>> {
        Ok(None)
    }

    fn get_value_option(&self, _: Version, _: KeyHash) -> anyhow::Result<Option<OwnedValue>> {
        Ok(None)
    }

    fn get_rightmost_leaf(&self) -> anyhow::Result<Option<(NodeKey, LeafNode)>> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use medshare_types::hash;

    fn hashed(pieces: &[&[u8]]) -> [u8; 32] {
        let mut hasher = StateHasher::new();
        pieces.iter().for_each(|piece| hasher.update(piece));
        hasher.finalize()
    }

    #[test]
    fn roots_of_small_states_by_hand() {
        let empty = state_root(&BTreeMap::new());
        assert_eq!(empty.as_bytes(), b"SPARSE_MERKLE_PLACEHOLDER_HASH__");

        let leaf = |key: &Digest, value: &[u8]| {
            hashed(&[b"JMT::LeafNode", key.as_ref(), &hashed(&[value])])
        };
        let left = Digest::ZERO;
        let right = Digest::from_bytes([0xff; 32]);
        let one = BTreeMap::from([(left, b"a".to_vec())]);
        assert_eq!(state_root(&one).as_bytes(), &leaf(&left, b"a"));

        let two = BTreeMap::from([(left, b"a".to_vec()), (right, b"b".to_vec())]);
        let a = leaf(&left, b"a");
        let b = leaf(&right, b"b");
        assert_eq!(
            state_root(&two).as_bytes(),
            &hashed(&[b"JMT::IntrnalNode", &a, &b])
        );
    }

    #[test]
    fn the_tag_is_framed_as_in_the_hash_module() {
        // The same framing as `medshare_types::hash`, up to the fields.
        assert_eq!(
            hashed(&[]),
            *hash::digest("medshare/ledger/state/v1", &[]).as_bytes()
        );
    }
}
