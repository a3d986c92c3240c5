//! Sealing of content on a blocking thread while the stores take it, chunk by chunk.

use std::io::{ErrorKind, Read};

use bytes::Bytes;
use medshare_abe::payload::{ContentTree, SEGMENT_LEN, SegmentSealer, TAG_LEN};
use medshare_types::Digest;
use medshare_types::hash::Hasher;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::observe::Progress;
use crate::write::content::{Content, check_len};
use medshare_store::objects::CHUNK_LEN;
use medshare_store::placement::PendingCopies;

/// Sealed chunks that wait for the stores.
const CHUNKS_AHEAD: usize = 1;

/// What sealing a payload found.
pub(super) struct SealedContent {
    pub(super) tree: ContentTree,
    /// As of [`content_digest`], if asked for.
    pub(super) digest: Option<Digest>,
}

/// Seals the content into every copy. After an error nothing is left that can be read.
pub(super) async fn upload(
    content: Content,
    sealer: SegmentSealer,
    copies: &mut PendingCopies,
    hasher: Option<Hasher>,
    progress: Option<Progress>,
) -> Result<SealedContent> {
    let (chunks, incoming) = mpsc::channel(CHUNKS_AHEAD);
    let sealing = content.read_by(move |reader| {
        let sealed = seal_chunks(Content::MAX_LEN, reader, sealer, &chunks, hasher, progress);
        sealed?.ok_or_else(|| Error::internal("sealing ended before the stores had all chunks"))
    });
    // Where the stores fail, this ends at once, whatever the content waits for. The thread that
    // seals finds the receiving end dropped.
    let appending = async { Ok(copies.append_all(incoming).await?) };
    match tokio::try_join!(appending, sealing) {
        Ok(((), content)) => {
            copies.complete().await?;
            Ok(content)
        }
        Err(error) => {
            copies.abandon().await;
            Err(error)
        }
    }
}

/// A hasher of content, for [`upload`].
pub(super) fn content_hasher() -> Hasher {
    Hasher::new("medshare/sdk/content/v1")
}

/// The digest of content that is not sealed: of its segments, none of them empty. Blocks.
pub(super) fn content_digest(reader: &mut dyn Read) -> Result<Digest> {
    let mut segment = Zeroizing::new(Vec::with_capacity(SEGMENT_LEN));
    let mut hasher = content_hasher();
    let mut done = 0;
    loop {
        fill(reader, &mut segment)?;
        if segment.is_empty() {
            return Ok(hasher.finish());
        }
        done += segment.len() as u64;
        check_len(done, Content::MAX_LEN)?;
        hasher = hasher.field(&segment);
    }
}

/// Reads the content to its end and seals it in chunks. Nothing if the receiving end is dropped
/// before. Blocks.
///
/// Holds one chunk and two segments at a time, and 32 bytes for each segment so far.
fn seal_chunks(
    limit: u64,
    reader: &mut dyn Read,
    mut sealer: SegmentSealer,
    chunks: &mpsc::Sender<Bytes>,
    mut hasher: Option<Hasher>,
    progress: Option<Progress>,
) -> Result<Option<SealedContent>> {
    let mut segment = Zeroizing::new(Vec::with_capacity(SEGMENT_LEN));
    let mut next = Zeroizing::new(Vec::with_capacity(SEGMENT_LEN));
    let mut chunk = Vec::new();
    let mut done = 0;
    fill(reader, &mut segment)?;
    loop {
        // A segment's nonce says whether it is the last, so the next one is read before it is
        // sealed.
        if segment.len() == SEGMENT_LEN {
            fill(reader, &mut next)?;
        }
        let last = next.is_empty();
        check_len(done + segment.len() as u64, limit)?;
        if !segment.is_empty() {
            hasher = hasher.map(|hasher| hasher.field(&segment));
        }
        let start = chunk.len();
        append(&mut chunk, &segment);
        sealer
            .seal_in_place(&mut chunk[start..], last)
            .map_err(Error::internal)?;
        done += segment.len() as u64;
        if last || chunk.len() >= CHUNK_LEN {
            let full = Bytes::from(std::mem::take(&mut chunk));
            if chunks.blocking_send(full).is_err() {
                return Ok(None);
            }
            if let Some(progress) = &progress {
                progress(done);
            }
        }
        if last {
            let tree = sealer.finish().map_err(Error::internal)?;
            let digest = hasher.map(Hasher::finish);
            return Ok(Some(SealedContent { tree, digest }));
        }
        std::mem::swap(&mut segment, &mut next);
        next.clear();
    }
}

