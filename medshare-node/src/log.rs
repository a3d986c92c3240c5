//! The consensus log: the votes that a replica must not forget, in one append-only file.
//!
//! A tail that a crash tore is dropped: from the first frame on that does not check, when nothing
//! behind it was synced. Anything else that does not check is damage and is refused. In what was
//! synced last, damage looks like a tear. Assumptions about the medium: a completed sync survives a
//! crash, and a rename within a folder is atomic; what was not synced may survive in part, in any
//! order.
//!
//! # Failed writes and syncs
//!
//! After a failed write the file may end in part of a frame. After a failed sync it may show frames
//! that are not on the disk: a kernel can mark pages clean whose writing failed, so another sync of
//! the same file proves nothing. A log therefore takes no records from then on, until
//! [`ConsensusLog::recover`] has written the frames of completed syncs to a new file. Frames since
//! then are dropped. No vote in them left the node, since votes wait for the sync. A process that
//! opens a log knows of no failed sync of an earlier one, and writes its frames to a new file as well.

mod format;
mod storage;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use medshare_consensus::LossId;
use medshare_host::ThisMachine;
use medshare_host::files::FileMark;
use medshare_types::{ChainId, Digest, Height, hash};

pub use format::MAX_BODY_LEN;
use format::{Format, HEADER_LEN};
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

/// A copied log, as the file that it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CopyId {
    pub(crate) mark: FileMark,
    pub(crate) content: Digest,
}

/// An open log. Appends gather in memory until [`ConsensusLog::sync`] makes them durable at once.
pub struct ConsensusLog {
    /// Names the log in errors.
    path: PathBuf,
    format: Format,
    copied: bool,
    storage: Box<dyn Storage>,
    pending: Vec<u8>,
    /// Bytes at the beginning of the file that completed syncs cover. While a rewrite is under way,
    /// at least as many.
    synced: usize,
    /// A write or sync failed, so the file behind `synced` is unknown.
    failed: bool,
}

