//! The state tree over the tables that hold its nodes and values.
//!
//! The tree library asserts invariants of its nodes and unwraps some of its reads. Here a store may
//! fail and a file may lie: every node is checked to be sound at its path before the tree sees it.
//! A failed read is kept as the error to return, and the tree gets a harmless node instead.

use std::cell::Cell;
use std::collections::BTreeMap;

use jmt::proof::SparseMerkleProof;
use jmt::storage::{LeafNode, NibblePath, Node, NodeKey, TreeReader, TreeUpdateBatch};
use jmt::{KeyHash, OwnedValue, ValueHash, Version};
use medshare_types::wire::to_borsh;
use medshare_types::{Digest, Height};
use redb::{ReadableTable, Table, WriteTransaction};

use super::error::StoreError;
use super::tables::{Bytes, NODES, VALUES, corrupt, failed, load, value_at, value_key};
use crate::state::{StateHasher, StatePath, StateTree, key_hash, state_root};

/// Nibbles of a key: every inner node is above this depth.
const MAX_DEPTH: usize = 64;
/// Far above the size of any tree, and far below an overflow of sums of 16.
const MAX_LEAVES: usize = 1 << 40;

/// The tables of nodes and values, for reading.
pub(super) struct Nodes<'a, N, V> {
    nodes: &'a N,
    values: &'a V,
    failure: Cell<Option<StoreError>>,
}

