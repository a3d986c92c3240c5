//! What lies where in the folder of a consortium in this process.
//!
//! ```text
//! trust-anchor               the genesis
//! members/<name>/            ledger.redb, consensus.log
//! members/<name>/keys/       the organisation's key store
//! members/<name>/objects/    its object store
//! authority/keys/            the attribute authority's key store
//! people/keys/               people's key store
//! ```

use std::path::{Path, PathBuf};

/// The trust anchor's file.
pub(crate) fn trust_anchor(root: &Path) -> PathBuf {
    root.join("trust-anchor")
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
