//! What a member has written, and what of it survives a crash.

use medshare_consensus::{Decided, LogPosition, LogRecord, Tip};
use medshare_types::header::ExecutedRoots;
use medshare_types::id::Height;
use medshare_types::wire::Wire;

use crate::setting::{Batch, execute};
use crate::sim_rng::SimRng;

/// A record of the simulated log.
pub type Record = LogRecord<Batch>;

/// How a disk behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DiskKind {
    /// What is synced stays; of the rest, a crash leaves any beginning.
    #[default]
    Sound,
    /// A crash takes the last synced record too: what no replica can stand.
    Forgetful,
    /// Says "durable" before it is: what no node may do.
    Hasty,
}

/// A log and a ledger, each with a durable part.
#[derive(Clone, Debug)]
pub struct Disk {
    kind: DiskKind,
    genesis: Tip,
    synced: Vec<Record>,
    unsynced: Vec<(LogPosition, Record)>,
    blocks: Vec<(Decided<Batch>, ExecutedRoots)>,
    durable_blocks: usize,
}

impl Disk {
    pub(crate) const fn new(kind: DiskKind, genesis: Tip) -> Self {
        Self {
            kind,
            genesis,
            synced: Vec::new(),
            unsynced: Vec::new(),
            blocks: Vec::new(),
            durable_blocks: 0,
        }
    }

    /// Appends to the log. Records are stored as bytes would be: through their encoding.
    pub(crate) fn append(&mut self, position: LogPosition, record: &Record) {
        if let Ok(record) = Record::from_wire(&record.to_wire()) {
            self.unsynced.push((position, record));
        }
    }

    /// Makes the log durable up to `position` and returns what became durable.
    pub(crate) fn sync(&mut self, position: LogPosition) -> Vec<Record> {
        let pending = self.unsynced.iter();
        let count = pending.take_while(|(p, _)| *p <= position).count();
        let now: Vec<_> = self.unsynced.drain(..count).map(|(_, r)| r).collect();
        self.synced.extend_from_slice(&now);
        now
    }

    pub(crate) const fn is_hasty(&self) -> bool {
        matches!(self.kind, DiskKind::Hasty)
    }

    /// Loses what is not durable, but for a beginning of the unsynced records, which a system may
    /// have written by itself. Returns those: recovery syncs them first.
    pub(crate) fn crash(&mut self, rng: &mut SimRng) -> Vec<Record> {
        self.blocks.truncate(self.durable_blocks);
        let left = rng.below(self.unsynced.len() as u64 + 1);
        let left = usize::try_from(left).unwrap_or(0);
        let survivors: Vec<_> = self.unsynced.drain(..left).map(|(_, r)| r).collect();
        self.unsynced.clear();
        self.synced.extend_from_slice(&survivors);
        if self.kind == DiskKind::Forgetful {
            self.synced.pop();
        }
        survivors
    }

    /// Appends a block to the ledger and returns the roots after it.
    pub(crate) fn apply(&mut self, block: Decided<Batch>) -> ExecutedRoots {
        let before = self.roots_at(self.blocks.len());
        let header = &block.proposal.header;
        let roots = execute(&before, header.height, &header.digest());
        self.blocks.push((block, roots));
        roots
    }

    /// Makes the ledger durable and cuts the log below.
    pub(crate) fn checkpoint(&mut self) {
        self.durable_blocks = self.blocks.len();
        let durable = self.height();
        self.synced.retain(|record| record.height() > durable);
    }

    /// The ledger's last height.
    #[must_use]
    pub const fn height(&self) -> Height {
        Height(self.blocks.len() as u64)
    }

    /// A block of the ledger.
    #[must_use]
    pub fn block(&self, height: Height) -> Option<&Decided<Batch>> {
        let index = usize::try_from(height.0.checked_sub(1)?).ok()?;
        self.blocks.get(index).map(|(block, _)| block)
    }

    /// Where a recovering replica starts.
    pub(crate) fn tip(&self) -> Tip {
        let executed = self.roots_at(self.blocks.len());
        self.blocks.last().map_or(self.genesis, |(block, _)| {
            let header = &block.proposal.header;
            Tip {
                height: header.height,
                digest: header.digest(),
                time: header.time,
                executed,
            }
        })
    }

    pub(crate) fn log(&self) -> Vec<Record> {
        self.synced.clone()
    }

    fn roots_at(&self, height: usize) -> ExecutedRoots {
        match height.checked_sub(1) {
            Some(index) => self.blocks[index].1,
            None => self.genesis.executed,
        }
    }
}
