//! Files that the store of a folder writes to before it gives them an object's name: `payload#1`.
//! A process that is killed leaves them, and the store's own listing passes over them.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use medshare_types::Timestamp;

use crate::objects::{MARKER, ObjectKind, PROBES, PayloadName};

/// A file that is, or was to become, an object.
#[derive(Debug)]
pub struct StagingFile {
    /// None for the store's marker, and for probes.
    pub payload: Option<PayloadName>,
    /// Where the file lies.
    pub path: PathBuf,
    /// The end of time for a clock before 1970, which proves no age.
    pub changed: Timestamp,
}

/// Every staging file of a store's folder. Blocks.
pub(crate) fn staging_files(folder: &Path) -> io::Result<Vec<StagingFile>> {
    let mut folders = vec![
        folder.to_owned(),
        folder.join(PayloadName::ROOT),
        folder.join(PROBES),
    ];
    let records = folder.join(PayloadName::ROOT);
    let mut found = Vec::new();
    while let Some(next) = folders.pop() {
        let entries = match std::fs::read_dir(&next) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                if entry.path() != records && entry.path().starts_with(&records) {
                    folders.push(entry.path());
                }
            } else if let Some(payload) = staged_for(folder, &entry.path()) {
                match changed(&entry) {
                    Ok(changed) => found.push(StagingFile {
                        payload,
                        path: entry.path(),
                        changed,
                    }),
                    // Its upload has just ended.
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
    Ok(found)
}

/// Removes staging files; they need not exist. Blocks.
pub(crate) fn remove(files: &[PathBuf]) -> io::Result<()> {
    for file in files {
        match std::fs::remove_file(file) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// The payload that a file was staged for, or that it was staged for another object; none for any
/// other file.
fn staged_for(folder: &Path, file: &Path) -> Option<Option<PayloadName>> {
    let (object, number) = file.file_name()?.to_str()?.split_once('#')?;
    if number.is_empty() || !number.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let inside = file.strip_prefix(folder).ok()?;
    if inside.starts_with(PROBES) || (object == MARKER && inside.iter().count() == 1) {
        return Some(None);
    }
    let is_object = ObjectKind::ALL.iter().any(|kind| kind.name() == object);
    let path: Option<Vec<&str>> = inside.iter().map(|component| component.to_str()).collect();
    let payload = PayloadName::of_path(&path?.join("/")).filter(|_| is_object)?;
    Some(Some(payload))
}

fn changed(entry: &std::fs::DirEntry) -> io::Result<Timestamp> {
    let modified = entry.metadata()?.modified()?.duration_since(UNIX_EPOCH);
    let millis = modified
        .ok()
        .and_then(|since| u64::try_from(since.as_millis()).ok());
    Ok(millis.map_or(Timestamp::MAX, Timestamp::from_millis))
}
