//! Why a member cannot start or go on.

use std::path::PathBuf;

use medshare_consensus::ReplayError;
use medshare_contract::{GenesisError, StateError};
use medshare_host::TaskError;
use medshare_ledger::StoreError;
use medshare_threshold::CeremonyError;
use medshare_types::{DecodeError, Height, keystore::KeyStoreError};

use crate::log::LogError;

/// Why a member stopped, or did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The genesis makes no chain.
    #[error("invalid genesis: {source}")]
    Genesis {
        /// What is wrong with it.
        #[from]
        source: GenesisError,
    },
    /// The genesis names no committee.
    #[error("invalid committee: {source}")]
    Committee {
        /// What is wrong with it.
        #[from]
        source: DecodeError,
    },
    /// The key store has no such secret of this member.
    #[error("the key store has no {name} of this member")]
    MissingSecret {
        /// Which.
        name: &'static str,
    },
    /// A secret is not what the genesis says of this member.
    #[error("the {name} is not the one that the genesis names for this member")]
    ForeignSecret {
        /// Which.
        name: &'static str,
    },
    /// The key store failed.
    #[error(transparent)]
    KeyStore(#[from] KeyStoreError),
    /// The consensus log failed. After a failed write nothing is known of the medium.
    #[error(transparent)]
    Log(#[from] LogError),
    /// There is a ledger and no log beside it: the member forgot its votes and might contradict
    /// them. Only a log that nothing was written to since can take its place.
    #[error("{} is missing beside the ledger", path.display())]
    MissingLog {
        /// Where it should be.
        path: PathBuf,
    },
    /// The ledger failed, or is not this chain's.
    #[error(transparent)]
    Ledger(#[from] StoreError),
    /// The state cannot be read, or runs under unknown rules.
    #[error(transparent)]
    State(#[from] StateError<StoreError>),
    /// The log contradicts the ledger.
    #[error(transparent)]
    Recover(#[from] ReplayError),
    /// The key ceremony cannot be taken part in.
    #[error("the key ceremony: {source}")]
    Ceremony {
        /// Why.
        #[from]
        source: CeremonyError,
    },
    /// A committed block names other roots than this member computed: it has gone astray.
    #[error("block {height} names other roots than this member computed")]
    Diverged {
        /// The block.
        height: Height,
    },
    /// A folder or file failed.
    #[error("{what}: {source}")]
    Io {
        /// Which.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A task of this process was cancelled or panicked, which no caller caused.
    #[error("a task of the member ended early")]
    Internal {
        /// The task's own report.
        #[from]
        source: TaskError,
    },
}
