//! Which sealed bytes hold a range of plaintext.

use core::ops::Range;

use crate::layout::{PayloadLayout, SEALED_SEGMENT_LEN, SEGMENT_LEN};

const SEGMENT: u64 = SEGMENT_LEN as u64;

/// What to fetch for a range of plaintext: the whole segments that hold it, which lie side by side.
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
    /// What to fetch for the part of `range` that the plaintext, padding included, has; nothing for
    /// none. It needs no key.
    #[must_use]
    pub fn plan(&self, range: Range<u64>) -> RangePlan {
        let end = range.end.min(self.plaintext_len());
        let start = range.start.min(end);
        // Both quotients are below the number of segments.
        let segments = if start == end {
            0..0
        } else {
            (start / SEGMENT) as u32..((end - 1) / SEGMENT + 1) as u32
        };
        let first = self.segment_range(segments.start);
        let last = segments.end.checked_sub(1);
        let last = last.and_then(|last| self.segment_range(last));
        let sealed = first.zip(last).map(|(first, last)| first.start..last.end);
        RangePlan {
            sealed: sealed.unwrap_or(0..0),
            segments,
            range: start..end,
        }
    }
}

impl RangePlan {
    /// The range of plaintext that there is: the one asked for, cut at the end.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// The bytes of the object to fetch.
    #[must_use]
    pub fn sealed_range(&self) -> Range<u64> {
        self.sealed.clone()
    }

    /// The segments to fetch.
    #[must_use]
    pub fn segments(&self) -> Range<u32> {
        self.segments.clone()
    }

    /// Where a segment's plaintext holds a part of the range; empty for segments not in the plan.
    #[must_use]
    pub fn part_of(&self, index: u32) -> Range<usize> {
        if !self.segments.contains(&index) {
            return 0..0;
        }
        let start = u64::from(index) * SEGMENT;
        let place = |offset: u64| offset.saturating_sub(start).min(SEGMENT) as usize;
        place(self.range.start)..place(self.range.end)
    }

    /// Where a sealed segment stands among the bytes fetched.
    pub(crate) fn place_of(&self, index: u32, length: usize) -> Range<usize> {
        let start = (index - self.segments.start) as usize * SEALED_SEGMENT_LEN;
        start..(start + SEALED_SEGMENT_LEN).min(length)
    }
}
