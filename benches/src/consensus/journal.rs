//! Where the records of a measured replica go.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use medshare_consensus::{LogRecord, Proposal};
use medshare_host::ThisMachine;
use medshare_host::files::FileMark;
use medshare_node::log::{ConsensusLog, LogFile, Storage};
use medshare_types::certificate::CommitCertificate;
use medshare_types::id::{ChainId, Height, ReplicaId};
use medshare_types::wire::{Wire as _, to_borsh};

use super::block::Block;

/// Blocks between two checkpoints, as in a node.
pub(crate) const CHECKPOINT_INTERVAL: u64 = 16;

/// The durable side of a member.
pub(crate) trait Journal {
    /// Adds a record, durable after the next sync.
    fn append(&mut self, record: &LogRecord<Block>);

    /// Makes all records durable.
    fn sync(&mut self) -> anyhow::Result<()>;

    /// Takes a final block.
    fn decided(
        &mut self,
        block: &Proposal<Block>,
        certificate: &CommitCertificate,
    ) -> anyhow::Result<()>;

    /// Syncs that reached the disk since the member began.
    fn syncs(&self) -> u64;
}

/// Encodes records, and keeps none.
#[derive(Default)]
pub(crate) struct Dropped {
    last: Vec<u8>,
}

impl Journal for Dropped {
    fn append(&mut self, record: &LogRecord<Block>) {
        self.last = record.to_wire();
    }

    fn sync(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    fn decided(&mut self, _: &Proposal<Block>, _: &CommitCertificate) -> anyhow::Result<()> {
        Ok(())
    }

    fn syncs(&self) -> u64 {
        0
    }
}

/// A consensus log in a file, and beside it the blocks, in the role of the ledger: synced at each
/// checkpoint, before the log is cut.
pub(crate) struct Files {
    log: ConsensusLog,
    blocks: File,
    syncs: Arc<AtomicU64>,
}

impl Files {
    /// Creates both files in `folder`.
    pub(crate) fn create(folder: &Path, seat: ReplicaId, chain: ChainId) -> anyhow::Result<Self> {
        let syncs = Arc::new(AtomicU64::new(0));
        let path = folder.join(format!("log-{}", seat.0));
        let storage = Counted {
            file: LogFile::new(&path, Arc::new(ThisMachine)),
            syncs: Arc::clone(&syncs),
        };
        let (log, _) = ConsensusLog::open_on(Box::new(storage), &path, chain)?;
        let blocks = File::create_new(folder.join(format!("blocks-{}", seat.0)))?;
        Ok(Self { log, blocks, syncs })
    }
}

impl Journal for Files {
    fn append(&mut self, record: &LogRecord<Block>) {
        self.log.append(record.height(), &record.to_wire());
    }

    fn sync(&mut self) -> anyhow::Result<()> {
        Ok(self.log.sync()?)
    }

    fn decided(
        &mut self,
        block: &Proposal<Block>,
        certificate: &CommitCertificate,
    ) -> anyhow::Result<()> {
        self.blocks.write_all(&to_borsh(&(block, certificate)))?;
        let Height(height) = block.header.height;
        if height % CHECKPOINT_INTERVAL == 0 {
            self.blocks.sync_data()?;
            self.syncs.fetch_add(1, Ordering::Relaxed);
            self.log.cut(Height(height))?;
        }
        Ok(())
    }

    fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }
}

/// Counts what reaches the disk: one for a sync, two (file and folder) for a new file.
struct Counted {
    file: LogFile,
    syncs: Arc<AtomicU64>,
}

impl Counted {
    fn count(&self, syncs: u64) {
        self.syncs.fetch_add(syncs, Ordering::Relaxed);
    }
}

impl Storage for Counted {
    fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        self.file.read()
    }

    fn mark(&mut self) -> io::Result<FileMark> {
        self.file.mark()
    }

    fn create(&mut self, bytes: &dyn Fn(FileMark) -> Vec<u8>) -> io::Result<()> {
        self.count(2);
        self.file.create(bytes)
    }

    fn replace(&mut self, bytes: &dyn Fn(FileMark) -> Vec<u8>) -> io::Result<()> {
        self.count(2);
        self.file.replace(bytes)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.count(1);
        self.file.truncate(length)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.count(1);
        self.file.sync()
    }
}
