//! One segment under the content root, without the other leaves.
//!
//! The path of RFC 6962, section 2.1.1: from the leaf up, the top of the tree beside the way. It
//! carries the length of the sealed object, which the root is bound to and from which the number
//! of segments follows, so that the shape of the tree is not the path's to choose. At most 1046
//! bytes, where the leaves of a terabyte are 512 MiB.

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
/// // Whoever stores the object hands out a segment and its path,
/// let path = tree.audit_path(2)?.to_bytes();
/// // and whoever knows the root checks them.
/// let path = AuditPath::from_bytes(&path)?;
/// let range = path.layout().segment_range(2).ok_or("there are four")?;
/// let segment = &object[range.start as usize..range.end as usize];
/// path.check(&root, 2, segment)?;
/// assert!(path.check(&root, 1, segment).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditPath {
    index: u32,
    layout: PayloadLayout,
    /// The nearest to the leaf first.
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
    /// The path from the leaf of a segment to the root, with which that segment can be checked by
    /// whoever has the root and no leaves.
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
        let beside = beside(index, count).into_iter();
        let siblings = beside.map(|(_, range)| {
            let range = range.start as usize..range.end as usize;
            node.top(leaves.get(range).unwrap_or_default())
        });
        Ok(Self {
            index,
            layout,
            siblings: siblings.collect(),
        })
    }

    /// The segment it is for.
    #[must_use]
    pub const fn index(&self) -> u32 {
        self.index
    }

    /// Lengths and places of the segments, as the path has them; only after [`Self::check`] are
    /// they the root's.
    #[must_use]
    pub const fn layout(&self) -> PayloadLayout {
        self.layout
    }

    /// Checks that this is segment `index` of the object under `root`, with the length that it has
    /// there, and that the object's length is that of [`Self::layout`].
    ///
    /// Cost: a hash of the segment and one compression for each sibling, at most 32.
    ///
    /// # Errors
    /// [`PayloadError::SegmentMismatch`], also when the path is one for another segment.
    pub fn check(&self, root: &Digest, index: u32, sealed: &[u8]) -> Result<(), PayloadError> {
        let mismatch = PayloadError::SegmentMismatch { index };
        if index != self.index {
            return Err(mismatch);
        }
        self.layout.check_segment(index, sealed)?;
        let node = Node::new();
        let steps = beside(index, self.layout.segment_count());
        let steps = steps.iter().zip(&self.siblings);
        let leaf = segment_digest(index, sealed);
        let top = steps.fold(leaf, |below, ((side, _), sibling)| match side {
            Side::Left => node.join(sibling, &below),
            Side::Right => node.join(&below, sibling),
        });
        if root_of(&top, self.layout.sealed_len()) == *root {
            Ok(())
        } else {
            Err(mismatch)
        }
    }

    /// The canonical bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Encoded {
            index: self.index,
            sealed_len: self.layout.sealed_len(),
            siblings: self.siblings.clone(),
        }
        .to_wire()
    }

    /// Parses the canonical bytes: a place in an object of a possible length, and as many siblings
    /// as the way up from there has.
    ///
    /// # Errors
    /// [`PayloadError::Decode`], [`PayloadError::InvalidLength`] or
    /// [`PayloadError::NoSuchSegment`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PayloadError> {
        let encoded = Encoded::from_wire(bytes)?;
        let layout = PayloadLayout::of_sealed(encoded.sealed_len)?;
        let (index, count) = (encoded.index, layout.segment_count());
        if index >= count {
            return Err(PayloadError::NoSuchSegment { index, count });
        }
        if encoded.siblings.len() != beside(index, count).len() {
            let reason = "siblings do not fit the place".to_owned();
            return Err(DecodeError::Malformed { reason }.into());
        }
        Ok(Self {
            index,
            layout,
            siblings: encoded.siblings,
        })
    }
}

/// On which side of the way up a tree stands.
#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

/// The trees beside the way from a leaf to the top, the nearest to the leaf first: on which side
/// each stands and over which leaves.
fn beside(index: u32, count: u32) -> Vec<(Side, Range<u32>)> {
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
