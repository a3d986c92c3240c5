//! Segments on their way from untrusted stores to plaintext.

use std::ops::Range;

use medshare_abe::payload::{ContentTree, PayloadLayout, SegmentOpener, TAG_LEN};
use medshare_contract::state::RecordState;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::registered::payload_of;
use medshare_store::backend::Store;
use medshare_store::objects::ObjectKind;

/// Some consecutive segments: each is taken from the first store that has the registered one, and
/// decrypted in place.
pub(super) struct SegmentBuffer {
    segments: Vec<Segment>,
    bytes: Zeroizing<Vec<u8>>,
}

struct Segment {
    index: u32,
    /// Byte range in the stored payload.
    stored: Range<u64>,
    /// Byte range in the buffer.
    slot: Range<usize>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Missing,
    /// Ciphertext, found to be the registered one.
    Closed,
    Open,
}

impl SegmentBuffer {
    /// An empty buffer for the segments of `indices`.
    ///
    /// # Errors
    /// [`Error::Internal`] for a segment that the layout does not have.
    pub(super) fn new(layout: PayloadLayout, indices: Range<u32>) -> Result<Self> {
        let mut segments = Vec::new();
        let mut end = 0;
        for index in indices {
            let stored = layout
                .segment_range(index)
                .ok_or_else(|| Error::internal("a segment beyond the end of its payload"))?;
            let length = usize::try_from(stored.end - stored.start).map_err(Error::internal)?;
            let slot = end..end + length;
            end = slot.end;
            segments.push(Segment {
                index,
                stored,
                slot,
                state: State::Missing,
            });
        }
        Ok(Self {
            segments,
            bytes: Zeroizing::new(vec![0; end]),
        })
    }

    /// The first segment that no store so far has given as it was registered.
    pub(super) fn first_missing(&self) -> Option<u32> {
        let is_missing = |segment: &&Segment| segment.state == State::Missing;
        let missing = self.segments.iter().find(is_missing);
        missing.map(|segment| segment.index)
    }

    /// The index after the last segment.
    pub(super) fn end(&self) -> u32 {
        let last = self.segments.last();
        last.map_or(0, |segment| segment.index.saturating_add(1))
    }

    /// Takes a store's copy of every missing segment, in as few reads as there are gaps.
    pub(super) async fn read_missing(&mut self, store: &Store, record: &RecordState) -> Result<()> {
        let name = payload_of(record).object(ObjectKind::Payload);
        for run in self.segments.chunk_by(|a, b| a.state == b.state) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else {
                continue;
            };
            if first.state != State::Missing {
                continue;
            }
            let range = first.stored.start..last.stored.end;
            let found = store.read_found(name, range).await?;
            let slots = first.slot.start..last.slot.end;
            let Some(sealed) = found.filter(|found| found.len() == slots.len()) else {
                return Err(Error::ObjectUnavailable {
                    object: ObjectKind::Payload.name(),
                });
            };
            self.bytes[slots].copy_from_slice(&sealed);
        }
        Ok(())
    }

    /// Checks every missing segment without the key; bad ones stay missing. Blocks.
    pub(super) fn check_missing(&mut self, tree: &ContentTree) {
        for segment in &mut self.segments {
            let bytes = &self.bytes[segment.slot.clone()];
            if segment.state == State::Missing && tree.check(segment.index, bytes).is_ok() {
                segment.state = State::Closed;
            }
        }
    }

    /// Checks and decrypts every segment that is not open yet; bad ones are missing. Blocks.
    pub(super) fn open_closed(&mut self, opener: &SegmentOpener) {
        for segment in &mut self.segments {
            if segment.state == State::Open {
                continue;
            }
            let bytes = &mut self.bytes[segment.slot.clone()];
            segment.state = match opener.open_in_place(segment.index, bytes) {
                Ok(_) => State::Open,
                Err(_) => State::Missing,
            };
        }
    }

    /// The plaintext of all segments, without the gaps that their tags leave.
    pub(super) fn into_plaintext(mut self) -> Zeroizing<Vec<u8>> {
        let mut end = 0;
        for Segment { slot, .. } in self.segments {
            let text = slot.start..slot.end.saturating_sub(TAG_LEN);
            let length = text.len();
            self.bytes.copy_within(text, end);
            end += length;
        }
        self.bytes.truncate(end);
        self.bytes
    }
}
