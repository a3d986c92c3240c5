//! Content that is sealed: bytes, a file, or a reader.

use std::io::{Cursor, Error as IoError, ErrorKind, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::store::objects::MAX_CONTENT_LEN;

/// Content to be sealed. Files and readers are never held in memory as a whole.
pub struct Content(Source);

enum Source {
    Bytes(Bytes),
    File(PathBuf),
    Reader(Box<dyn Read + Send>),
}

impl Content {
    /// Bytes of the longest content that is sealed or opened: 2 TiB.
    pub const MAX_LEN: u64 = MAX_CONTENT_LEN;

    /// The bytes of a file, read while it is sealed.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Source::File(path.into()))
    }

    /// All bytes of `reader`, to its end.
    #[must_use]
    pub fn reader(reader: impl Read + Send + 'static) -> Self {
        Self(Source::Reader(Box::new(reader)))
    }

    /// Refuses content that is known to be too long, before any work. A reader is measured while
    /// it is read.
    pub(super) async fn checked(self) -> Result<Self> {
        let known = match &self.0 {
            Source::Bytes(bytes) => Some(bytes.len() as u64),
            // A file without metadata cannot be read either; reading it tells why.
            Source::File(path) => tokio::fs::metadata(path).await.ok().map(|file| file.len()),
            Source::Reader(_) => None,
        };
        if let Some(length) = known {
            check_len(length, Self::MAX_LEN)?;
        }
        Ok(self)
    }

    pub(super) fn into_reader(self) -> Result<Box<dyn Read + Send>> {
        Ok(match self.0 {
            Source::Bytes(bytes) => Box::new(Cursor::new(bytes)),
            Source::Reader(reader) => reader,
            Source::File(path) => Box::new(open_file(&path)?),
        })
    }
}

/// Refuses more bytes than `limit`.
pub(super) const fn check_len(length: u64, limit: u64) -> Result<()> {
    if length <= limit {
        Ok(())
    } else {
        Err(Error::ContentTooLong { limit })
    }
}

fn open_file(path: &Path) -> Result<std::fs::File> {
    let named = |source: IoError| Error::Io {
        source: IoError::new(source.kind(), format!("{}: {source}", path.display())),
    };
    let file = std::fs::File::open(path).map_err(named)?;
    if file.metadata().map_err(named)?.is_dir() {
        return Err(named(ErrorKind::IsADirectory.into()));
    }
    Ok(file)
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
