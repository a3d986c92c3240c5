//! The files of one node, as a seam: a simulation puts disks below it that crash.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use medshare_host::{Machine, files};
use medshare_ledger::{LedgerStore, StoreError};
use medshare_types::{Digest, Genesis};

use crate::config::{NodeConfig, ledger_path, log_path};
use crate::log::{LogFile, Storage};

/// Where a node keeps its ledger and its log.
pub trait Volume: Send + Sync {
    /// Removes what interrupted writes left. Called at a start, before the files are opened.
    fn sweep(&self);

    /// Whether there is a log, whole or damaged.
    fn has_log(&self) -> bool;

    /// The medium of the log; nothing is opened or created yet.
    fn log(&self) -> Box<dyn Storage>;

    /// Whether there is a ledger, whole or damaged.
    fn has_ledger(&self) -> bool;

    /// As [`LedgerStore::open`]: a new ledger has its name once it is whole.
    ///
    /// # Errors
    /// Those of [`LedgerStore::open`].
    fn open_ledger(
        &self,
        genesis: &Genesis,
        genesis_state: &BTreeMap<Digest, Vec<u8>>,
    ) -> Result<LedgerStore, StoreError>;
}

/// A folder of the file system, with the paths of [`ledger_path`] and [`log_path`].
pub struct Folder {
    path: PathBuf,
    machine: Arc<dyn Machine>,
}

impl Folder {
    /// The folder, on the disk of `machine`.
    #[must_use]
    pub fn new(path: &Path, machine: Arc<dyn Machine>) -> Self {
        let path = path.to_owned();
        Self { path, machine }
    }

    /// The folder that a configuration names.
    pub(crate) fn of(config: &NodeConfig) -> Self {
        Self::new(&config.folder, Arc::clone(&config.machine))
    }
}

impl Volume for Folder {
    fn sweep(&self) {
        files::sweep(&self.path);
    }

    fn has_log(&self) -> bool {
        log_path(&self.path).exists()
    }

    fn log(&self) -> Box<dyn Storage> {
        let machine = Arc::clone(&self.machine);
        Box::new(LogFile::new(&log_path(&self.path), machine))
    }

    fn has_ledger(&self) -> bool {
        ledger_path(&self.path).exists()
    }

    fn open_ledger(
        &self,
        genesis: &Genesis,
        genesis_state: &BTreeMap<Digest, Vec<u8>>,
    ) -> Result<LedgerStore, StoreError> {
        LedgerStore::open(ledger_path(&self.path), genesis, genesis_state)
    }
}

impl fmt::Debug for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Folder")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
