//! Failures that keep a node from starting or going on.

use std::path::PathBuf;

use medshare_consensus::ReplayError;
use medshare_contract::{GenesisError, StateError};
use medshare_host::{TaskError, files};
use medshare_ledger::StoreError;
use medshare_threshold::CeremonyError;
use medshare_types::{DecodeError, Height, keystore::KeyStoreError};

/// A node stopped, or did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields' names speak for themselves")]
pub enum NodeError {
    /// The genesis breaks a rule of the contract.
    #[error("invalid genesis")]
    Genesis {
        #[from]
        source: GenesisError,
    },
    /// The genesis names no valid committee.
    #[error("invalid committee")]
    Committee { source: DecodeError },
    /// The key store lacks a secret of this node.
    #[error("the key store has no {name} of this node")]
    MissingSecret { name: &'static str },
    /// A secret contradicts the genesis, or does not decode.
    #[error("the {name} is not the one that the genesis names for this node")]
    ForeignSecret { name: &'static str },
    /// The key store failed.
    #[error(transparent)]
    KeyStore(#[from] KeyStoreError),
    /// The file is not a consensus log of this version.
    #[error("{} is not a consensus log of this version", path.display())]
    NotALog { path: PathBuf },
    /// The log belongs to another chain.
    #[error("{} belongs to another consortium", path.display())]
    ForeignLog { path: PathBuf },
    /// The log is damaged before its end. It is never repaired in silence.
    #[error("{} is damaged at byte {offset}", path.display())]
    DamagedLog { path: PathBuf, offset: usize },
    /// A whole frame of the log does not hold a record.
    #[error("record {index} of the consensus log cannot be decoded")]
    LogRecord { index: usize, source: DecodeError },
    /// A write to the log or a sync of it failed, and it was not recovered since.
    #[error("{} takes no records since a write to it failed", path.display())]
    UnsoundLog { path: PathBuf },
    /// The log's medium failed. After a failed write or sync its state is unknown.
    #[error("{} cannot be read or written", path.display())]
    LogMedium {
        path: PathBuf,
        source: std::io::Error,
    },
    /// The disk has less room than the node keeps free.
    #[error("the disk of {} has {free} bytes free, and {needed} are needed", folder.display())]
    DiskFull {
        folder: PathBuf,
        free: u64,
        needed: u64,
    },
    /// The node has voted, and its log is gone: it forgot its votes and might contradict them.
    #[error("{} is missing, and with it the member's votes", path.display())]
    MissingLog { path: PathBuf },
    /// The node has taken part in the chain, and its ledger is gone.
    #[error("{} is missing", path.display())]
    MissingLedger { path: PathBuf },
    /// The ledger failed, or belongs to another chain.
    #[error(transparent)]
    Ledger(#[from] StoreError),
    /// The state cannot be read, or follows unknown rules.
    #[error(transparent)]
    State(#[from] StateError<StoreError>),
    /// The log contradicts the ledger.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The node cannot take part in the key ceremony.
    #[error("the key ceremony failed")]
    Ceremony {
        #[from]
        source: CeremonyError,
    },
    /// A committed block names other roots than this node computed, so its own state is wrong.
    #[error("block {height} names other roots than this node computed")]
    Diverged { height: Height },
    /// A task of this process was cancelled or panicked, which no caller caused.
    #[error("a task of the node ended early; restart the process")]
    Internal {
        #[from]
        source: TaskError,
    },
}

impl NodeError {
    /// Whether the disk had no room. The node then pauses, and goes on once there is room.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::DiskFull { .. }) || files::is_disk_full(self)
    }
}
