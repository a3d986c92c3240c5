//! Restoring all members of a consortium from one backup, also where a start dies half-way.
//!
//! An operator says that every member was stopped, copied and restored together. Each member then
//! writes its log to a new file and goes on. Until the last one has, a record tells which logs were
//! copies when the restoration was begun. It covers these files alone: a log that was put there
//! later, even one of the same content, is another file, for its member may have voted since.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_host::files::{self, Readers};
use medshare_types::{ChainId, Digest, ReplicaId, Wire};

use crate::config::Recovery;
use crate::log::{ConsensusLog, CopyId, LogState};

/// What the members may do about copied logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// They may start, each with this recovery, in the order of seats.
    Start(Vec<Recovery>),
    /// Logs of these members are copies that no restoration covers. With those that are known to
    /// be lost they are more than f: none would ever learn how far its votes reach.
    Refuse(Vec<ReplicaId>),
}

/// The copied logs that a restoration covers, as stored.
#[derive(Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Restoration {
    chain: ChainId,
    logs: BTreeSet<RestoredLog>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
struct RestoredLog {
    seat: ReplicaId,
    inode: u64,
    born_ns: u64,
    content: Digest,
}

impl Wire for Restoration {
    const KIND: [u8; 4] = *b"mRST";
}

/// Looks at the members' logs, in the order of seats, before any of them is opened. Call
/// [`settle`] once they are.
///
/// With `together` the operator says that all members were restored from one backup. Where no log
/// is an original, that begins a restoration, which is written to `record` first. Where some are,
/// it goes on with the one that `record` tells of, and has no effect without. A record of another
/// chain, or one that does not decode, covers nothing.
///
/// # Errors
/// Those of reading, writing and removing `record`.
pub fn plan(
    record: &Path,
    chain: ChainId,
    logs: &[PathBuf],
    faulty: usize,
    together: bool,
) -> io::Result<Plan> {
    let found = Found::look(chain, logs);
    let begun = prune(record, chain, &found)?;
    let covered = if !together || found.copies.is_empty() {
        BTreeSet::new()
    } else if found.own == 0 {
        store(record, chain, found.copies.clone())?;
        found.copies.clone()
    } else {
        begun
    };
    let uncovered = found.copies.difference(&covered).map(|log| log.seat);
    let uncovered: Vec<_> = uncovered.collect();
    if !uncovered.is_empty() && uncovered.len() + found.lost > faulty {
        return Ok(Plan::Refuse(uncovered));
    }
    let covered = found.copies.intersection(&covered).map(|log| log.seat);
    let mut recoveries = vec![Recovery::Refuse; logs.len()];
    for seat in covered {
        recoveries[seat.index()] = Recovery::RestoredTogether;
    }
    Ok(Plan::Start(recoveries))
}

/// Takes the logs that are no longer the restored copies out of the record of a restoration, and
/// removes it with the last one. To be called whenever members were started. Where it fails, the
/// next [`plan`] does it.
pub fn settle(record: &Path, chain: ChainId, logs: &[PathBuf]) {
    if !record.exists() {
        return;
    }
    if let Err(error) = prune(record, chain, &Found::look(chain, logs)) {
        let record = record.display();
        tracing::warn!(%error, %record, "the record of a restoration cannot be updated");
    }
}

/// As [`settle`]; returns the logs that are covered still. One that cannot be read may come back.
fn prune(record: &Path, chain: ChainId, found: &Found) -> io::Result<BTreeSet<RestoredLog>> {
    let begun = begun(record, chain)?;
    let stays = |log: &RestoredLog| !found.read.contains(&log.seat) || found.copies.contains(log);
    let left: BTreeSet<_> = begun.iter().filter(|log| stays(log)).cloned().collect();
    if left.is_empty() {
        files::remove(record)?;
    } else if left != begun {
        store(record, chain, left.clone())?;
    }
    Ok(left)
}

fn store(record: &Path, chain: ChainId, logs: BTreeSet<RestoredLog>) -> io::Result<()> {
    let restoration = Restoration { chain, logs };
    files::write(record, &restoration.to_wire(), Readers::All)
}

/// The logs that a record covers.
fn begun(record: &Path, chain: ChainId) -> io::Result<BTreeSet<RestoredLog>> {
    let bytes = match std::fs::read(record) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(error),
    };
    Ok(match Restoration::from_wire(&bytes) {
        Ok(restoration) if restoration.chain == chain => restoration.logs,
        found => {
            let error = found.err();
            tracing::warn!(?error, record = %record.display(), "no record of this restoration");
            BTreeSet::new()
        }
    })
}

/// What the logs are. One that cannot be read, or is damaged, is none of these: its member tells of
/// it when it starts.
#[derive(Default)]
struct Found {
    read: BTreeSet<ReplicaId>,
    copies: BTreeSet<RestoredLog>,
    own: usize,
    lost: usize,
}

impl Found {
    fn look(chain: ChainId, logs: &[PathBuf]) -> Self {
        let mut found = Self::default();
        for (seat, log) in (0..).map(ReplicaId).zip(logs) {
            match ConsensusLog::inspect(log, chain) {
                Ok(Some(LogState::Own)) => found.own += 1,
                Ok(Some(LogState::Lost(_))) => found.lost += 1,
                Ok(Some(LogState::Copied)) => {
                    let Ok(Some(CopyId { mark, content })) = ConsensusLog::copy_id(log, chain)
                    else {
                        continue;
                    };
                    found.copies.insert(RestoredLog {
                        seat,
                        inode: mark.inode,
                        born_ns: mark.born_ns,
                        content,
                    });
                }
                Ok(None) | Err(_) => continue,
            }
            found.read.insert(seat);
        }
        found
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
