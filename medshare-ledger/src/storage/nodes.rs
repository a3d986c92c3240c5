//! The state tree over the tables that hold its nodes and values.

use jmt::storage::{LeafNode, NibblePath, Node, NodeKey, TreeReader, TreeUpdateBatch};
use jmt::{KeyHash, OwnedValue, Version};
use medshare_types::Digest;
use medshare_types::wire::to_borsh;
use redb::{ReadableTable, Table};

use super::tables::{Bytes, corrupt, failed, load, value_at, value_key};
use crate::error::StoreError;

/// Both tables, readable.
pub(super) struct Nodes<'a, N, V> {
    pub(super) nodes: &'a N,
    pub(super) values: &'a V,
}

impl<N, V> TreeReader for Nodes<'_, N, V>
where
    N: ReadableTable<Bytes, Bytes>,
    V: ReadableTable<Bytes, Bytes>,
{
    fn get_node_option(&self, key: &NodeKey) -> anyhow::Result<Option<Node>> {
        let key = node_key(key.version(), key.nibble_path());
        Ok(load::<Bytes, _>(self.nodes, &key)?)
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

/// Writes what a change of the tree came to. Nodes and values of older versions stay.
pub(super) fn write(
    batch: &TreeUpdateBatch,
    nodes: &mut Table<'_, Bytes, Bytes>,
    values: &mut Table<'_, Bytes, Bytes>,
) -> Result<(), StoreError> {
    for (key, node) in batch.node_batch.nodes() {
        let key = node_key(key.version(), key.nibble_path());
        let node = to_borsh(node);
        nodes.insert(&*key, &*node).map_err(failed)?;
    }
    for ((version, key), value) in batch.node_batch.values() {
        let key = value_key(&Digest::from_bytes(key.0), *version);
        let value = to_borsh(value);
        values.insert(&key[..], &*value).map_err(failed)?;
    }
    Ok(())
}

/// The tree fails only when its store does: with that error, or with nodes that do not fit.
pub(super) fn tree_failed(error: anyhow::Error) -> StoreError {
    error
        .downcast::<StoreError>()
        .unwrap_or_else(|error| corrupt(format!("state tree: {error:#}")))
}

fn node_key(version: Version, path: &NibblePath) -> Vec<u8> {
    let mut key = version.to_be_bytes().to_vec();
    key.extend_from_slice(&to_borsh(path));
    key
}
