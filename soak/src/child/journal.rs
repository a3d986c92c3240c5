//! Acknowledged results, in a file that is synced before the parent hears of them.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::protocol::Line;

/// The journal and the output to the parent, which lies beside it.
pub(super) struct Journal(Mutex<File>);

impl Journal {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self(Mutex::new(file)))
    }

    /// Writes the line to the journal, syncs it, and tells the parent.
    pub(super) fn acknowledge(&self, line: &Line) -> io::Result<()> {
        let text = encoded(line)?;
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let length = file.metadata()?.len();
        let written = file.write_all(text.as_bytes());
        if let Err(error) = written.and_then(|()| file.sync_data()) {
            // Half a line would spoil the next one.
            file.set_len(length)?;
            return Err(error);
        }
        drop(file);
        print(&text)
    }

    /// Tells the parent only.
    pub(super) fn tell(&self, line: &Line) -> io::Result<()> {
        print(&encoded(line)?)
    }
}

fn encoded(line: &Line) -> io::Result<String> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    Ok(text)
}

fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
