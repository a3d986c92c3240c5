//! A node's configuration and the paths of its files.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use medshare_host::Machine;
use medshare_types::keystore::KeyStore;
use medshare_types::{Genesis, ReplicaId};

/// The seat, the files and the secrets of one node.
pub struct NodeConfig {
    /// The consortium's trust anchor.
    pub genesis: Genesis,
    /// The node's seat in the genesis committee.
    pub replica: ReplicaId,
    /// The folder of its ledger and its consensus log.
    pub folder: PathBuf,
    /// The store of its secrets, under the names of [`crate::secrets`].
    pub keys: Arc<dyn KeyStore>,
    /// Its clock and its disk; [`medshare_host::ThisMachine`] outside of tests.
    pub machine: Arc<dyn Machine>,
}

impl fmt::Debug for NodeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeConfig")
            .field("replica", &self.replica)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// The ledger of the node that keeps its files in `folder`.
#[must_use]
pub fn ledger_path(folder: &Path) -> PathBuf {
    folder.join("ledger.redb")
}

/// The consensus log of the node that keeps its files in `folder`.
#[must_use]
pub fn log_path(folder: &Path) -> PathBuf {
    folder.join("consensus.log")
}
