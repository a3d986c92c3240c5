//! Payloads between stores, segment by segment, each checked against the content tree. No key is
//! needed: everything here is ciphertext. Memory holds two chunks at most.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use medshare_host::blocking;
use medshare_payload::{ContentTree, PayloadLayout};

use crate::backend::Store;
use crate::error::{Result, StoreError};
use crate::objects::{CHUNK_SEGMENTS, ObjectKind, PayloadName};

/// A stored payload, as far as it reaches.
#[derive(Clone, Debug)]
pub struct Source {
    /// The store that has the payload.
    pub store: Store,
    /// Bytes that the store has; no more than these are asked for.
    pub length: u64,
}

/// A stored payload compared with its content tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// None where there is no object.
    pub length: Option<u64>,
    /// Segments that are not the registered ones.
    pub bad: u64,
    /// The lowest index of these segments.
    pub first_bad: Option<u32>,
}

/// Compares a store's payload with the tree. Reads it once, unless its length is wrong.
pub async fn inspect(
    store: &Store,
    payload: PayloadName,
    tree: &Arc<ContentTree>,
) -> Result<Inspection> {
    let name = payload.object(ObjectKind::Payload);
    let mut inspection = Inspection {
        length: store.length(name).await?,
        ..Inspection::default()
    };
    if inspection.length != Some(tree.layout().sealed_len()) {
        return Ok(inspection);
    }
    for segments in chunks(tree.layout()) {
        let bytes = store.read(name, stored(tree.layout(), &segments)).await?;
        let tree = Arc::clone(tree);
        let bad = blocking(move || bad_segments(&tree, segments, &bytes)).await?;
        inspection.bad += bad.len() as u64;
        inspection.first_bad = inspection.first_bad.or(bad.first().copied());
    }
    Ok(inspection)
}

/// Writes a payload to `target` out of the good segments of all `sources`, the first of which is
/// asked first. An object that is there is replaced at the end, whole or not at all.
///
/// # Errors
/// [`StoreError::SegmentMismatch`] where every source was read and none has a good segment.
pub async fn copy(
    sources: &[Source],
    target: &Store,
    payload: PayloadName,
    tree: &Arc<ContentTree>,
) -> Result<()> {
    let mut upload = target.upload(payload.object(ObjectKind::Payload)).await?;
    for segments in chunks(tree.layout()) {
        let appended = match good_chunk(sources, payload, tree, segments).await {
            Ok(chunk) => upload.append(chunk).await,
            Err(error) => Err(error),
        };
        if let Err(error) = appended {
            upload.abort().await;
            return Err(error);
        }
    }
    upload.complete().await.map(drop)
}

/// Removes every object of a payload; they need not exist.
///
/// # Errors
/// The first request that failed.
pub async fn remove(store: &Store, payload: PayloadName) -> Result<()> {
    for kind in ObjectKind::ALL {
        store.delete(payload.object(kind)).await?;
    }
    Ok(())
}

/// Reads what [`copy`] would, and writes nothing.
pub async fn check_sources(
    sources: &[Source],
    payload: PayloadName,
    tree: &Arc<ContentTree>,
) -> Result<()> {
    for segments in chunks(tree.layout()) {
        good_chunk(sources, payload, tree, segments).await?;
    }
    Ok(())
}

/// The sealed bytes of some segments, each from the first source that has it as registered.
async fn good_chunk(
    sources: &[Source],
    payload: PayloadName,
    tree: &Arc<ContentTree>,
    segments: Range<u32>,
) -> Result<Bytes> {
    let name = payload.object(ObjectKind::Payload);
    let range = stored(tree.layout(), &segments);
    let mut so_far = Chunk::default();
    let mut failure = None;
    for source in sources {
        let available = range.start..range.end.min(source.length);
        if available.is_empty() {
            continue;
        }
        let bytes = match source.store.read(name, available).await {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::warn!(%error, "a store cannot be read");
                failure = Some(error);
                continue;
            }
        };
        let (tree, segments) = (Arc::clone(tree), segments.clone());
        so_far = blocking(move || so_far.merge(&tree, segments, bytes)).await?;
        if so_far.missing.is_empty() {
            return Ok(so_far.bytes);
        }
    }
    let index = so_far.missing.first().copied().unwrap_or(segments.start);
    Err(failure.unwrap_or(StoreError::SegmentMismatch {
        index: index.into(),
    }))
}

/// A chunk put together from several sources.
#[derive(Default)]
struct Chunk {
    bytes: Bytes,
    missing: Vec<u32>,
}

impl Chunk {
    /// Adds the good segments of one more source. Copies nothing where the first has all. Blocks.
    fn merge(self, tree: &ContentTree, segments: Range<u32>, bytes: Bytes) -> Self {
        let bad = bad_segments(tree, segments.clone(), &bytes);
        if self.bytes.is_empty() || bad.is_empty() {
            return Self {
                bytes,
                missing: bad,
            };
        }
        let range = stored(tree.layout(), &segments);
        let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        let mut whole = Vec::from(self.bytes);
        whole.resize(length.max(whole.len()), 0);
        for index in self.missing.iter().filter(|index| !bad.contains(index)) {
            let at = slot(tree.layout(), &segments, *index);
            whole[at.clone()].copy_from_slice(&bytes[at]);
        }
        let missing = self.missing.into_iter();
        Self {
            bytes: whole.into(),
            missing: missing.filter(|index| bad.contains(index)).collect(),
        }
    }
}

/// The segments whose bytes are not the registered ones, or lie beyond the end. Blocks.
fn bad_segments(tree: &ContentTree, segments: Range<u32>, bytes: &[u8]) -> Vec<u32> {
    let is_good = |index: &u32| {
        let sealed = bytes.get(slot(tree.layout(), &segments, *index));
        sealed.is_some_and(|sealed| tree.check(*index, sealed).is_ok())
    };
    segments.clone().filter(|index| !is_good(index)).collect()
}

/// Where a segment lies in the bytes of its chunk.
fn slot(layout: PayloadLayout, segments: &Range<u32>, index: u32) -> Range<usize> {
    let base = stored(layout, segments).start;
    let range = layout.segment_range(index).unwrap_or_default();
    // A chunk fits into memory.
    let offset = |at: u64| usize::try_from(at.saturating_sub(base)).unwrap_or(usize::MAX);
    offset(range.start)..offset(range.end)
}

/// The byte range of some segments in the stored payload; empty for segments that it lacks.
fn stored(layout: PayloadLayout, segments: &Range<u32>) -> Range<u64> {
    let first = layout.segment_range(segments.start).unwrap_or_default();
    let last = layout.segment_range(segments.end.saturating_sub(1));
    first.start..last.unwrap_or_default().end
}

/// The segments of a payload in runs that travel together.
fn chunks(layout: PayloadLayout) -> impl Iterator<Item = Range<u32>> {
    let count = layout.segment_count();
    let starts = (0..count).step_by(CHUNK_SEGMENTS as usize);
    starts.map(move |start| start..count.min(start.saturating_add(CHUNK_SEGMENTS)))
}
