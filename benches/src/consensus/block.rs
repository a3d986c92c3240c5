//! The payload of a measured block: bytes without meaning.

use std::sync::Arc;

use borsh::io::{Read, Result, Write};
use borsh::{BorshDeserialize, BorshSerialize};
use medshare_consensus::Payload;
use medshare_types::hash::{Digest, digest};

/// Shared as a node's batch is, so that clones cost nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block(Arc<Vec<u8>>);

impl Block {
    /// Bytes that count up, as many as are asked for.
    pub(crate) fn new(length: usize) -> Self {
        let bytes = (0..length).map(|index| (index % 251) as u8);
        Self(Arc::new(bytes.collect()))
    }
}

impl BorshSerialize for Block {
    fn serialize<W: Write>(&self, writer: &mut W) -> Result<()> {
        self.0.as_ref().serialize(writer)
    }
}

impl BorshDeserialize for Block {
    fn deserialize_reader<R: Read>(reader: &mut R) -> Result<Self> {
        Vec::deserialize_reader(reader).map(|bytes| Self(Arc::new(bytes)))
    }
}

impl Payload for Block {
    /// One hash of all bytes.
    fn root(&self) -> Digest {
        digest("medshare/benches/block/v1", &[&self.0])
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
