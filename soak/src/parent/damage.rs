//! Damaged files, and their saved copies.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

/// Files younger than this may belong to a call in flight.
const SETTLED: Duration = Duration::from_secs(3);

/// A file as it was before it was damaged.
pub(super) struct Saved {
    pub(super) path: PathBuf,
    bytes: Vec<u8>,
    /// The change, for the log.
    pub(super) change: String,
}

impl Saved {
    /// Damages a file in a way drawn from the seed.
    pub(super) fn damage(path: PathBuf, rng: &mut ChaCha8Rng) -> Result<Self> {
        let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
        let mut damaged = bytes.clone();
        let change = change(&mut damaged, rng);
        if let Some(change) = &change {
            fs::write(&path, &damaged).with_context(|| change.clone())?;
        } else {
            fs::remove_file(&path)?;
        }
        Ok(Self {
            path,
            bytes,
            change: change.unwrap_or_else(|| "removed".to_owned()),
        })
    }

    /// Puts the copy back. A file whose folder was removed meanwhile belongs to nothing any more.
    pub(super) fn restore(&self) -> Result<()> {
        if self.path.parent().is_some_and(Path::exists) {
            fs::write(&self.path, &self.bytes).context("restoring a saved copy")?;
        }
        Ok(())
    }
}

/// Changes the bytes and says how; `None` removes the file.
fn change(bytes: &mut Vec<u8>, rng: &mut ChaCha8Rng) -> Option<String> {
    let length = bytes.len();
    if length == 0 {
        return None;
    }
    match rng.random_range(0..10) {
        0..5 => {
            let count = rng.random_range(1..32);
            let at: Vec<usize> = (0..count).map(|_| rng.random_range(0..length)).collect();
            for at in &at {
                bytes[*at] ^= rng.random_range(1..=255_u8);
            }
            Some(format!(
                "{count} of {length} bytes changed, first at {}",
                at[0]
            ))
        }
        5..7 => {
            let end = rng.random_range(0..length);
            bytes.truncate(end);
            Some(format!("cut from {length} to {end} bytes"))
        }
        7..9 => {
            let begin = rng.random_range(0..length);
            let end = length.min(begin + 4_096);
            bytes[begin..end].fill(0);
            Some(format!("bytes {begin} to {end} of {length} zeroed"))
        }
        _ => None,
    }
}

/// Some stored objects of a member that belong to no call in flight.
pub(super) fn some_objects(member: &Path, rng: &mut ChaCha8Rng) -> Vec<PathBuf> {
    let records = member.join("objects").join("records");
    let mut settled: Vec<PathBuf> = files_under(&records)
        .into_iter()
        .filter(|path| is_settled(path))
        .collect();
    settled.sort();
    let count = settled.len().min(rng.random_range(1..8));
    let chosen = (0..count).map(|_| settled.swap_remove(rng.random_range(0..settled.len())));
    chosen.collect()
}

/// The ledger, the log, or an entry of the key store of a member.
pub(super) fn one_own_file(member: &Path, rng: &mut ChaCha8Rng) -> Option<PathBuf> {
    let file = match rng.random_range(0..3) {
        0 => member.join("ledger.redb"),
        1 => member.join("consensus.log"),
        _ => {
            let mut keys = files_under(&member.join("keys"));
            keys.sort();
            let at = rng.random_range(0..keys.len().max(1));
            keys.get(at)?.clone()
        }
    };
    file.is_file().then_some(file)
}

fn is_settled(path: &Path) -> bool {
    let changed = fs::metadata(path).and_then(|meta| meta.modified());
    changed.is_ok_and(|changed| {
        SystemTime::now()
            .duration_since(changed)
            .is_ok_and(|age| age > SETTLED)
    })
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_under(&path));
        } else {
            files.push(path);
        }
    }
    files
}
