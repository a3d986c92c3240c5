//! What lies where in the folder of a consortium in this process.
//!
//! ```text
//! trust-anchor               the genesis
//! lock                       held by the process that runs the consortium
//! members/<name>/            ledger.redb, consensus.log
//! members/<name>/keys/       the organisation's key store
//! members/<name>/objects/    its object store
//! authority/keys/            the attribute authority's key store
//! people/keys/               people's key store
//! ```

use std::io;
use std::path::{Path, PathBuf};

/// The trust anchor's file.
pub(crate) fn trust_anchor(root: &Path) -> PathBuf {
    root.join("trust-anchor")
}

/// The file that is locked while a process runs the consortium.
pub(crate) fn lock(root: &Path) -> PathBuf {
    root.join("lock")
}

/// Whether any member has begun a ledger here.
pub(crate) fn holds_ledgers(root: &Path) -> io::Result<bool> {
    let members = match std::fs::read_dir(root.join("members")) {
        Ok(members) => members,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    for member in members {
        if medshare_node::ledger_path(&member?.path()).exists() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A member's folder.
pub(crate) fn member(root: &Path, name: &str) -> PathBuf {
    root.join("members").join(name)
}

/// A member's key store.
pub(crate) fn member_keys(root: &Path, name: &str) -> PathBuf {
    member(root, name).join("keys")
}

/// A member's object store.
pub(crate) fn member_objects(root: &Path, name: &str) -> PathBuf {
    member(root, name).join("objects")
}

/// The attribute authority's key store.
pub(crate) fn authority_keys(root: &Path) -> PathBuf {
    root.join("authority").join("keys")
}

/// People's key store.
pub(crate) fn people_keys(root: &Path) -> PathBuf {
    root.join("people").join("keys")
}
