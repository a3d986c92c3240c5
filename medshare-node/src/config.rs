//! A node's configuration and the paths of its files.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use medshare_host::Machine;
use medshare_types::keystore::KeyStore;
use medshare_types::{Genesis, ReplicaId};

/// Room for the log between two checkpoints, for its copy when it is cut, and for the growth of a
/// ledger of usual blocks, bytes.
pub const DEFAULT_DISK_FLOOR: u64 = 16 << 20;

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
    /// What the node may do about files that it lacks, or that are copies.
    pub recovery: Recovery,
    /// Bytes that must be free on its disk for it to take new transactions; see
    /// [`DEFAULT_DISK_FLOOR`].
    pub disk_floor: u64,
}

/// What a node may do about a ledger or log that is missing, and about a log that is a copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recovery {
    /// Missing files are refused. With a copied log the node has lost its votes: it signs nothing
    /// until the others have told it how far they may reach.
    #[default]
    Refuse,
    /// Missing files are begun again: the blocks come from the other members. A node that lacks its
    /// log has lost its votes.
    Rebuild,
    /// A copied log is taken for the original.
    ///
    /// # Security
    /// Only where **every** member of the consortium was stopped, copied and restored together, and
    /// none has run since the copy was made: a node that forgot a vote may contradict it.
    RestoredTogether,
}

impl fmt::Debug for NodeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeConfig")
            .field("replica", &self.replica)
            .field("folder", &self.folder)
            .field("recovery", &self.recovery)
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
