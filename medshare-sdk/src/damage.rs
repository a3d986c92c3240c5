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
    /// The member starts, and forgot its votes: a quorum of members that know theirs, q, brings it
    /// back by itself.
    Others,
}

impl Damage {
    fn with_way_back(&self, way_back: &dyn fmt::Display) -> String {
        let Self {
            organisation,
            file,
            path,
            source,
            ..
        } = self;
        let path = path.display();
        format!("the {file} of {organisation}, {path}, is damaged: {source}; {way_back}")
    }

    /// The way back where too few members are left for the others to bring it back.
    fn alone(&self) -> String {
        match (self.way_back, self.file) {
            (WayBack::Rebuild, DamagedFile::Ledger) => self.with_way_back(
                &"put a copy of a sound member's ledger there while all are stopped",
            ),
            (WayBack::Rebuild | WayBack::Others, _) => {
                self.with_way_back(&"no other file than its own has its votes")
            }
            _ => self.to_string(),
        }
    }
}

/// Names each of these members with its way back, and the way back of all.
pub(crate) fn too_many(damaged: &[Damage], limit: usize) -> String {
    let text = if limit == 0 {
        Damage::to_string
    } else {
        Damage::alone
    };
    let members: Vec<_> = damaged.iter().map(text).collect();
    let members = members.join(". ");
    let count = damaged.len();
    let refused = format!(
        "{count} members are damaged or forgot their votes, and the others can do without {limit}: {members}"
    );
    if limit == 0 {
        return refused;
    }
    let back = count.saturating_sub(limit);
    format!(
        "{refused}. Rebuilding needs the others: bring {back} of these back first, or restore every \
         member from one cold backup and start with LocalBuilder::restored_from_backup"
    )
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with_way_back(&self.way_back))
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
            Self::Others => "it comes back by itself once a quorum of the others know their votes",
        })
    }
}
