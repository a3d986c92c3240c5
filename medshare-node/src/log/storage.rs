//! The medium under a log, as a seam: tests put one below it that fails and crashes.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use medshare_host::files::{self, FileMark, Readers};
use medshare_host::{Machine, os_random};
use medshare_types::RandomSource as _;

/// One file, of which a completed sync survives a crash.
pub trait Storage: Send {
    /// Reads the whole file; `None` when there is none.
    ///
    /// # Errors
    /// Those of the medium.
    fn read(&mut self) -> io::Result<Option<Vec<u8>>>;

    /// The mark of the file, which no copy of it has. It changes with [`replace`](Self::replace).
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] when there is none; those of the medium.
    fn mark(&mut self) -> io::Result<FileMark>;

    /// Creates the file with the bytes made from its mark, durably and whole or not at all.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`]; those of the medium.
    fn create(&mut self, bytes: &dyn Fn(FileMark) -> Vec<u8>) -> io::Result<()>;

    /// Replaces the whole file by the bytes made from its new mark, durably and whole or not at
    /// all.
    ///
    /// # Errors
    /// Those of the medium; the file may then be the new one, whose name a crash may undo.
    fn replace(&mut self, bytes: &dyn Fn(FileMark) -> Vec<u8>) -> io::Result<()>;

    /// Cuts the file to its first `length` bytes, durably.
    ///
    /// # Errors
    /// Those of the medium.
    fn truncate(&mut self, length: u64) -> io::Result<()>;

    /// Adds bytes at the end. They are durable after the next [`sync`](Self::sync).
    ///
    /// # Errors
    /// Those of the medium; some of the bytes may then be in the file.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything written durable.
    ///
    /// # Errors
    /// Those of the medium, whose state is then unknown.
    fn sync(&mut self) -> io::Result<()>;

    /// Draws the name of a new log or loss: no client may guess it, and no other log has it. Only a
    /// simulation may override it.
    fn draw_marker(&mut self) -> [u8; 16] {
        os_random().array()
    }
}

/// A log in the file system.
pub struct LogFile {
    path: PathBuf,
    machine: Arc<dyn Machine>,
    /// Opened when it is first needed.
    file: Option<File>,
}

impl LogFile {
    /// Names the file; nothing is opened or created yet.
    #[must_use]
    pub fn new(path: &Path, machine: Arc<dyn Machine>) -> Self {
        Self {
            path: path.to_owned(),
            machine,
            file: None,
        }
    }

    fn opened(&mut self) -> io::Result<&mut File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => OpenOptions::new()
                .read(true)
                .append(true)
                .open(&self.path)?,
        };
        Ok(self.file.insert(file))
    }
}

impl std::fmt::Debug for LogFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Storage for LogFile {
    fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        self.file = None;
        let file = match self.opened() {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn mark(&mut self) -> io::Result<FileMark> {
        FileMark::of(self.opened()?)
    }

    fn create(&mut self, bytes: &dyn Fn(FileMark) -> Vec<u8>) -> io::Result<()> {
        self.machine.before_write()?;
        files::create_marked(&self.path, bytes, Readers::All)
    }

    fn replace(&mut self, bytes: &dyn Fn(FileMark) -> Vec<u8>) -> io::Result<()> {
        self.machine.before_write()?;
        // The open file is the replaced one, perhaps also where this fails.
        self.file = None;
        files::write_marked(&self.path, bytes, Readers::All)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.machine.before_write()?;
        let file = self.opened()?;
        file.set_len(length)?;
        file.sync_all()
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.machine.before_write()?;
        self.opened()?.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.machine.before_write()?;
        self.opened()?.sync_data()
    }

    fn draw_marker(&mut self) -> [u8; 16] {
        self.machine.random().array()
    }
}
