//! Proofs that a segment belongs to a content root, without the other leaves.
//!
//! The audit path of RFC 6962, section 2.1.1: the siblings from the leaf up to the root. It carries
//! the length of the sealed object, to which the root is bound and from which the number of
//! segments follows, so a forged path cannot choose the shape of the tree. At most 1046 bytes,
//! whereas the leaves of a terabyte are 512 MiB.

use core::ops::Range;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{DecodeError, Digest, Wire};

use crate::error::PayloadError;
use crate::hash::{Node, root_of, segment_digest};
use crate::layout::PayloadLayout;
use crate::tree::ContentTree;

/// The path from the leaf of one segment to the content root.
///
/// ```
/// use medshare_payload::{AuditPath, PayloadWriter};
/// use std::io::Write;
///
/// let (_, _, sealer) = medshare_payload::create(&mut rand::rng());
/// let mut writer = PayloadWriter::new(Vec::new(), sealer);
/// writer.write_all(&[7; 200_000])?;
/// let (object, tree) = writer.finish()?;
/// let root = tree.root();
///
/// // The store sends a segment and its path.
/// let path = tree.audit_path(2)?.to_bytes();
/// // The reader knows the root and checks both.
/// let path = AuditPath::from_bytes(&path)?;
/// let range = path.layout().segment_range(2).ok_or("of four")?;
/// let segment = &object[range.start as usize..range.end as usize];
/// path.check(&root, 2, segment)?;
/// assert!(path.check(&root, 1, segment).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditPath {
    index: u32,
    layout: PayloadLayout,
    /// From the leaf up.
    siblings: Vec<Digest>,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct Encoded {
    index: u32,
    sealed_len: u64,
    siblings: Vec<Digest>,
}

impl Wire for Encoded {
    const KIND: [u8; 4] = *b"mPTH";
    const MAX_LEN: usize = 1046;
}

impl ContentTree {
    /// The path from the leaf of a segment to the root, with which a reader that has the root but
    /// not the leaves can check the segment.
    ///
    /// `PATH` of RFC 6962, section 2.1.1. Cost: a compression for each leaf.
    ///
    /// # Errors
    /// [`PayloadError::NoSuchSegment`].
    pub fn audit_path(&self, index: u32) -> Result<AuditPath, PayloadError> {
        AuditPath::new(self.layout(), self.leaves(), index)
    }
}

impl AuditPath {
    fn new(layout: PayloadLayout, leaves: &[Digest], index: u32) -> Result<Self, PayloadError> {
        let count = layout.segment_count();
        if index >= count {
            return Err(PayloadError::NoSuchSegment { index, count });
        }
        let node = Node::new();
        let siblings = sibling_subtrees(index, count)
            .into_iter()
            .map(|(_, range)| node.top(&leaves[range.start as usize..range.end as usize]))
            .collect();
        Ok(Self {
            index,
            layout,
            siblings,
        })
    }

    /// Index of the segment that the path proves.
    #[must_use]
    pub const fn index(&self) -> u32 {
        self.index
    }

    /// Lengths and ranges of the segments as the path claims them; only [`Self::check`] proves that
    /// they are the root's.
    #[must_use]
    pub const fn layout(&self) -> PayloadLayout {
        self.layout
    }

    /// Checks that `sealed` is segment `index` of the object under `root`, and that the object has
    /// the length of [`Self::layout`].
    ///
    /// Cost: a hash of the segment and a compression for each sibling, at most 32.
    ///
    /// # Errors
    /// [`PayloadError::SegmentMismatch`], also when the path is for another segment.
    pub fn check(&self, root: &Digest, index: u32, sealed: &[u8]) -> Result<(), PayloadError> {
        let mismatch = PayloadError::SegmentMismatch { index };
        if index != self.index {
            return Err(mismatch);
        }
        self.layout.check_segment(index, sealed)?;
        let node = Node::new();
        let subtrees = sibling_subtrees(index, self.layout.segment_count());
        let mut top = segment_digest(index, sealed);
        for ((side, _), sibling) in subtrees.iter().zip(&self.siblings) {
            top = match side {
                Side::Left => node.join(sibling, &top),
                Side::Right => node.join(&top, sibling),
            };
        }
        if root_of(&top, self.layout.sealed_len()) == *root {
            Ok(())
        } else {
            Err(mismatch)
        }
    }

    /// The canonical bytes, at most 1046.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Encoded {
            index: self.index,
            sealed_len: self.layout.sealed_len(),
            siblings: self.siblings.clone(),
        }
        .to_wire()
    }

    /// Parses the canonical bytes: the index of a segment in an object of a possible length, and as
    /// many siblings as its path has.
    ///
    /// # Errors
    /// [`PayloadError::Decode`], [`PayloadError::InvalidLength`] or
    /// [`PayloadError::NoSuchSegment`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PayloadError> {
        let encoded = Encoded::from_wire(bytes)?;
        let layout = PayloadLayout::of_sealed(encoded.sealed_len)?;
        let index = encoded.index;
        let count = layout.segment_count();
        if index >= count {
            return Err(PayloadError::NoSuchSegment { index, count });
        }
        if encoded.siblings.len() != sibling_subtrees(index, count).len() {
            let reason = "the number of siblings does not fit the index".to_owned();
            return Err(DecodeError::Malformed { reason }.into());
        }
        Ok(Self {
            index,
            layout,
            siblings: encoded.siblings,
        })
    }
}

/// The side of the path on which a sibling is.
#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

/// The sibling subtrees of the path from a leaf up to the root: their sides, and the ranges of
/// their leaves.
fn sibling_subtrees(index: u32, count: u32) -> Vec<(Side, Range<u32>)> {
    let mut trees = Vec::with_capacity(32);
    let mut here = 0..count;
    while let width @ 2.. = here.end - here.start {
        // The largest power of two below the width.
        let split = here.start + (1 << (width - 1).ilog2());
        if index < split {
            trees.push((Side::Right, split..here.end));
            here.end = split;
        } else {
            trees.push((Side::Left, here.start..split));
            here.start = split;
        }
    }
    trees.reverse();
    trees
}
