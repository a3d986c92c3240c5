//! The consensus log: the votes that a replica must not forget, in one append-only file.
//!
//! A tail that a crash tore is dropped: the frame at the end that does not check, when no whole
//! frame follows it. Anything else that does not check is damage and is refused. Assumptions about
//! the medium: a completed sync survives a crash, and a rename within a folder is atomic.

mod format;
mod storage;

use std::path::{Path, PathBuf};

use medshare_consensus::LossId;
use medshare_host::files::FileMark;
use medshare_host::os_random;
use medshare_types::{ChainId, Height, RandomSource as _};

use format::Format;
pub use format::MAX_BODY_LEN;
pub use storage::{LogFile, Storage};

use crate::error::NodeError;

/// A record with the height by which the log is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The height that the record is about.
    pub height: Height,
    /// The encoded record, at most [`MAX_BODY_LEN`] bytes.
    pub body: Vec<u8>,
}

/// What a log tells of itself, beside its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogState {
    /// It holds every vote that matters.
    Own,
    /// It is a copy, or was restored from a backup: votes may have been written to another file
    /// since. Nothing is changed by finding that.
    Copied,
    /// Votes of an earlier log may be forgotten.
    Lost(LossId),
}

/// An open log. Appends gather in memory until [`ConsensusLog::sync`] makes them durable at once.
pub struct ConsensusLog {
    /// Names the log in errors.
    path: PathBuf,
    format: Format,
    copied: bool,
    storage: Box<dyn Storage>,
    pending: Vec<u8>,
}

impl ConsensusLog {
    /// Opens the log at `path`, or creates it, and reads its frames in order.
    ///
    /// # Errors
    /// [`NodeError::NotALog`], [`NodeError::ForeignLog`], [`NodeError::DamagedLog`],
    /// [`NodeError::LogMedium`].
    pub fn open(path: &Path, chain: ChainId) -> Result<(Self, Vec<Frame>), NodeError> {
        Self::open_on(Box::new(LogFile::new(path)), path, chain)
    }

