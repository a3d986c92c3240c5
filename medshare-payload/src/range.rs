//! Plans for reading a range of plaintext.

use core::ops::Range;

use crate::layout::{PayloadLayout, SEALED_SEGMENT_LEN, SEGMENT_LEN};

const SEGMENT: u64 = SEGMENT_LEN as u64;
const SEALED: u64 = SEALED_SEGMENT_LEN as u64;

/// The bytes to fetch for a range of plaintext: the contiguous whole segments that hold it.
///
/// Made by [`PayloadLayout::plan`] or [`SegmentOpener::plan`](crate::SegmentOpener::plan), opened
/// by [`SegmentOpener::open_range`](crate::SegmentOpener::open_range).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangePlan {
    segments: Range<u32>,
    sealed: Range<u64>,
    range: Range<u64>,
}

impl PayloadLayout {
    /// Plans to read `range` of the plaintext, padding included, cut at its end. Requires no key.
    ///
    /// The plan is empty if the range is empty or begins after the end.
    #[must_use]
    pub fn plan(&self, range: Range<u64>) -> RangePlan {
        let end = range.end.min(self.plaintext_len());
        let start = range.start.min(end);
        if start == end {
            return RangePlan {
                segments: 0..0,
                sealed: 0..0,
                range: start..end,
            };
        }
        let first = start / SEGMENT;
        let after = (end - 1) / SEGMENT + 1;
        RangePlan {
            // Neither exceeds the number of segments, which fits 32 bits.
            segments: first as u32..after as u32,
            sealed: first * SEALED..(after * SEALED).min(self.sealed_len()),
            range: start..end,
        }
    }
}

impl RangePlan {
    /// The range of plaintext, cut at the end.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// The range of the object to fetch.
    #[must_use]
    pub fn sealed_range(&self) -> Range<u64> {
        self.sealed.clone()
    }

    /// Indices of the segments to fetch.
    #[must_use]
    pub fn segments(&self) -> Range<u32> {
        self.segments.clone()
    }

    /// The range within a segment's plaintext; empty for segments outside the plan.
    #[must_use]
    pub fn range_in(&self, index: u32) -> Range<usize> {
        if !self.segments.contains(&index) {
            return 0..0;
        }
        let start = u64::from(index) * SEGMENT;
        let within = |offset: u64| offset.saturating_sub(start).min(SEGMENT) as usize;
        within(self.range.start)..within(self.range.end)
    }

    /// Range of a sealed segment within the `length` bytes fetched.
    pub(crate) fn sealed_range_in(&self, index: u32, length: usize) -> Range<usize> {
        let start = (index - self.segments.start) as usize * SEALED_SEGMENT_LEN;
        start..(start + SEALED_SEGMENT_LEN).min(length)
    }
}