/// Appends a segment and room for its tag.
///
/// # Security
/// Makes all the room first: a chunk that moved with the plaintext in it would leave a copy of that
/// in freed memory. What a chunk holds before is sealed.
fn append(chunk: &mut Vec<u8>, segment: &[u8]) {
    chunk.reserve(segment.len() + TAG_LEN);
    let place = chunk.as_ptr();
    chunk.extend_from_slice(segment);
    chunk.resize(chunk.len() + TAG_LEN, 0);
    debug_assert_eq!(place, chunk.as_ptr(), "the plaintext moved");
}

/// Fills an empty segment as far as the reader goes.
fn fill(reader: &mut dyn Read, segment: &mut Vec<u8>) -> Result<()> {
    segment.clear();
    segment.resize(SEGMENT_LEN, 0);
    let mut filled = 0;
    while filled < SEGMENT_LEN {
        match reader.read(&mut segment[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    segment.truncate(filled);
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use medshare_host::os_random;

    fn seal(length: usize, limit: u64) -> Result<Option<SealedContent>> {
        let (_, _, sealer) = medshare_abe::payload::create(&mut os_random());
        let (chunks, _incoming) = mpsc::channel(4);
        seal_chunks(
            limit,
            &mut std::io::repeat(7).take(length as u64),
            sealer,
            &chunks,
            Some(content_hasher()),
            None,
        )
    }

    #[test]
    fn a_reader_is_stopped_where_its_content_gets_too_long() {
        let limit = 2 * SEGMENT_LEN;
        for length in [0, 1, limit - 1, limit] {
            let sealed = seal(length, limit as u64).unwrap().unwrap();
            let digest = content_digest(&mut std::io::repeat(7).take(length as u64)).unwrap();
            assert_eq!(sealed.digest, Some(digest), "{length}");
        }
        for length in [limit + 1, 3 * SEGMENT_LEN] {
            let error = seal(length, limit as u64).map(drop).unwrap_err();
            assert_eq!(error.code(), "content_too_long", "{length}");
        }
    }

    /// Whatever room a chunk has: none, enough for the segment alone, or for all.
    #[test]
    fn a_segment_never_moves_once_it_is_in_a_chunk() {
        for held in [0, 7, SEGMENT_LEN] {
            for room in [0, SEGMENT_LEN - 1, SEGMENT_LEN, SEGMENT_LEN + TAG_LEN] {
                let mut chunk = Vec::with_capacity(held + room);
                chunk.resize(held, 1);
                append(&mut chunk, &[7; SEGMENT_LEN]);
                assert_eq!(chunk.len(), held + SEGMENT_LEN + TAG_LEN);
                assert_eq!(chunk[held..][..SEGMENT_LEN], [7; SEGMENT_LEN]);
            }
        }
    }

    #[test]
    fn sealing_ends_early_where_the_stores_have_failed() {
        let (_, _, sealer) = medshare_abe::payload::create(&mut os_random());
        let (chunks, incoming) = mpsc::channel(1);
        drop(incoming);
        let mut endless = std::io::repeat(7);
        let sealed = seal_chunks(Content::MAX_LEN, &mut endless, sealer, &chunks, None, None);
        assert!(sealed.unwrap().is_none());
    }
}
