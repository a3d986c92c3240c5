//! What a node is started with, and where it keeps its files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use medshare_types::keystore::KeyStore;
use medshare_types::{Genesis, ReplicaId};

/// What a member is started with.
pub struct NodeConfig {
    /// The consortium's trust anchor.
    pub genesis: Genesis,
    /// The member's seat.
    pub replica: ReplicaId,
    /// Where its ledger and its consensus log are kept.
    pub folder: PathBuf,
    /// Where its secrets are kept; see [`crate::secrets`].
    pub keys: Arc<dyn KeyStore>,
}

/// Where a member of this folder keeps its ledger.
#[must_use]
pub fn ledger_path(folder: &Path) -> PathBuf {
    folder.join("ledger.redb")
}

/// Where a member of this folder keeps its consensus log.
#[must_use]
pub fn log_path(folder: &Path) -> PathBuf {
    folder.join("consensus.log")
}
