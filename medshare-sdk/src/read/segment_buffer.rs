//! Segments on their way from stores that nobody trusts to plaintext.

use std::ops::Range;

use medshare_abe::payload::{PayloadLayout, SegmentOpener, TAG_LEN};
use medshare_contract::state::RecordState;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::store::objects::{Part, PayloadName, Store};

/// Some consecutive segments, each sealed until it was found to be good.
pub(crate) struct PartBuffer {
    layout: PayloadLayout,
    segments: Range<u32>,
    bytes: Zeroizing<Vec<u8>>,
    pub(crate) missing: Vec<u32>,
}

impl PartBuffer {
    pub(crate) fn new(layout: PayloadLayout, segments: Range<u32>) -> Self {
        let missing = segments.clone().collect();
        let mut part = Self {
            layout,
            segments,
            bytes: Zeroizing::default(),
            missing,
        };
        let end = part
            .segments
            .end
            .checked_sub(1)
            .map_or(0, |last| part.place(last).end);
        part.bytes.resize(end, 0);
        part
    }

    fn range(&self, index: u32) -> Range<u64> {
        self.layout.segment_range(index).unwrap_or_default()
    }

    /// Where a segment stands in the buffer.
    fn place(&self, index: u32) -> Range<usize> {
        let start = self.range(self.segments.start).start;
        let range = self.range(index);
        (range.start - start) as usize..(range.end - start) as usize
    }

    /// Takes a store's copy of every segment that is missing, in as few reads as there are gaps.
    pub(crate) async fn read_missing(&mut self, store: &Store, record: &RecordState) -> Result<()> {
        let name = PayloadName::of(record).object(Part::Payload);
        for run in self.missing.clone().chunk_by(|a, b| a + 1 == *b) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else {
                continue;
            };
            let sealed = store
                .read(name, self.range(*first).start..self.range(*last).end)
                .await?;
            let place = self.place(*first).start..self.place(*last).end;
            if sealed.len() != place.len() {
                return Err(Error::ObjectUnavailable {
                    object: Part::Payload.name(),
                });
            }
            self.bytes[place].copy_from_slice(&sealed);
        }
        Ok(())
    }

    /// Checks and decrypts every missing segment where it stands; bad ones stay missing. Blocks.
    pub(crate) fn open_missing(&mut self, opener: &SegmentOpener) {
        for index in std::mem::take(&mut self.missing) {
            let place = self.place(index);
            if opener.open_in_place(index, &mut self.bytes[place]).is_err() {
                self.missing.push(index);
            }
        }
    }

    /// Closes the gaps that the tags left.
    pub(crate) fn into_plaintext(mut self) -> Zeroizing<Vec<u8>> {
        let mut end = 0;
        for index in self.segments.clone() {
            let place = self.place(index);
            let text = place.start..place.end.saturating_sub(TAG_LEN);
            let length = text.len();
            self.bytes.copy_within(text, end);
            end += length;
        }
        self.bytes.truncate(end);
        self.bytes
    }
}
