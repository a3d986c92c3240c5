//! The files to seal, files that are written atomically, and the index of records.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use medshare_examples::{fhir, hash::Hasher};
use medshare_host::files::Readers;
use serde::{Deserialize, Serialize};
use tempfile::{NamedTempFile, TempPath};

/// A file to seal.
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) media_type: &'static str,
    pub(crate) path: PathBuf,
    /// Removes the generated file.
    _temporary: Option<TempPath>,
}

impl Source {
    /// A generated FHIR bundle in a temporary file.
    pub(crate) fn generated() -> Result<Self> {
        let mut file = NamedTempFile::new()?;
        file.write_all(fhir::bundle(7).as_bytes())?;
        Ok(Self {
            name: "made-up FHIR bundle".to_owned(),
            media_type: "application/fhir+json",
            path: file.path().to_owned(),
            _temporary: Some(file.into_temp_path()),
        })
    }

    /// A regular file that can be opened now; pipes and devices cannot be read twice.
    pub(crate) fn file(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let unreadable = || format!("cannot read {name}");
        let found = fs::metadata(path).with_context(unreadable)?;
        ensure!(!found.is_dir(), "cannot read {name}: is a directory");
        // Opening a pipe would wait for its writer.
        ensure!(found.is_file(), "cannot read {name}: not a regular file");
        File::open(path).with_context(unreadable)?;
        Ok(Self {
            name,
            media_type: "application/octet-stream",
            path: path.to_owned(),
            _temporary: None,
        })
    }

    /// The hash of the content and its length in bytes.
    pub(crate) fn sum(&self) -> Result<(String, u64)> {
        let mut hasher = Hasher::default();
        File::open(&self.path)
            .and_then(|mut file| io::copy(&mut file, &mut hasher))
            .with_context(|| format!("cannot read {}", self.name))?;
        Ok(hasher.finish())
    }
}

/// Fails unless [`write`] can write this file later. Leaves nothing behind.
pub(crate) fn check_writable(path: &Path) -> Result<()> {
    let name = path.display();
    ensure!(!path.is_dir(), "cannot write {name}: is a directory");
    if !is_device(path) {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let unwritable = || format!("cannot write {name}");
        tempfile::tempfile_in(folder.unwrap_or(Path::new("."))).with_context(unwritable)?;
    }
    Ok(())
}

/// Writes a file whole or not at all. Devices and pipes are written to, never replaced.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let written = if is_device(path) {
        fs::write(path, bytes)
    } else {
        medshare_host::files::write(path, bytes, Readers::All)
    };
    written.with_context(|| format!("cannot write {}", path.display()))
}

fn is_device(path: &Path) -> bool {
    path.exists() && !path.is_file()
}

/// A sealed record. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) path: String,
    /// The text of the record and its version.
    pub(crate) record: String,
    pub(crate) grant: String,
    /// Of the file as it was sealed, hexadecimal.
    pub(crate) sha256: String,
    pub(crate) bytes: u64,
}

/// The records that the runs in a folder have sealed. Applications have a database for this.
pub(crate) struct Index {
    path: PathBuf,
    pub(crate) entries: Vec<Entry>,
}

impl Index {
    /// Reads `records.json` in the folder; empty where there is none yet.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("records.json");
        let json = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(b"[]".to_vec()),
            read => read,
        };
        let json = json.with_context(|| format!("cannot read {}", path.display()))?;
        let entries = serde_json::from_slice(&json)
            .with_context(|| format!("{} is not an index of records", path.display()))?;
        Ok(Self { path, entries })
    }

    /// The entries are on disk when this returns.
    pub(crate) fn save(&self) -> Result<()> {
        write(&self.path, &serde_json::to_vec_pretty(&self.entries)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_readable_files_are_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ecg");
        let missing = Source::file(&path).err().unwrap().to_string();
        assert!(missing.contains("ecg"), "{missing}");
        let directory = Source::file(folder.path()).err().unwrap().to_string();
        assert!(directory.contains("is a directory"), "{directory}");

        fs::write(&path, b"trace").unwrap();
        let source = Source::file(&path).unwrap();
        assert_eq!(source.sum().unwrap(), source.sum().unwrap());
        fs::remove_file(&path).unwrap();
        let vanished = source.sum().err().unwrap().to_string();
        assert!(vanished.contains("ecg"), "{vanished}");
    }

    #[test]
    fn a_file_is_written_whole_or_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.json");
        let count = || fs::read_dir(folder.path()).unwrap().count();

        check_writable(&path).unwrap();
        assert_eq!(count(), 0);
        write(&path, b"first").unwrap();
        check_writable(&path).unwrap();
        assert_eq!((fs::read(&path).unwrap(), count()), (b"first".to_vec(), 1));
        write(&path, b"second").unwrap();
        assert_eq!((fs::read(&path).unwrap(), count()), (b"second".to_vec(), 1));

        let nowhere = folder.path().join("absent").join("out.json");
        let error = check_writable(&nowhere).err().unwrap().to_string();
        assert!(error.contains("absent"), "{error}");
        let error = check_writable(folder.path()).err().unwrap().to_string();
        assert!(error.contains("is a directory"), "{error}");
    }

    #[test]
    fn saved_entries_are_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let entry = |grant: &str| Entry {
            path: "a".to_owned(),
            record: "ab/1".to_owned(),
            grant: grant.to_owned(),
            sha256: "ef".to_owned(),
            bytes: 3,
        };
        let mut index = Index::open(folder.path()).unwrap();
        assert!(index.entries.is_empty());
        index.entries = vec![entry("cd"), entry("cd")];
        index.save().unwrap();
        index.entries[1].grant = "new".to_owned();
        index.save().unwrap();
        let again = Index::open(folder.path()).unwrap();
        assert_eq!(again.entries, [entry("cd"), entry("new")]);

        fs::write(folder.path().join("records.json"), "[{").unwrap();
        let error = Index::open(folder.path()).err().unwrap().to_string();
        assert!(error.contains("records.json"), "{error}");
    }
}