    /// As [`open`](Self::open), on any medium; `path` only names it in errors.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_on(
        mut storage: Box<dyn Storage>,
        path: &Path,
        chain: ChainId,
    ) -> Result<(Self, Vec<Frame>), NodeError> {
        let medium = |source| NodeError::LogMedium {
            path: path.to_owned(),
            source,
        };
        let bytes = match storage.read().map_err(medium)? {
            Some(bytes) => bytes,
            None => {
                let format = Format::new(chain, os_random().array(), false);
                storage
                    .create(&|mark| format.header(mark))
                    .map_err(medium)?;
                format.header(storage.mark().map_err(medium)?)
            }
        };
        let (format, written_to) = Format::of_file(path, chain, &bytes)?;
        let copied = written_to != storage.mark().map_err(medium)?;
        let (frames, whole) = format.parse(path, &bytes)?;
        if whole < bytes.len() {
            tracing::warn!(
                dropped = bytes.len() - whole,
                "dropped a torn tail of the log"
            );
            storage.truncate(whole as u64).map_err(medium)?;
        }
        // A crash may have come between the write and the sync of these bytes.
        storage.sync().map_err(medium)?;
        let log = Self {
            path: path.to_owned(),
            format,
            copied,
            storage,
            pending: Vec::new(),
        };
        Ok((log, frames))
    }

    /// Begins a log in place of one that was lost. The mark of the loss is in it from its first byte
    /// on, so no crash ends the loss.
    ///
    /// # Errors
    /// [`NodeError::LogMedium`], also where there is a log.
    pub fn create_lost(path: &Path, chain: ChainId) -> Result<(), NodeError> {
        let format = Format::new(chain, os_random().array(), true);
        let created = LogFile::new(path).create(&|mark| format.header(mark));
        created.map_err(|source| NodeError::LogMedium {
            path: path.to_owned(),
            source,
        })
    }

    /// The state of the log at `path`, which stays as it is; `None` where there is none. Records are
    /// not checked.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn inspect(path: &Path, chain: ChainId) -> Result<Option<LogState>, NodeError> {
        let medium = |source| NodeError::LogMedium {
            path: path.to_owned(),
            source,
        };
        let mut file = LogFile::new(path);
        let Some(bytes) = file.read().map_err(medium)? else {
            return Ok(None);
        };
        let (format, written_to) = Format::of_file(path, chain, &bytes)?;
        let copied = written_to != file.mark().map_err(medium)?;
        Ok(Some(state(&format, copied)))
    }

    /// Whether it holds every vote, and of which loss it is the mark.
    #[must_use]
    pub const fn state(&self) -> LogState {
        state(&self.format, self.copied)
    }

    /// Records that votes may be lost, durably, and keeps every record. Ends with
    /// [`end_loss`](Self::end_loss).
    ///
    /// # Errors
    /// As [`cut`](Self::cut).
    pub fn begin_loss(&mut self) -> Result<(), NodeError> {
        let format = Format::new(self.format.chain(), os_random().array(), true);
        self.rewrite(format, None)
    }

    /// Makes every record durable, and removes the mark of a loss or of a copy.
    ///
    /// # Errors
    /// As [`cut`](Self::cut).
    pub fn end_loss(&mut self) -> Result<(), NodeError> {
        let mut format = self.format.clone();
        format.lost = false;
        self.rewrite(format, None)
    }

    /// Adds a record of at most [`MAX_BODY_LEN`] bytes; it is durable after the next
    /// [`ConsensusLog::sync`].
    ///
    /// # Panics
    /// For a longer body, which could not be read again.
    pub fn append(&mut self, height: Height, body: &[u8]) {
        self.format.write_frame(&mut self.pending, height, body);
    }

    /// Makes everything appended durable: one write, one sync.
    ///
    /// # Errors
    /// [`NodeError::LogMedium`]. The state of the medium is then unknown: stop the process.
    pub fn sync(&mut self) -> Result<(), NodeError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let pending = std::mem::take(&mut self.pending);
        self.storage
            .append(&pending)
            .and_then(|()| self.storage.sync())
            .map_err(|source| self.medium(source))
    }

    /// Drops every record at or below `height`; the rest stays, whole or not at all. Cost: reads and
    /// writes the whole log.
    ///
    /// # Errors
    /// As [`open`](Self::open); the log is then as it was.
    pub fn cut(&mut self, height: Height) -> Result<(), NodeError> {
        self.rewrite(self.format.clone(), Some(height))
    }

    /// Writes the records above a height, or all, to a new file with another header.
    fn rewrite(&mut self, format: Format, above: Option<Height>) -> Result<(), NodeError> {
        self.sync()?;
        let bytes = self
            .storage
            .read()
            .and_then(|bytes| bytes.ok_or_else(|| std::io::ErrorKind::NotFound.into()))
            .map_err(|source| self.medium(source))?;
        let (frames, _) = self.format.parse(&self.path, &bytes)?;
        let mut kept = Vec::new();
        let is_kept = |frame: &&Frame| above.is_none_or(|height| frame.height > height);
        for frame in frames.iter().filter(is_kept) {
            format.write_frame(&mut kept, frame.height, &frame.body);
        }
        let whole = |mark: FileMark| [format.header(mark), kept.clone()].concat();
        self.storage
            .replace(&whole)
            .map_err(|source| self.medium(source))?;
        self.format = format;
        self.copied = false;
        Ok(())
    }

    fn medium(&self, source: std::io::Error) -> NodeError {
        NodeError::LogMedium {
            path: self.path.clone(),
            source,
        }
    }
}

const fn state(format: &Format, copied: bool) -> LogState {
    if format.lost {
        LogState::Lost(format.marker)
    } else if copied {
        LogState::Copied
    } else {
        LogState::Own
    }
}

impl std::fmt::Debug for ConsensusLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConsensusLog")
            .field("path", &self.path)
            .field("pending", &self.pending.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
