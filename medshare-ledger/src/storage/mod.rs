//! The durable ledger of one member, in one file.
//!
//! **Writing.** [`LedgerStore::apply`] atomically takes one committed block with its certificate,
//! receipts and state changes, and checks it first: a store holds nothing that a light client would
//! refuse. An applied block is visible at once and durable after the next [`LedgerStore::sync`]. The
//! consensus log, cut only after a sync, replays blocks that a crash took.
//!
//! **Epochs.** A block's certificate is checked under the committee of the block's epoch. The last block
//! of an epoch brings the committee of the next, which its header names; both are kept for ever, so
//! that clients can follow them.
//!
//! **After a crash** the store is at a whole block, at or above the last one synced. Closing or
//! dropping a store syncs.
//!
//! **Corruption.** Opening reads the whole file and checks every page: a file that was cut,
//! overwritten or changed is refused and left as it is. The checksums protect against a faulty
//! medium, not against an attacker that recomputes them; [`LedgerStore::verify_from_genesis`] does.
//! After a crash the free-space map is rebuilt; data never is. One bit, which selects the newer of
//! two commits, is under no checksum: with it flipped the file is as it was one sync earlier, and
//! then catches up as after a crash.
//!
//! **Assumed of the medium.** A sync that succeeds keeps everything written before it, and a write
//! does not change bytes outside its range. A failed sync ends the store: it must be opened again
//! before it takes another write.
//!
//! **One process at a time** has the file open; a second one gets [`StoreError::InUse`].
//!
//! Nothing is pruned: every height stays provable, and the file grows with every block.

mod apply;
mod audit;
mod boundaries;
mod error;
mod medium;
mod nodes;
mod prove;
mod tables;

#[cfg(test)]
mod crash_tests;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use borsh::BorshDeserialize;
use medshare_types::{
    Attestation, ChainId, CommitCertificate, Digest, ExecutedRoots, Genesis, Height, TransactionId,
    TransactionReceipt,
};
use redb::{
    Builder, Database, Durability, ReadTransaction, ReadableDatabase, TableError, WriteTransaction,
};

use crate::block::{Block, CertifiedHeader};
use crate::light::Term;
use crate::list::receipts_root;
use crate::state::state_root;
pub use apply::Execution;
pub use error::StoreError;
pub use medium::Medium;
use tables::{
    ATTESTATIONS, BODIES, BOUNDARIES, HEADERS, META, NAMED, NODES, RECEIPTS, RECORD, ROOTS, SCHEMA,
    TRANSACTIONS, VALUES, corrupt, failed, load, value_at,
};

/// Beginning of the extension of a ledger that is being made; the process id follows.
const UNFINISHED: &str = "new-";
/// Age from which an unfinished ledger is a killed process's.
const SETTLED: Duration = Duration::from_secs(3_600);
/// Cache for pages of the file, bytes.
const CACHE_BYTES: usize = 16 << 20;

/// A member's ledger: blocks, certificates, receipts and the authenticated state.
///
/// Shared by reference: reads see the newest applied block and do not wait for writes.
#[derive(Debug)]
pub struct LedgerStore {
    chain: ChainId,
    /// Epoch 0, from which the file is verified.
    genesis: Term,
    /// The epoch of the next block.
    current: Mutex<Term>,
    database: Database,
}

/// Runs a write. Built with debug assertions the database panics over some damaged pages (redb 4.6): an
/// error here, as every damage is.
fn guarded<T>(write: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let outcome = catch_unwind(AssertUnwindSafe(write));
    outcome.unwrap_or_else(|_| Err(corrupt("a page of it cannot be read")))
}