impl ConsensusLog {
    /// Opens the log at `path`, or creates it, and reads its frames in order.
    ///
    /// # Errors
    /// [`NodeError::NotALog`], [`NodeError::ForeignLog`], [`NodeError::DamagedLog`],
    /// [`NodeError::LogMedium`].
    pub fn open(path: &Path, chain: ChainId) -> Result<(Self, Vec<Frame>), NodeError> {
        let file = LogFile::new(path, Arc::new(ThisMachine));
        Self::open_on(Box::new(file), path, chain)
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
                let format = Format::new(chain, storage.draw_marker(), false);
                storage
                    .create(&|mark| format.header(mark))
                    .map_err(medium)?;
                format.header(storage.mark().map_err(medium)?)
            }
        };
        let (format, written_to) = Format::of_file(path, chain, &bytes)?;
        let mark = storage.mark().map_err(medium)?;
        if mark.born_ns == 0 {
            tracing::info!(
                log = %path.display(),
                "no time of birth on this file system: a copy of the log may not be found to be one"
            );
        }
        let copied = written_to != mark;
        let (frames, whole) = format.parse(path, &bytes)?;
        if whole < bytes.len() {
            tracing::warn!(
                dropped = bytes.len() - whole,
                "dropped a torn tail of the log"
            );
        }
        let mut log = Self {
            path: path.to_owned(),
            format,
            copied,
            storage,
            pending: Vec::new(),
            synced: whole,
            failed: false,
        };
        if copied {
            // It keeps its mark until its loss begins or ends, both of which write a new file.
            log.storage.truncate(whole as u64).map_err(medium)?;
        } else if bytes.len() > HEADER_LEN {
            // A sync of these frames may have failed in an earlier process.
            let kept = log.format.whole_frames(frames.iter());
            log.replace(log.format.clone(), &kept)?;
        }
        Ok((log, frames))
    }

    /// Begins a log in place of one that was lost. The mark of the loss is in it from its first byte
    /// on, so no crash ends the loss.
    ///
    /// # Errors
    /// [`NodeError::LogMedium`], also where there is a log.
    pub fn create_lost(path: &Path, chain: ChainId) -> Result<(), NodeError> {
        let mut file = LogFile::new(path, Arc::new(ThisMachine));
        Self::create_lost_on(&mut file, path, chain)
    }

    /// As [`create_lost`](Self::create_lost), on any medium; `path` only names it in errors.
    ///
    /// # Errors
    /// As [`create_lost`](Self::create_lost).
    pub fn create_lost_on(
        storage: &mut dyn Storage,
        path: &Path,
        chain: ChainId,
    ) -> Result<(), NodeError> {
        let format = Format::new(chain, storage.draw_marker(), true);
        let created = storage.create(&|mark| format.header(mark));
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
        let mut file = LogFile::new(path, Arc::new(ThisMachine));
        let Some(bytes) = file.read().map_err(medium)? else {
            return Ok(None);
        };
        let (format, written_to) = Format::of_file(path, chain, &bytes)?;
        let copied = written_to != file.mark().map_err(medium)?;
        Ok(Some(state(&format, copied)))
    }

    /// What tells the copied log at `path` from every other file, those of the same content included;
    /// `None` unless it is a copy. A torn tail is no part of the content.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) fn copy_id(path: &Path, chain: ChainId) -> Result<Option<CopyId>, NodeError> {
        let medium = |source| NodeError::LogMedium {
            path: path.to_owned(),
            source,
        };
        let mut file = LogFile::new(path, Arc::new(ThisMachine));
        let Some(bytes) = file.read().map_err(medium)? else {
            return Ok(None);
        };
        let mark = file.mark().map_err(medium)?;
        let (format, written_to) = Format::of_file(path, chain, &bytes)?;
        if state(&format, written_to != mark) != LogState::Copied {
            return Ok(None);
        }
        let (_, whole) = format.parse(path, &bytes)?;
        let content = hash::digest("medshare/node/copied-log/v1", &[&bytes[..whole]]);
        Ok(Some(CopyId { mark, content }))
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
        let marker = self.storage.draw_marker();
        self.rewrite(Format::new(self.format.chain(), marker, true), None)
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
        let synced = self.synced;
        self.format
            .write_frame(&mut self.pending, synced, (height, body));
    }

    /// Makes everything appended durable: one write, one sync.
    ///
    /// # Errors
    /// [`NodeError::LogMedium`]. The log then takes no more until it is [recovered](Self::recover).
    pub fn sync(&mut self) -> Result<(), NodeError> {
        self.check_sound()?;
        if self.pending.is_empty() {
            return Ok(());
        }
        let pending = std::mem::take(&mut self.pending);
        self.failed = true;
        self.storage
            .append(&pending)
            .and_then(|()| self.storage.sync())
            .map_err(|source| self.medium(source))?;
        self.synced += pending.len();
        self.failed = false;
        Ok(())
    }

    /// Takes the log up again after a failed write or sync, and returns its frames in order: those
    /// that completed syncs made durable, in a new file. Everything appended since is dropped.
    ///
    /// # Errors
    /// As [`open`](Self::open); it may be called again.
    pub fn recover(&mut self) -> Result<Vec<Frame>, NodeError> {
        self.failed = true;
        self.pending.clear();
        let mut bytes = self.read()?;
        // It is another file where a rewrite failed after it had taken the name, whole from its
        // first byte on, and with the header of that rewrite.
        bytes.truncate(self.synced);
        let (format, written_to) = Format::of_file(&self.path, self.format.chain(), &bytes)?;
        let mark = self.storage.mark().map_err(|source| self.medium(source))?;
        let (frames, whole) = format.parse(&self.path, &bytes)?;
        if whole < bytes.len() {
            return Err(NodeError::DamagedLog {
                path: self.path.clone(),
                offset: whole,
            });
        }
        let copied = written_to != mark;
        if copied != self.copied {
            // Another process put it there.
            return Err(NodeError::DamagedLog {
                path: self.path.clone(),
                offset: 0,
            });
        }
        let kept = format.whole_frames(frames.iter());
        self.replace(format, &kept)?;
        Ok(frames)
    }

    /// Drops every record at or below `height`; the rest stays, whole or not at all. Cost: reads and
    /// writes the whole log.
    ///
    /// # Errors
    /// As [`open`](Self::open). The log then takes no more until it is [recovered](Self::recover), with
    /// or without the records at or below `height`.
    pub fn cut(&mut self, height: Height) -> Result<(), NodeError> {
        self.rewrite(self.format.clone(), Some(height))
    }

    /// Writes the records above a height, or all, to a new file with another header. What is pending
    /// needs no sync before: the new file is durable as a whole.
    fn rewrite(&mut self, format: Format, above: Option<Height>) -> Result<(), NodeError> {
        self.check_sound()?;
        self.failed = true;
        let mut bytes = self.read()?;
        let pending = std::mem::take(&mut self.pending);
        bytes.extend_from_slice(&pending);
        self.synced += pending.len();
        let (found, _) = Format::of_file(&self.path, self.format.chain(), &bytes)?;
        let (frames, whole) = self.format.parse(&self.path, &bytes)?;
        if found.marker != self.format.marker || whole != self.synced || whole < bytes.len() {
            // Another log has its name.
            return Err(NodeError::DamagedLog {
                path: self.path.clone(),
                offset: whole,
            });
        }
        let is_kept = |frame: &&Frame| above.is_none_or(|height| frame.height > height);
        let kept = format.whole_frames(frames.iter().filter(is_kept));
        self.replace(format, &kept)
    }

    /// Goes on in a new file of this header and these frames. Where that fails at its last step, the
    /// new file may have taken the name, so that the open one has none.
    fn replace(&mut self, format: Format, frames: &[u8]) -> Result<(), NodeError> {
        let whole = |mark: FileMark| [&format.header(mark), frames].concat();
        self.storage
            .replace(&whole)
            .map_err(|source| self.medium(source))?;
        self.format = format;
        self.copied = false;
        self.synced = HEADER_LEN + frames.len();
        self.failed = false;
        Ok(())
    }

    fn check_sound(&self) -> Result<(), NodeError> {
        if self.failed {
            return Err(NodeError::UnsoundLog {
                path: self.path.clone(),
            });
        }
        Ok(())
    }

    fn read(&mut self) -> Result<Vec<u8>, NodeError> {
        self.storage
            .read()
            .and_then(|bytes| bytes.ok_or_else(|| std::io::ErrorKind::NotFound.into()))
            .map_err(|source| self.medium(source))
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
