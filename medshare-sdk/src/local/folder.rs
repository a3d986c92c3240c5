//! The layout of the folder of a consortium in this process.
//!
//! ```text
//! trust-anchor               the genesis
//! lock                       held by the process that runs the consortium
//! restoring                  the logs of a restoration that is under way
//! members/<name>/            ledger.redb, consensus.log
//! members/<name>/keys/       the organisation's key store
//! members/<name>/objects/    its object store, unless the caller has given another
//! members/<name>/damaged-<n>/  what a rebuild moved aside
//! authority/keys/            the attribute authority's key store
//! people/keys/               people's key store
//! ```

use std::io;
use std::path::{Path, PathBuf};

use crate::record::RecordRef;
use medshare_store::objects::{ObjectKind, PayloadName};

pub(super) fn trust_anchor(root: &Path) -> PathBuf {
    root.join("trust-anchor")
}

/// Locked by the process that runs the consortium.
pub(super) fn lock(root: &Path) -> PathBuf {
    root.join("lock")
}

/// Tells of a restoration from a backup that is under way.
pub(super) fn restoring(root: &Path) -> PathBuf {
    root.join("restoring")
}

/// Returns true if a member has begun a log or a ledger here.
pub(super) fn holds_chain(root: &Path) -> io::Result<bool> {
    let members = members(root)?;
    Ok(members.iter().any(|member| {
        medshare_node::ledger_path(member).exists() || medshare_node::log_path(member).exists()
    }))
}

/// The key stores of members that were created here.
pub(super) fn key_stores(root: &Path) -> io::Result<Vec<PathBuf>> {
    let members = members(root)?.into_iter();
    let keys = members.map(|member| member.join("keys"));
    Ok(keys.filter(|keys| holds_key_store(keys)).collect())
}

fn members(root: &Path) -> io::Result<Vec<PathBuf>> {
    let members = match std::fs::read_dir(root.join("members")) {
        Ok(members) => members,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    members.map(|member| Ok(member?.path())).collect()
}

pub(super) fn member(root: &Path, name: &str) -> PathBuf {
    root.join("members").join(name)
}

pub(super) fn member_keys(root: &Path, name: &str) -> PathBuf {
    member(root, name).join("keys")
}

pub(super) fn member_objects(root: &Path, name: &str) -> PathBuf {
    member(root, name).join("objects")
}

pub(super) fn authority_keys(root: &Path) -> PathBuf {
    root.join("authority").join("keys")
}

pub(super) fn people_keys(root: &Path) -> PathBuf {
    root.join("people").join("keys")
}

/// Returns true if a key store was created in a folder. Its first file holds the passphrase's check.
pub(super) fn holds_key_store(keys: &Path) -> bool {
    keys.join("store").exists()
}

/// Returns true if a member has no ledger, not begun or lost.
pub(super) fn lacks_ledger(root: &Path, name: &str) -> bool {
    !medshare_node::ledger_path(&member(root, name)).exists()
}

/// Returns true if a member has begun a log.
pub(super) fn holds_log(root: &Path, name: &str) -> bool {
    medshare_node::log_path(&member(root, name)).exists()
}

/// The files behind the payloads of a version in one object store, registered or not.
pub(super) fn payload_files(objects: &Path, record: RecordRef) -> Vec<PathBuf> {
    let folder = objects.join(PayloadName::folder_of(record.id, record.version));
    let payloads = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = payloads.map(|entry| entry.path().join(ObjectKind::Payload.name()));
    files.filter(|file| file.exists()).collect()
}
