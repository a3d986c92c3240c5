//! The room on a node's disk, and what the node does without it.
//!
//! | room | votes | blocks | new transactions | other requests |
//! |---|---|---|---|---|
//! | at least the floor | yes | yes | yes | answered |
//! | below the floor | yes | yes | refused | answered |
//! | a write failed for want of room | no | no | refused | refused, until the floor is free again |
//!
//! The floor is what blocks that are under way need: the log of the heights since the last
//! checkpoint, its copy when it is cut, and the growth of the ledger at that checkpoint. Refusing new
//! transactions above zero lets those finish, so that most full disks never stop a vote. No file is
//! kept as a reserve: a file that is deleted frees its bytes for every process on the disk, and the
//! one that filled it takes them first.

use std::path::Path;

use medshare_host::Machine;
use medshare_ledger::{RefusalCode, Refusing, RpcResponse};
use medshare_types::{Genesis, ReplicaId, Timestamp};

use crate::error::NodeError;

/// The disk as the node last saw it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Disk {
    floor: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Room,
    Low { since: Timestamp },
    Full { since: Timestamp },
}

impl Disk {
    /// A disk that should keep `floor` bytes free.
    pub(super) const fn new(floor: u64) -> Self {
        Self {
            floor,
            state: State::Room,
        }
    }

    /// Looks how much is free. Returns true when there is room again.
    pub(super) fn look(&mut self, folder: &Path, machine: &dyn Machine) -> bool {
        let low = self.free_below_floor(folder, machine).is_some();
        match (self.state, low) {
            (State::Room, true) => {
                let since = machine.now();
                self.state = State::Low { since };
                false
            }
            (State::Low { .. } | State::Full { .. }, false) => {
                self.state = State::Room;
                true
            }
            _ => false,
        }
    }

    /// A write failed for want of room.
    pub(super) fn is_full(&mut self, now: Timestamp) {
        self.state = State::Full { since: now };
    }

    /// Writes succeed again: the files were opened anew.
    pub(super) const fn has_room(&mut self) {
        self.state = State::Room;
    }

    /// Whether new transactions are taken.
    pub(super) fn takes_transactions(&self) -> bool {
        self.state == State::Room
    }

    /// Succeeds where the floor is free, or the system does not tell.
    pub(super) fn require_room(
        &self,
        folder: &Path,
        machine: &dyn Machine,
    ) -> Result<(), NodeError> {
        match self.free_below_floor(folder, machine) {
            None => Ok(()),
            Some(free) => Err(NodeError::DiskFull {
                folder: folder.to_owned(),
                free,
                needed: self.floor,
            }),
        }
    }

    fn free_below_floor(&self, folder: &Path, machine: &dyn Machine) -> Option<u64> {
        machine.free_bytes(folder).filter(|free| *free < self.floor)
    }

    pub(super) const fn refusing(&self) -> Option<Refusing> {
        let needed = self.floor;
        match self.state {
            State::Room => None,
            State::Low { since } => Some(Refusing::DiskLow { since, needed }),
            State::Full { since } => Some(Refusing::DiskFull { since, needed }),
        }
    }

    /// The refusal of the member at `own`, by its name.
    pub(super) fn refusal(&self, genesis: &Genesis, own: ReplicaId) -> RpcResponse {
        let name = genesis.members.get(own.index());
        let name = name.map_or_else(|| own.to_string(), |member| member.name.clone());
        let since = match self.state {
            State::Low { since } | State::Full { since } => format!(" since {since}"),
            State::Room => String::new(),
        };
        let needed = self.floor;
        let detail = format!("the disk of {name} is full{since}; {needed} bytes must be free");
        RpcResponse::refused(RefusalCode::DiskFull, detail)
    }
}
