//! The consensus log: what a replica must not forget, in one append-only file.
//!
//! A tail that a crash tore is dropped: the frame at the end that does not check, when no whole
//! frame follows it. Anything else that does not check is damage and is refused. What is assumed
//! of the medium: a completed sync survives a crash, a rename within a folder is atomic.

mod format;

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use medshare_host::files::{self, Readers};
use medshare_host::os_random;
use medshare_types::{ChainId, Height, RandomSource as _};

use format::Format;

/// Why a log cannot be opened or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The file is no consensus log of this version.
    #[error("{} is not a consensus log of this version", path.display())]
    NotALog {
        /// Which file.
        path: PathBuf,
    },
    /// The log belongs to another chain.
    #[error("{} belongs to another consortium", path.display())]
    WrongChain {
        /// Which file.
        path: PathBuf,
    },
    /// The log is damaged before its end; it is never repaired in silence.
    #[error("{} is damaged at byte {offset}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where.
        offset: usize,
    },
    /// The medium failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// One recorded frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The height that the record is about; the log is cut by it.
    pub height: Height,
    /// The encoded record.
    pub body: Vec<u8>,
}

/// An open log. Appends gather in memory until [`ConsensusLog::sync`] makes them durable at once.
#[derive(Debug)]
pub struct ConsensusLog {
    path: PathBuf,
    format: Format,
    file: File,
    pending: Vec<u8>,
}

impl ConsensusLog {
    /// Opens the log at `path`, or creates it, and reads its frames in order.
    ///
    /// # Errors
    /// [`LogError`] for a foreign or damaged file and for failures of the medium.
    pub fn open(path: &Path, chain: ChainId) -> Result<(Self, Vec<Frame>), LogError> {
        let io = |source| LogError::Io {
            path: path.to_owned(),
            source,
        };
        if !path.exists() {
            let new = Format::new(chain, os_random().array());
            files::create(path, &new.header(), Readers::All).map_err(io)?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .open(path)
            .map_err(io)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        let format = Format::of_file(path, chain, &bytes)?;
        let (frames, whole) = format.parse(path, &bytes)?;
        if whole < bytes.len() {
            tracing::warn!(
                dropped = bytes.len() - whole,
                "dropped a torn tail of the log"
            );
            file.set_len(whole as u64).map_err(io)?;
        }
        // What was read may have been written but not synced before a crash.
        file.sync_all().map_err(io)?;
        Ok((
            Self {
                path: path.to_owned(),
                format,
                file,
                pending: Vec::new(),
            },
            frames,
        ))
    }

    /// Adds a record; it is durable after the next [`ConsensusLog::sync`].
    pub fn append(&mut self, height: Height, body: &[u8]) {
        self.format.write_frame(&mut self.pending, height, body);
    }

    /// Makes everything appended durable: one write, one sync.
    ///
    /// # Errors
    /// [`LogError::Io`]. After a failed sync nothing is known of the medium: stop the process.
    pub fn sync(&mut self) -> Result<(), LogError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let written = self
            .file
            .write_all(&self.pending)
            .and_then(|()| self.file.sync_data());
        self.pending.clear();
        written.map_err(|source| LogError::Io {
            path: self.path.clone(),
            source,
        })
    }

    /// Drops every record at or below `height`; the rest stays, whole or not at all.
    ///
    /// # Errors
    /// [`LogError`]; the log is then as it was.
    pub fn cut(&mut self, height: Height) -> Result<(), LogError> {
        self.sync()?;
        let io = |source| LogError::Io {
            path: self.path.clone(),
            source,
        };
        let bytes = std::fs::read(&self.path).map_err(io)?;
        let (frames, _) = self.format.parse(&self.path, &bytes)?;
        let mut kept = self.format.header();
        for frame in frames.iter().filter(|frame| frame.height > height) {
            self.format
                .write_frame(&mut kept, frame.height, &frame.body);
        }
        files::write(&self.path, &kept, Readers::All).map_err(io)?;
        self.file = OpenOptions::new()
            .append(true)
            .open(&self.path)
            .map_err(io)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
