//! The records that runs in this folder have sealed, for the next run to open.
//!
//! An application has a database of its own for this. Nothing in it is secret.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::{Context as _, Result};
use crate::whole;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// What the file was called.
    pub(crate) path: String,
    /// The record, as `<id>/<version>`.
    pub(crate) record: String,
    /// The grant under which it is opened.
    pub(crate) grant: String,
    /// Of the file as it was sealed.
    pub(crate) sha256: String,
    /// Length of the file.
    pub(crate) bytes: u64,
}

/// `records.json`.
pub(crate) struct Index {
    path: PathBuf,
    entries: Vec<Entry>,
}

impl Index {
    /// The index in `folder`, empty where there is none yet.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("records.json");
        let entries = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .context(|| format!("{} is no index of records", path.display()))?,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error).context(|| format!("cannot read {}", path.display())),
        };
        Ok(Self { path, entries })
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Adds a record, on disk when this returns.
    pub(crate) fn add(&mut self, entry: Entry) -> Result<()> {
        self.entries.push(entry);
        self.save()
    }

    /// Notes another grant for a record of the index.
    pub(crate) fn set_grant(&mut self, place: usize, grant: String) -> Result<()> {
        if let Some(entry) = self.entries.get_mut(place) {
            entry.grant = grant;
        }
        self.save()
    }

    fn save(&self) -> Result<()> {
        let text = serde_json::to_string_pretty(&self.entries)
            .context(|| format!("cannot write {}", self.path.display()))?;
        whole::write(&self.path, text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let entry = |path: &str| Entry {
            path: path.to_owned(),
            record: "ab/1".to_owned(),
            grant: "cd".to_owned(),
            sha256: "ef".to_owned(),
            bytes: 3,
        };
        let mut index = Index::open(folder.path()).ok().unwrap();
        assert!(index.entries().is_empty());
        index.add(entry("a")).ok().unwrap();
        index.add(entry("a")).ok().unwrap();
        index.set_grant(1, "new".to_owned()).ok().unwrap();

        let again = Index::open(folder.path()).ok().unwrap();
        let expected = [
            entry("a"),
            Entry {
                grant: "new".to_owned(),
                ..entry("a")
            },
        ];
        assert_eq!(again.entries(), &expected);

        std::fs::write(folder.path().join("records.json"), "[{").unwrap();
        let error = Index::open(folder.path()).err().unwrap().to_string();
        assert!(error.contains("records.json"), "{error}");
    }
}
