//! The log and ledger of a simulated member, and the part of them that survives a crash.

use medshare_consensus::{Decided, LogPosition, LogRecord, Payload as _, Proposal, Tip};
use medshare_types::header::ExecutedRoots;
use medshare_types::id::Height;
use medshare_types::wire::Wire;

use crate::setting::{TestPayload, execute};
use crate::sim_rng::SimRng;

/// A record of a simulated log.
pub type TestRecord = LogRecord<TestPayload>;

/// The durability that a disk provides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DiskKind {
    /// Synced records stay. A crash leaves any prefix of the rest.
    #[default]
    Sound,
    /// A crash also takes the last synced record; no replica withstands that.
    Forgetful,
    /// Reports records durable before they are, which no node may do.
    Hasty,
}

/// A log and a ledger, each with a durable prefix.
#[derive(Clone, Debug)]
pub struct Disk {
    kind: DiskKind,
    genesis: Tip,
    synced: Vec<TestRecord>,
    unsynced: Vec<(LogPosition, TestRecord)>,
    blocks: Vec<(Decided<TestPayload>, ExecutedRoots)>,
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

    /// Appends to the log. The record goes through its encoding, as on a real disk.
    #[expect(
        clippy::expect_used,
        reason = "a failure is a bug that the simulation must show"
    )]
    pub(crate) fn append(&mut self, position: LogPosition, record: &TestRecord) {
        let decoded = TestRecord::from_wire(&record.to_wire());
        let decoded = decoded.expect("a record decodes from its own encoding");
        self.unsynced.push((position, decoded));
    }

    /// Makes the log durable up to `position` and returns the records that became durable.
    pub(crate) fn sync(&mut self, position: LogPosition) -> Vec<TestRecord> {
        let pending = self.unsynced.iter();
        let count = pending.take_while(|(p, _)| *p <= position).count();
        let now: Vec<_> = self.unsynced.drain(..count).map(|(_, r)| r).collect();
        self.synced.extend_from_slice(&now);
        now
    }

    pub(crate) const fn is_hasty(&self) -> bool {
        matches!(self.kind, DiskKind::Hasty)
    }

    /// Loses everything that is not durable except for a random prefix of the unsynced records,
    /// which an operating system may have written by itself. Returns that prefix: recovery syncs it
    /// first.
    pub(crate) fn crash(&mut self, rng: &mut SimRng) -> Vec<TestRecord> {
        self.blocks.truncate(self.durable_blocks);
        let left = rng.index(self.unsynced.len() + 1);
        let survivors: Vec<_> = self.unsynced.drain(..left).map(|(_, r)| r).collect();
        self.unsynced.clear();
        self.synced.extend_from_slice(&survivors);
        if self.kind == DiskKind::Forgetful {
            self.synced.pop();
        }
        survivors
    }

    /// Loses log and ledger, the durable part too.
    pub(crate) fn lose(&mut self) {
        *self = Self::new(self.kind, self.genesis.clone());
    }

    /// Loses the log, and all of the ledger but a random durable prefix: a backup of it.
    pub(crate) fn restore(&mut self, rng: &mut SimRng) {
        let blocks = rng.index(self.durable_blocks + 1);
        let kept = self.blocks.drain(..blocks).collect();
        self.lose();
        self.blocks = kept;
        self.durable_blocks = blocks;
    }

    /// True when no record waits to become durable.
    pub(crate) const fn is_synced(&self) -> bool {
        self.unsynced.is_empty()
    }

    /// Appends a block to the ledger and returns the roots after it.
    pub(crate) fn apply(&mut self, block: Decided<TestPayload>) -> ExecutedRoots {
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
    pub fn block(&self, height: Height) -> Option<&Decided<TestPayload>> {
        let index = usize::try_from(height.0.checked_sub(1)?).ok()?;
        self.blocks.get(index).map(|(block, _)| block)
    }

    /// The tip that a recovering replica starts from.
    pub(crate) fn tip(&self) -> Tip {
        let executed = self.roots_at(self.blocks.len());
        let mut record = self.genesis.record.clone();
        for (block, _) in &self.blocks {
            let Proposal {
                header,
                payload,
                attestations,
            } = &block.proposal;
            record.follow(header, attestations, &payload.facts());
        }
        let genesis = || self.genesis.clone();
        self.blocks.last().map_or_else(genesis, |(block, _)| {
            let header = &block.proposal.header;
            Tip {
                height: header.height,
                digest: header.digest(),
                time: header.time,
                ordered: !block.proposal.payload.is_empty(),
                executed,
                record,
            }
        })
    }

    pub(crate) fn log(&self) -> Vec<TestRecord> {
        self.synced.clone()
    }

    fn roots_at(&self, height: usize) -> ExecutedRoots {
        match height.checked_sub(1) {
            Some(index) => self.blocks[index].1,
            None => self.genesis.executed,
        }
    }
}
