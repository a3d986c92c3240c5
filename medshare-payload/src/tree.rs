//! The content tree: a digest for every sealed segment, and one root for all.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{Digest, Wire};

use crate::error::PayloadError;
use crate::hash::{content_root, segment_digest};
use crate::layout::PayloadLayout;

/// The leaves of one payload, stored beside it: 32 bytes for each segment of 64 KiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentTree {
    layout: PayloadLayout,
    leaves: Vec<Digest>,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct Encoded {
    sealed_len: u64,
    leaves: Vec<Digest>,
}

impl Wire for Encoded {
    const KIND: [u8; 4] = *b"mTRE";
    /// The tree of the longest payload, or the largest `usize` where that is less.
    const MAX_LEN: usize = 18_usize.saturating_add(32_usize.saturating_mul(u32::MAX as usize));
}

impl ContentTree {
    pub(crate) fn new(layout: PayloadLayout, leaves: Vec<Digest>) -> Self {
        Self { layout, leaves }
    }

    /// The content root, which must be published where readers cannot change it.
    ///
    /// Cost: a compression for each segment.
    #[must_use]
    pub fn root(&self) -> Digest {
        content_root(&self.leaves, self.layout.sealed_len())
    }

    /// Lengths and ranges of the segments.
    #[must_use]
    pub const fn layout(&self) -> PayloadLayout {
        self.layout
    }

    /// Length in bytes of the canonical form of a tree over `segments` leaves.
    #[must_use]
    pub const fn encoded_len(segments: u32) -> u64 {
        18 + 32 * segments as u64
    }

    /// The canonical bytes, which [`Self::encoded_len`] counts.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Encoded {
            sealed_len: self.layout.sealed_len(),
            leaves: self.leaves.clone(),
        }
        .to_wire()
    }

    /// Parses the canonical bytes and checks them against the published root.
    ///
    /// A tree proves nothing without such a root. Cost: that of [`Self::root`].
    ///
    /// # Errors
    /// [`PayloadError::Decode`], [`PayloadError::InvalidLength`] or
    /// [`PayloadError::TreeMismatch`].
    pub fn from_bytes(bytes: &[u8], root: &Digest) -> Result<Self, PayloadError> {
        let encoded = Encoded::from_wire(bytes)?;
        let layout = PayloadLayout::of_sealed(encoded.sealed_len)?;
        let tree = Self::new(layout, encoded.leaves);
        if tree.leaves.len() == layout.segment_count() as usize && tree.root() == *root {
            Ok(tree)
        } else {
            Err(PayloadError::TreeMismatch)
        }
    }

    /// Checks the length and the digest of a sealed segment.
    ///
    /// # Errors
    /// [`PayloadError::NoSuchSegment`] or [`PayloadError::SegmentMismatch`].
    pub fn check(&self, index: u32, sealed: &[u8]) -> Result<(), PayloadError> {
        self.layout.check_segment(index, sealed)?;
        if self.leaves.get(index as usize) == Some(&segment_digest(index, sealed)) {
            Ok(())
        } else {
            Err(PayloadError::SegmentMismatch { index })
        }
    }

    pub(crate) fn leaves(&self) -> &[Digest] {
        &self.leaves
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever can be sealed can be read: the longest payload has 2³² − 1 segments.
    #[test]
    fn the_tree_of_the_longest_payload_fits_its_encoding() {
        let tree = ContentTree::new(PayloadLayout::of_plaintext(0).unwrap(), Vec::new());
        let longest = tree.to_bytes().len() as u64 + 32 * u64::from(u32::MAX);
        assert!(longest <= Encoded::MAX_LEN as u64);
    }
}
