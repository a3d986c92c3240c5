//! Files of a member that keep it from starting, and the way back from each.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// A file that keeps a member from starting. The others go on, as long as no more than f of them are
/// damaged.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Damage {
    /// The member, as in the genesis.
    pub organisation: String,
    /// The kind of the file.
    pub file: DamagedFile,
    /// The file, or the folder of a key store.
    pub path: PathBuf,
    /// What brings the member back.
    pub way_back: WayBack,
    /// What was found.
    pub source: Arc<dyn std::error::Error + Send + Sync>,
}

/// A kind of file that a member cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DamagedFile {
    /// Its blocks and state.
    Ledger,
    /// Its votes.
    Log,
    /// Its secrets.
    KeyStore,
}

/// What brings a damaged member back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum WayBack {
    /// Its ledger comes from the other members, by
    /// [`LocalConsortium::rebuild`](crate::local::LocalConsortium::rebuild).
    Rebuild,
    /// No other member has its secrets: its key store comes from a backup.
    RestoreKeyStore,
    /// The process may not read or write the file.
    GrantAccess,
    /// The disk is full.
    FreeSpace,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            organisation,
            file,
            path,
            way_back,
            source,
        } = self;
        let path = path.display();
        write!(
            f,
            "the {file} of {organisation}, {path}, is damaged: {source}; {way_back}"
        )
    }
}

impl fmt::Display for DamagedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ledger => "ledger",
            Self::Log => "consensus log",
            Self::KeyStore => "key store",
        })
    }
}

impl fmt::Display for WayBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rebuild => "rebuild the member from the others",
            Self::RestoreKeyStore => "restore the key store from a backup",
            Self::GrantAccess => "let this process read and write it, and start again",
            Self::FreeSpace => "free space on its disk, and start again",
        })
    }
}