impl LedgerStore {
    /// Opens the ledger file of `genesis`, or creates it where there is none.
    ///
    /// `genesis_state` is the state at height 0, which the contract derives from the genesis.
    /// Cost: reads the whole file.
    ///
    /// # Errors
    /// [`StoreError::NotALedger`], [`StoreError::Corrupt`], [`StoreError::UnknownSchema`],
    /// [`StoreError::ForeignChain`] or [`StoreError::GenesisStateMismatch`] for a file that is not
    /// this ledger's, [`StoreError::InUse`], [`StoreError::Io`].
    pub fn open(
        path: impl AsRef<Path>,
        genesis: &Genesis,
        genesis_state: &BTreeMap<Digest, Vec<u8>>,
    ) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let first = Term::genesis(genesis)?;
        let chain = genesis.chain_id();
        if !path
            .try_exists()
            .map_err(|source| StoreError::Io { source })?
        {
            Self::create(path, chain, &first, genesis_state)?;
        }
        let length = std::fs::metadata(path).map_err(|source| StoreError::Io { source })?;
        if length.len() == 0 {
            let reason = "the file is empty".to_owned();
            let source = None;
            return Err(StoreError::NotALedger { reason, source });
        }
        let database = builder().open(path).map_err(failed)?;
        let mut store = Self::on(database, chain, first);
        store.check_belongs(genesis_state)?;
        store.current = Mutex::new(store.newest_term()?);
        remove_unfinished(path);
        Ok(store)
    }

    /// A ledger whose next block is of epoch 0.
    fn on(database: Database, chain: ChainId, genesis: Term) -> Self {
        Self {
            chain,
            current: Mutex::new(genesis.clone()),
            genesis,
            database,
        }
    }

    /// Makes a whole new ledger beside `path` and then links it there, unless another process was
    /// faster: a crash on the way leaves nothing at `path`.
    fn create(
        path: &Path,
        chain: ChainId,
        first: &Term,
        genesis_state: &BTreeMap<Digest, Vec<u8>>,
    ) -> Result<(), StoreError> {
        let io = |source| StoreError::Io { source };
        let beside = path.with_extension(format!("{UNFINISHED}{}", std::process::id()));
        match std::fs::remove_file(&beside) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(io(error)),
            _ => {}
        }
        let database = builder().create(&beside).map_err(failed)?;
        let store = Self::on(database, chain, first.clone());
        store.begin_chain(genesis_state)?;
        store.close()?;
        let named = match std::fs::hard_link(&beside, path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            other => other,
        };
        std::fs::remove_file(&beside).map_err(io)?;
        named.map_err(io)?;
        sync_folder_of(path)
    }

    /// Identifier of the chain in the file.
    #[must_use]
    pub const fn chain(&self) -> &ChainId {
        &self.chain
    }

    /// Height of the newest block, 0 before the first.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn height(&self) -> Result<Height, StoreError> {
        Ok(self.tip()?.map_or(Height(0), |tip| tip.header.height))
    }

    /// Header and certificate of the newest block; `None` before the first.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn tip(&self) -> Result<Option<CertifiedHeader>, StoreError> {
        tables::last(&tables::open(&self.read()?, HEADERS)?)
    }

    /// Header and certificate at a height, from 1.
    ///
    /// # Errors
    /// [`StoreError::UnknownHeight`] above the tip.
    pub fn certified_header(&self, height: Height) -> Result<CertifiedHeader, StoreError> {
        self.at(HEADERS, height)
    }

    /// Commit certificate at a height, from 1.
    ///
    /// # Errors
    /// [`StoreError::UnknownHeight`] above the tip.
    pub fn certificate(&self, height: Height) -> Result<CommitCertificate, StoreError> {
        Ok(self.certified_header(height)?.certificate)
    }

    /// Header, transactions and attestations at a height, from 1.
    ///
    /// # Errors
    /// [`StoreError::UnknownHeight`] above the tip.
    pub fn block(&self, height: Height) -> Result<Block, StoreError> {
        Ok(Block {
            header: self.certified_header(height)?.header,
            transactions: self.at(BODIES, height)?,
            attestations: self.at(ATTESTATIONS, height)?,
        })
    }

    /// Votes that the block at a height recorded, from 1.
    ///
    /// # Errors
    /// [`StoreError::UnknownHeight`] above the tip.
    pub fn attestations(&self, height: Height) -> Result<Vec<Attestation>, StoreError> {
        self.at(ATTESTATIONS, height)
    }

    /// Receipts of the block at a height, from 1, in the order of its transactions.
    ///
    /// # Errors
    /// [`StoreError::UnknownHeight`] above the tip.
    pub fn receipts(&self, height: Height) -> Result<Vec<TransactionReceipt>, StoreError> {
        self.at(RECEIPTS, height)
    }

    /// Roots after executing a height, from 0, for a later header to name.
    ///
    /// # Errors
    /// [`StoreError::UnknownHeight`] above the tip.
    pub fn roots(&self, height: Height) -> Result<ExecutedRoots, StoreError> {
        self.at(ROOTS, height)
    }

    /// Value of a state key after the newest block.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn get(&self, key: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        value_at(&tables::open(&self.read()?, VALUES)?, key, u64::MAX)
    }

    /// Height of the block that first held a transaction.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn transaction_height(
        &self,
        transaction: &TransactionId,
    ) -> Result<Option<Height>, StoreError> {
        let indices = tables::open(&self.read()?, TRANSACTIONS)?;
        Ok(tables::locate(&indices, transaction)?.map(|(height, _)| height))
    }

    /// What the caller gave with the newest block, for its next start; `None` before the first block.
    /// No root covers these bytes: the caller checks that they belong to the tip.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn record(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let meta = tables::open(&self.read()?, META)?;
        let record = meta.get(RECORD).map_err(failed)?;
        Ok(record.map(|bytes| bytes.value().to_vec()))
    }

    /// Makes every applied block durable. Cost: two syncs of the file.
    ///
    /// # Errors
    /// [`StoreError`] when the medium fails; which blocks are durable is then unknown until the file
    /// is opened again.
    pub fn sync(&self) -> Result<(), StoreError> {
        guarded(|| self.begin(Durability::Immediate)?.commit().map_err(failed))
    }

    /// Syncs and closes the file, and reports a failure, which dropping does not.
    ///
    /// # Errors
    /// [`StoreError`] when the medium fails.
    pub fn close(self) -> Result<(), StoreError> {
        self.database.close().map_err(failed)
    }

    fn at<T: BorshDeserialize>(
        &self,
        table: redb::TableDefinition<'_, u64, tables::Bytes>,
        height: Height,
    ) -> Result<T, StoreError> {
        let table = tables::open(&self.read()?, table)?;
        load(&table, height.0)?.ok_or(StoreError::UnknownHeight { height })
    }

    fn read(&self) -> Result<ReadTransaction, StoreError> {
        self.database.begin_read().map_err(failed)
    }

    fn begin(&self, durability: Durability) -> Result<WriteTransaction, StoreError> {
        let mut write = self.database.begin_write().map_err(failed)?;
        write.set_durability(durability).map_err(failed)?;
        write.set_two_phase_commit(true);
        Ok(write)
    }

    /// Writes the initial content of a new file, in one durable transaction.
    fn begin_chain(&self, genesis_state: &BTreeMap<Digest, Vec<u8>>) -> Result<(), StoreError> {
        let write = self.begin(Durability::Immediate)?;
        {
            let mut meta = write.open_table(META).map_err(failed)?;
            let chain: &[u8] = self.chain().as_ref();
            meta.insert("schema", &SCHEMA.to_le_bytes()[..])
                .map_err(failed)?;
            meta.insert("chain", chain).map_err(failed)?;
            // Opening creates: every table exists from the first commit on.
            for table in [HEADERS, BODIES, ATTESTATIONS, RECEIPTS, ROOTS, BOUNDARIES] {
                write.open_table(table).map_err(failed)?;
            }
            for table in [NODES, VALUES] {
                write.open_table(table).map_err(failed)?;
            }
            write.open_table(NAMED).map_err(failed)?;
            write.open_table(TRANSACTIONS).map_err(failed)?;
        }
        let changes = genesis_state
            .iter()
            .map(|(key, value)| (key, Some(value.clone())));
        let state = nodes::write_state(&write, Height(0), changes)?;
        let receipts = receipts_root(&[]);
        tables::write_roots(
            &write,
            &ExecutedRoots {
                height: Height(0),
                state,
                receipts,
            },
        )?;
        write.commit().map_err(failed)
    }

    /// Checks schema, chain id and genesis state of an existing file.
    fn check_belongs(&self, genesis_state: &BTreeMap<Digest, Vec<u8>>) -> Result<(), StoreError> {
        let meta = match self.read()?.open_table(META) {
            Err(TableError::TableDoesNotExist(_)) => {
                let reason = "a database that holds no ledger".to_owned();
                let source = None;
                return Err(StoreError::NotALedger { reason, source });
            }
            other => other.map_err(failed)?,
        };
        let schema: u32 = load(&meta, "schema")?.ok_or_else(|| corrupt("no schema version"))?;
        if schema != SCHEMA {
            return Err(StoreError::UnknownSchema {
                expected: SCHEMA,
                found: schema,
            });
        }
        let chain: ChainId = load(&meta, "chain")?.ok_or_else(|| corrupt("no chain id"))?;
        if chain != *self.chain() {
            return Err(StoreError::ForeignChain {
                expected: *self.chain(),
                found: chain,
            });
        }
        if self.roots(Height(0))?.state != state_root(genesis_state) {
            return Err(StoreError::GenesisStateMismatch);
        }
        Ok(())
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .set_cache_size(CACHE_BYTES)
        .set_check_integrity_on_open(true);
    builder
}

/// Removes what killed processes left of new ledgers beside an open one. Files changed within the
/// last hour stay: another process may be making them.
fn remove_unfinished(path: &Path) {
    let Some(folder) = path.parent() else {
        return;
    };
    let is_unfinished = |beside: &Path| {
        let extension = beside.extension().and_then(|extension| extension.to_str());
        beside.file_stem() == path.file_stem()
            && extension.is_some_and(|extension| extension.starts_with(UNFINISHED))
    };
    let is_settled = |metadata: &std::fs::Metadata| {
        let unchanged = metadata.modified().ok().and_then(|at| at.elapsed().ok());
        unchanged.is_some_and(|age| age >= SETTLED)
    };
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let settled = entry.metadata().is_ok_and(|metadata| is_settled(&metadata));
        if settled && is_unfinished(&entry.path()) {
            // As far as the system allows: they do no harm.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Makes the new file's name durable, on systems that can sync a folder.
fn sync_folder_of(path: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|parent| *parent != Path::new(""));
        std::fs::File::open(folder.unwrap_or(Path::new(".")))
            .and_then(|folder| folder.sync_all())
            .map_err(|source| StoreError::Io { source })?;
    }
    Ok(())
}
