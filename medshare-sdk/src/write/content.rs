//! What is sealed: bytes, a file, or anything that can be read.

use std::io::{Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use medshare_abe::payload::{ContentTree, SEGMENT_LEN, SegmentSealer, TAG_LEN};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::record::SegmentsObject;

/// Sealed bytes that travel together: 128 segments, about 8 MiB.
pub(crate) const PART_SEGMENTS: usize = 128;

/// Content to be sealed. Files and readers are never held in memory as a whole.
pub struct Content(Source);

enum Source {
    Bytes(Bytes),
    File(PathBuf),
    Reader(Box<dyn Read + Send>),
}

impl Content {
    /// Bytes of the longest content that is sealed or opened: 2 TiB.
    pub const MAX_LEN: u64 = SegmentsObject::MAX_SEGMENTS as u64 * SEGMENT_LEN as u64;

    /// The bytes of a file, read while it is sealed.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Source::File(path.into()))
    }

    /// Whatever `reader` gives, to its end.
    #[must_use]
    pub fn reader(reader: impl Read + Send + 'static) -> Self {
        Self(Source::Reader(Box::new(reader)))
    }

    /// Refuses what is known to be too long, before anything is done with it. What a reader gives is
    /// measured as it comes.
    pub(crate) async fn checked(self) -> Result<Self> {
        let (length, path) = match &self.0 {
            Source::Bytes(bytes) => (bytes.len() as u64, None),
            Source::File(path) => (0, Some(path.clone())),
            Source::Reader(_) => (0, None),
        };
        check_len(length, Self::MAX_LEN)?;
        // One that cannot be looked at cannot be read either, and that is told then.
        if let Some(path) = path
            && let Ok(file) = tokio::fs::metadata(path).await
        {
            check_len(file.len(), Self::MAX_LEN)?;
        }
        Ok(self)
    }

    fn into_reader(self) -> Result<Box<dyn Read + Send>> {
        Ok(match self.0 {
            Source::Bytes(bytes) => Box::new(Cursor::new(bytes)),
            Source::Reader(reader) => reader,
            Source::File(path) => {
                let named = |source: std::io::Error| Error::Io {
                    source: std::io::Error::new(
                        source.kind(),
                        format!("{}: {source}", path.display()),
                    ),
                };
                let file = std::fs::File::open(&path).map_err(named)?;
                if file.metadata().map_err(named)?.is_dir() {
                    return Err(named(std::io::Error::from(
                        std::io::ErrorKind::IsADirectory,
                    )));
                }
                Box::new(file)
            }
        })
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Source::Bytes(bytes) => write!(f, "Content({} bytes)", bytes.len()),
            Source::File(path) => write!(f, "Content({})", path.display()),
            Source::Reader(_) => f.write_str("Content(a reader)"),
        }
    }
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Self(Source::Bytes(bytes))
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<&[u8]> for Content {
    fn from(bytes: &[u8]) -> Self {
        Bytes::copy_from_slice(bytes).into()
    }
}

impl<const N: usize> From<&[u8; N]> for Content {
    fn from(bytes: &[u8; N]) -> Self {
        bytes.as_slice().into()
    }
}

/// Tells how many bytes are done.
pub(crate) type Progress = Arc<dyn Fn(u64) + Send + Sync>;

const fn check_len(length: u64, limit: u64) -> Result<()> {
    if length <= limit {
        Ok(())
    } else {
        Err(Error::ContentTooLong { limit })
    }
}

/// Reads the content to its end and seals it, in parts that go through `parts`. Blocks.
///
/// Holds one part and two segments at a time, and 32 bytes for each segment so far.
pub(crate) fn seal_parts(
    content: Content,
    sealer: SegmentSealer,
    parts: &mpsc::Sender<Bytes>,
    progress: Option<&Progress>,
) -> Result<ContentTree> {
    seal_up_to(Content::MAX_LEN, content, sealer, parts, progress)
}

fn seal_up_to(
    limit: u64,
    content: Content,
    mut sealer: SegmentSealer,
    parts: &mpsc::Sender<Bytes>,
    progress: Option<&Progress>,
) -> Result<ContentTree> {
    let mut reader = content.into_reader()?;
    let new_segment = || Zeroizing::new(Vec::with_capacity(SEGMENT_LEN));
    let (mut segment, mut next) = (new_segment(), new_segment());
    let mut part = Vec::new();
    let mut done = 0;
    fill(&mut reader, &mut segment)?;
    loop {
        // Whether a segment is the last is part of its nonce, so the one after is read first.
        if segment.len() == SEGMENT_LEN {
            fill(&mut reader, &mut next)?;
        }
        let last = next.is_empty();
        check_len(done + segment.len() as u64, limit)?;
        let start = part.len();
        part.extend_from_slice(&segment);
        part.resize(part.len() + TAG_LEN, 0);
        let sealed = sealer.seal_in_place(&mut part[start..], last);
        sealed.map_err(|error| Error::Io {
            source: std::io::Error::other(error),
        })?;
        done += segment.len() as u64;
        if last || part.len() >= PART_SEGMENTS * (SEGMENT_LEN + TAG_LEN) {
            if parts
                .blocking_send(std::mem::take(&mut part).into())
                .is_err()
            {
                // The other end has failed, and says why.
                return Err(Error::Unreachable);
            }
            if let Some(progress) = progress {
                progress(done);
            }
        }
        if last {
            let tree = sealer.finish();
            return tree.map_err(|error| Error::Io {
                source: std::io::Error::other(error),
            });
        }
        std::mem::swap(&mut segment, &mut next);
        next.clear();
    }
}

/// Fills an empty segment as far as the reader goes.
fn fill(reader: &mut impl Read, segment: &mut Vec<u8>) -> Result<()> {
    segment.clear();
    segment.resize(SEGMENT_LEN, 0);
    let mut filled = 0;
    while filled < SEGMENT_LEN {
        match reader.read(&mut segment[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    segment.truncate(filled);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use medshare_host::os_random;

    fn seal(length: usize, limit: u64) -> Result<ContentTree> {
        let (_, _, sealer) = medshare_abe::payload::create(&mut os_random());
        let (parts, _incoming) = mpsc::channel(4);
        let content = Content::reader(std::io::repeat(7).take(length as u64));
        seal_up_to(limit, content, sealer, &parts, None)
    }

    #[test]
    fn a_reader_is_stopped_where_its_content_gets_too_long() {
        let limit = 2 * SEGMENT_LEN;
        for length in [0, 1, limit - 1, limit] {
            assert!(seal(length, limit as u64).is_ok(), "{length}");
        }
        for length in [limit + 1, 3 * SEGMENT_LEN] {
            let error = seal(length, limit as u64).map(drop).unwrap_err();
            assert_eq!(error.code(), "content_too_long", "{length}");
        }
    }
}
