//! The machine below one node: its clock and its disk.
//!
//! A node asks for both through this seam, so that tests can set back the clock or fill the disk of
//! one node among several in a process.

use std::io;
use std::path::Path;

use medshare_types::Timestamp;

use crate::{clock, files};

/// The clock and the disk of one node. The methods answer for the real machine unless overridden.
pub trait Machine: Send + Sync {
    /// The current time; it may be set forwards and backwards at any moment.
    fn now(&self) -> Timestamp {
        clock::now()
    }

    /// Bytes that may still be written to the disk of `path`, where the system tells.
    fn free_bytes(&self, path: &Path) -> Option<u64> {
        files::free_bytes(path)
    }

    /// Called before each write of the node's log, each sync of it, and each block and checkpoint of
    /// its ledger.
    ///
    /// # Errors
    /// The error that the write fails with, before it changes anything.
    fn before_write(&self) -> io::Result<()> {
        Ok(())
    }
}

/// The machine that this process runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThisMachine;

impl Machine for ThisMachine {}
