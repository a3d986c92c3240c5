//! The file below a ledger, as a seam: simulations put one below it that fails and crashes.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io;
use std::sync::Mutex;

use medshare_types::{Digest, Genesis};
use redb::StorageBackend;

use super::error::StoreError;
use super::tables::failed;
use super::{LedgerStore, builder};
use crate::light::Term;

/// One file, of which a completed [`sync`](Self::sync) survives a crash. One ledger at a time has it.
pub trait Medium: Debug + Send + Sync + 'static {
    /// Bytes in the file.
    ///
    /// # Errors
    /// Those of the medium.
    fn length(&self) -> io::Result<u64>;

    /// Fills `out` with the bytes from `offset` on.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] where the file ends before; those of the medium.
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;

    /// Cuts the file, or lengthens it by zeros.
    ///
    /// # Errors
    /// Those of the medium.
    fn set_length(&self, length: u64) -> io::Result<()>;

    /// Writes bytes at `offset`; until the next sync a crash may take any of them.
    ///
    /// # Errors
    /// Those of the medium; some of the bytes may then be in the file.
    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything written durable.
    ///
    /// # Errors
    /// Those of the medium, whose state is then unknown.
    fn sync(&self) -> io::Result<()>;
}

/// A medium as the database takes it.
#[derive(Debug)]
struct Backend<M>(M);

impl<M: Medium> StorageBackend for Backend<M> {
    fn len(&self) -> io::Result<u64> {
        self.0.length()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.set_length(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write(offset, bytes)
    }
}

impl LedgerStore {
    /// As [`open`](Self::open), on any medium; an empty one becomes the ledger of `genesis`. A crash
    /// in the midst of that may leave a medium that is refused later: give a new ledger its name once
    /// this has returned.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_on(
        medium: impl Medium,
        genesis: &Genesis,
        genesis_state: &BTreeMap<Digest, Vec<u8>>,
    ) -> Result<Self, StoreError> {
        let first = Term::genesis(genesis)?;
        let length = medium.length();
        let is_new = length.map_err(|source| StoreError::Io { source })? == 0;
        let database = builder().create_with_backend(Backend(medium));
        let database = database.map_err(failed)?;
        let mut store = Self::on(database, genesis.chain_id(), first);
        if is_new {
            store.begin_chain(genesis_state)?;
        }
        store.check_belongs(genesis_state)?;
        store.current = Mutex::new(store.newest_term()?);
        Ok(store)
    }
}
