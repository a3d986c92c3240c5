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
    /// They may start, each with this recovery and with this state of its log, in the order of seats.
    /// None for a log that is missing, damaged or out of reach.
    Start(Vec<(Recovery, Option<LogState>)>),
    /// Too few members know their votes for the others to learn how far theirs reach.
    Refuse {
        /// Seats whose log is a copy that no restoration covers.
        copied: Vec<ReplicaId>,
        /// Seats whose log has the mark of a loss.
        lost: Vec<ReplicaId>,
    },
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
/// At most `spare` members, n−q, may be without their votes: a loss ends with a block after it, which
/// needs the votes of q others.
///
/// # Errors
/// Those of reading, writing and removing `record`.
pub fn plan(
    record: &Path,
    chain: ChainId,
    logs: &[PathBuf],
    spare: usize,
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
    let seats = |log: &RestoredLog| log.seat;
    let copied: Vec<_> = found.copies.difference(&covered).map(seats).collect();
    if copied.len() + found.lost.len() > spare {
        let lost = found.lost.into_iter().collect();
        return Ok(Plan::Refuse { copied, lost });
    }
    let mut members: Vec<_> = found
        .states
        .into_iter()
        .map(|state| (Recovery::Refuse, state))
        .collect();
    for log in found.copies.intersection(&covered) {
        members[log.seat.index()].0 = Recovery::RestoredTogether;
    }
    Ok(Plan::Start(members))
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
    /// In the order of seats.
    states: Vec<Option<LogState>>,
    read: BTreeSet<ReplicaId>,
    copies: BTreeSet<RestoredLog>,
    own: usize,
    lost: BTreeSet<ReplicaId>,
}

impl Found {
    fn look(chain: ChainId, logs: &[PathBuf]) -> Self {
        let mut found = Self::default();
        for (seat, path) in (0..).map(ReplicaId).zip(logs) {
            let state = found.look_at(seat, path, chain);
            found.read.extend(state.map(|_| seat));
            found.states.push(state);
        }
        found
    }

    fn look_at(&mut self, seat: ReplicaId, path: &Path, chain: ChainId) -> Option<LogState> {
        let state = ConsensusLog::inspect(path, chain).ok()??;
        match state {
            LogState::Own => self.own += 1,
            LogState::Lost(_) => {
                self.lost.insert(seat);
            }
            LogState::Copied => {
                let CopyId { mark, content } = ConsensusLog::copy_id(path, chain).ok()??;
                self.copies.insert(RestoredLog {
                    seat,
                    inode: mark.inode,
                    born_ns: mark.born_ns,
                    content,
                });
            }
        }
        Some(state)
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
