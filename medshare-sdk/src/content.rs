//! What is sealed: bytes, a file, or anything that can be read.

use std::io::{Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use medshare_abe::payload::{ContentTree, SEGMENT_LEN, SegmentSealer, TAG_LEN};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

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

/// Reads the content to its end and seals it, in parts that go through `parts`. Blocks.
///
/// Holds one part and two segments at a time, however large the content.
pub(crate) fn seal_parts(
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