impl<'a, N, V> Nodes<'a, N, V>
where
    N: ReadableTable<Bytes, Bytes>,
    V: ReadableTable<Bytes, Bytes>,
{
    pub(super) const fn new(nodes: &'a N, values: &'a V) -> Self {
        let failure = Cell::new(None);
        Self {
            nodes,
            values,
            failure,
        }
    }

    /// Value of a key at a version, and the path to it.
    pub(super) fn prove(
        &self,
        key: &Digest,
        version: Version,
    ) -> Result<(Option<Vec<u8>>, StatePath), StoreError> {
        let (value, path): (_, SparseMerkleProof<StateHasher>) =
            self.with_tree(|tree| tree.get_with_proof(key_hash(key), version))?;
        Ok((value, StatePath::new(path)))
    }

    /// Root at `version`, which follows the newest, and the nodes and values to write for it.
    fn change<'c>(
        &self,
        changes: impl Iterator<Item = (&'c Digest, Option<Vec<u8>>)>,
        version: Version,
    ) -> Result<(Digest, TreeUpdateBatch), StoreError> {
        let changes = changes.map(|(key, value)| (key_hash(key), value));
        let (root, batch) = self.with_tree(|tree| tree.put_value_set(changes, version))?;
        Ok((Digest::from_bytes(root.0), batch))
    }

    /// Checks every node of one version: each has the hash that its parent names, the root that of
    /// `root`, and the leaves are those of `content`.
    pub(super) fn audit(
        &self,
        version: Version,
        root: &Digest,
        content: &BTreeMap<Digest, Vec<u8>>,
    ) -> Result<(), StoreError> {
        let mut leaves = 0;
        let no_path: NibblePath = [].into_iter().collect();
        let mut open = vec![(NodeKey::new(version, no_path), *root.as_bytes())];
        while let Some((key, hash)) = open.pop() {
            let lost = |what: &str| corrupt(format!("state tree: {what} at {key:?}"));
            let found = match self.find(&key)?.ok_or_else(|| lost("no node"))? {
                Node::Null => *state_root([]).as_bytes(),
                Node::Leaf(leaf) => {
                    leaves += 1;
                    let value = content
                        .get(&Digest::from_bytes(leaf.key_hash().0))
                        .ok_or_else(|| lost("a leaf without a value"))?;
                    let value_hash = ValueHash::with::<StateHasher>(value);
                    LeafNode::new(leaf.key_hash(), value_hash).hash::<StateHasher>()
                }
                Node::Internal(inner) => {
                    for (nibble, child) in inner.children_sorted() {
                        let path = key.nibble_path().nibbles().chain([nibble]).collect();
                        open.push((NodeKey::new(child.version, path), child.hash));
                    }
                    inner.hash::<StateHasher>()
                }
            };
            if found != hash {
                return Err(lost("another hash than its parent names"));
            }
        }
        if leaves == content.len() {
            Ok(())
        } else {
            Err(corrupt("state tree: a value without a leaf"))
        }
    }

    fn with_tree<T>(
        &self,
        work: impl FnOnce(StateTree<'_, Self>) -> anyhow::Result<T>,
    ) -> Result<T, StoreError> {
        let result = work(StateTree::new(self));
        match self.failure.take() {
            Some(error) => Err(error),
            None => result.map_err(|error| {
                error
                    .downcast()
                    .unwrap_or_else(|error| corrupt(format!("state tree: {error:#}")))
            }),
        }
    }

    fn find(&self, key: &NodeKey) -> Result<Option<Node>, StoreError> {
        let bytes = node_key(key.version(), key.nibble_path());
        let node = load::<Bytes, Node>(self.nodes, &bytes)?;
        match &node {
            Some(node) if !is_sound(key.nibble_path(), node) => {
                Err(corrupt(format!("state tree: unsound node at {key:?}")))
            }
            _ => Ok(node),
        }
    }
}

impl<N, V> TreeReader for Nodes<'_, N, V>
where
    N: ReadableTable<Bytes, Bytes>,
    V: ReadableTable<Bytes, Bytes>,
{
    fn get_node(&self, key: &NodeKey) -> anyhow::Result<Node> {
        let missing = || corrupt(format!("state tree: no node at {key:?}"));
        let found = self.find(key).and_then(|node| node.ok_or_else(missing));
        Ok(found.unwrap_or_else(|error| {
            self.failure.set(Some(error));
            let value = ValueHash::with::<StateHasher>([]);
            LeafNode::new(KeyHash([0; 32]), value).into()
        }))
    }

    fn get_node_option(&self, key: &NodeKey) -> anyhow::Result<Option<Node>> {
        Ok(self.find(key)?)
    }

    fn get_value_option(
        &self,
        version: Version,
        key: KeyHash,
    ) -> anyhow::Result<Option<OwnedValue>> {
        Ok(value_at(self.values, &Digest::from_bytes(key.0), version)?)
    }

    fn get_rightmost_leaf(&self) -> anyhow::Result<Option<(NodeKey, LeafNode)>> {
        anyhow::bail!("this tree is never restored from chunks")
    }
}

/// Changes the state to its next version and returns the root.
pub(super) fn write_state<'a>(
    write: &WriteTransaction,
    height: Height,
    changes: impl Iterator<Item = (&'a Digest, Option<Vec<u8>>)>,
) -> Result<Digest, StoreError> {
    let mut nodes = write.open_table(NODES).map_err(failed)?;
    let mut values = write.open_table(VALUES).map_err(failed)?;
    let (root, batch) = Nodes::new(&nodes, &values).change(changes, height.0)?;
    write_batch(&batch, &mut nodes, &mut values)?;
    Ok(root)
}

/// Writes new nodes and values. Those of older versions stay.
fn write_batch(
    batch: &TreeUpdateBatch,
    nodes: &mut Table<'_, Bytes, Bytes>,
    values: &mut Table<'_, Bytes, Bytes>,
) -> Result<(), StoreError> {
    for (key, node) in batch.node_batch.nodes() {
        let stored_key = node_key(key.version(), key.nibble_path());
        nodes
            .insert(&*stored_key, &*to_borsh(node))
            .map_err(failed)?;
    }
    for ((version, key), value) in batch.node_batch.values() {
        let stored_key = value_key(&Digest::from_bytes(key.0), *version);
        values
            .insert(&stored_key[..], &*to_borsh(value))
            .map_err(failed)?;
    }
    Ok(())
}

fn node_key(version: Version, path: &NibblePath) -> Vec<u8> {
    let mut key = version.to_be_bytes().to_vec();
    key.extend_from_slice(&to_borsh(path));
    key
}

/// True when a tree may hold the node at this path: only a root is null, a leaf is on the path of its
/// own key, and an inner node has at least two leaves below it.
fn is_sound(path: &NibblePath, node: &Node) -> bool {
    match node {
        Node::Null => path.is_empty(),
        Node::Leaf(leaf) => {
            let key = leaf.key_hash().0;
            let nibble = |at: usize| key.get(at / 2).map(|byte| [byte >> 4, byte & 15][at % 2]);
            (0..path.num_nibbles()).all(|at| nibble(at) == Some(path.get_nibble(at).into()))
        }
        Node::Internal(inner) => {
            let children: Vec<_> = inner.children_unsorted().map(|(_, child)| child).collect();
            let is_plausible = |leaves: usize| (1..MAX_LEAVES).contains(&leaves);
            path.num_nibbles() < MAX_DEPTH
                && counted_children(node) == Some(children.len() as u64)
                && children
                    .iter()
                    .all(|child| is_plausible(child.leaf_count()))
                && children
                    .iter()
                    .map(|child| child.leaf_count())
                    .sum::<usize>()
                    == inner.leaf_count()
                && (children.len() > 1 || children.iter().any(|child| !child.is_leaf()))
        }
    }
}

/// The number of children that an inner node claims. The library shows this field in the encoding
/// alone, which ends in two 64-bit counts, of children and of leaves.
fn counted_children(node: &Node) -> Option<u64> {
    let bytes = to_borsh(node);
    let counts = bytes.last_chunk::<16>()?;
    counts.first_chunk().copied().map(u64::from_le_bytes)
}
