//! Crashes at every write, on a disk that loses, reorders and tears unsynced writes; and disks that are
//! full for a while.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use medshare_testkit::fixtures::Members;
use medshare_types::attestation::attestations_root;
use medshare_types::hash::{Xof, digest};
use medshare_types::{BlockHeader, Committee, Digest, Epoch, Height, ReplicaId, Timestamp, View};
use redb::StorageBackend;

use super::apply::Execution;
use super::error::StoreError;
use super::{LedgerStore, builder, failed};
use crate::block::Block;
use crate::light::Term;
use crate::list::transactions_root;

#[derive(Clone, Debug)]
enum Write {
    Length(u64),
    Bytes(u64, Vec<u8>),
}

impl Write {
    fn apply(&self, image: &mut Vec<u8>) {
        match self {
            Self::Length(length) => image.resize(usize::try_from(*length).unwrap(), 0),
            Self::Bytes(offset, bytes) => {
                let start = usize::try_from(*offset).unwrap();
                let end = start + bytes.len();
                image.resize(image.len().max(end), 0);
                image[start..end].copy_from_slice(bytes);
            }
        }
    }
}

#[derive(Debug, Default)]
struct State {
    live: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Write>,
    /// Writes and syncs left before every operation fails.
    fuse: Option<usize>,
}

/// A file in memory that simulates the image left by a crash.
#[derive(Clone, Debug, Default)]
struct Disk(Arc<Mutex<State>>);

impl Disk {
    fn with(image: Vec<u8>) -> Self {
        let disk = Self::default();
        disk.0.lock().unwrap().live.clone_from(&image);
        disk.0.lock().unwrap().durable = image;
        disk
    }

    fn cut_after(self, operations: usize) -> Self {
        self.0.lock().unwrap().fuse = Some(operations);
        self
    }

    fn burn(&self) -> io::Result<std::sync::MutexGuard<'_, State>> {
        let mut state = self.0.lock().unwrap();
        match &mut state.fuse {
            Some(0) => return Err(io::ErrorKind::StorageFull.into()),
            Some(left) => *left -= 1,
            None => {}
        }
        Ok(state)
    }

    /// The image that a process sees which opens the file again, without a power failure.
    fn seen(&self) -> Vec<u8> {
        self.0.lock().unwrap().live.clone()
    }

    /// The image after a power failure: it keeps some of the writes since the last sync, and of some
    /// of these only the first sectors.
    fn crash(&self, seed: u64) -> Vec<u8> {
        let state = self.0.lock().unwrap();
        let mut image = state.durable.clone();
        let mut coin = Xof::new("test/crash", &[&seed.to_le_bytes()]);
        for write in &state.pending {
            match (coin.take::<1>()[0] % 4, write) {
                (0, _) => {}
                (1, Write::Bytes(offset, bytes)) => {
                    let kept = bytes.len() / 2 / 512 * 512;
                    Write::Bytes(*offset, bytes[..kept].to_vec()).apply(&mut image);
                }
                (_, write) => write.apply(&mut image),
            }
        }
        image
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().live.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.0.lock().unwrap();
        let start = usize::try_from(offset).unwrap();
        let bytes = state.live.get(start..start + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut state = self.burn()?;
        let write = Write::Length(length);
        write.apply(&mut state.live);
        state.pending.push(write);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.burn()?;
        state.durable = state.live.clone();
        state.pending.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.burn()?;
        let write = Write::Bytes(offset, data.to_vec());
        write.apply(&mut state.live);
        state.pending.push(write);
        Ok(())
    }
}

struct Fixture {
    members: Members,
}

impl Fixture {
    fn new() -> Self {
        let members = Members::new(4);
        Self { members }
    }

    fn open(&self, disk: &Disk) -> Result<LedgerStore, StoreError> {
        let database = builder().create_with_backend(disk.clone());
        let first = Term::genesis(self.members.genesis())?;
        let chain = self.members.chain();
        Ok(LedgerStore::on(database.map_err(failed)?, chain, first))
    }

    fn reopen(&self, disk: &Disk) -> Result<LedgerStore, StoreError> {
        let mut store = self.open(disk)?;
        store.check_belongs(&BTreeMap::new())?;
        store.current = Mutex::new(store.newest_term()?);
        let tip = store
            .tip()?
            .map(|tip| tip.header.digest().as_ref().to_vec());
        assert_eq!(store.record()?, tip, "record and tip are of one block");
        Ok(store)
    }

    fn committee(&self, epoch: Epoch) -> Committee {
        let members = self.members.committee().members().to_vec();
        Committee::new(epoch, members).unwrap()
    }

    /// Applies the next block, with a value large enough to relocate pages. Every second block is the
    /// last of its epoch, whose votes are by the same keys.
    fn grow(&self, store: &LedgerStore) -> Result<Height, StoreError> {
        let parent = store.tip()?.map(|tip| tip.header);
        let height = store.height()?.next();
        let epoch = store.epoch();
        assert_eq!(epoch.0, (height.0 - 1) / 2);
        let last = height.0.is_multiple_of(2);
        let next = self.committee(if last { epoch.next() } else { epoch });
        let header = BlockHeader {
            chain: self.members.chain(),
            height,
            epoch,
            view: View(0),
            proposer: ReplicaId(0),
            previous: parent.as_ref().map_or(Digest::ZERO, BlockHeader::digest),
            time: Timestamp::from_millis(height.0),
            transactions: transactions_root(&[]),
            attestations: attestations_root(&[]),
            executed: store.roots(Height(height.0 - 1))?,
            next_committee: next.digest(),
        };
        let certificate = self.members.certify(&header, &[0, 1, 2]);
        let key = |n: u64| digest("test/key", &[&(n % 3).to_le_bytes()]);
        let value = vec![u8::try_from(height.0).unwrap(); 3000];
        let changes = BTreeMap::from([(key(height.0), Some(value)), (key(height.0 + 1), None)]);
        let block = Block {
            header,
            transactions: vec![],
            attestations: vec![],
        };
        let record = block.header.digest();
        let execution = Execution {
            receipts: &[],
            changes: &changes,
            next_committee: &next,
            record: record.as_ref(),
        };
        store.apply(&block, &certificate, &execution)?;
        Ok(height)
    }

    /// Creates a ledger, then applies blocks and syncs after every second one, until an operation
    /// fails. Returns the heights between which a crash may leave it; `None` if it was not created.
    fn run(&self, disk: &Disk) -> Option<(Height, Height)> {
        let store = self.open(disk).ok()?;
        store.begin_chain(&BTreeMap::new()).ok()?;
        let mut durable = Height(0);
        let mut applied = Height(0);
        for _ in 0..3 {
            for _ in 0..2 {
                let Ok(height) = self.grow(&store) else {
                    return Some((durable, applied));
                };
                applied = height;
            }
            if store.sync().is_err() {
                return Some((durable, applied));
            }
            durable = applied;
        }
        Some((durable, applied))
    }
}

#[test]
fn a_crash_at_any_write_leaves_a_whole_block() {
    let fixture = Fixture::new();
    let mut whole_runs = 0;
    let mut lost = 0;
    for cut in 0.. {
        let disk = Disk::default().cut_after(cut);
        let expected = fixture.run(&disk);
        for seed in 0..3 {
            let image = Disk::with(disk.crash(seed));
            match (fixture.reopen(&image), expected) {
                (Ok(store), Some((durable, applied))) => {
                    let height = store.verify_from_genesis().unwrap();
                    assert!(
                        durable <= height && height <= applied,
                        "cut {cut}, seed {seed}"
                    );
                    assert_eq!(fixture.grow(&store).unwrap(), height.next());
                    lost += usize::from(height < applied);
                }
                // Cut during creation: the whole genesis, or no ledger.
                (Ok(store), None) => assert_eq!(store.verify_from_genesis().unwrap(), Height(0)),
                (Err(StoreError::NotALedger { .. } | StoreError::Corrupt { .. }), None) => {}
                (Err(error), _) => panic!("cut {cut}, seed {seed}: {error:?}"),
            }
        }
        if expected == Some((Height(6), Height(6))) {
            whole_runs += 1;
        }
        if whole_runs == 12 {
            assert!(
                cut > 40 && lost > 40,
                "{cut} writes, {lost} crashes that cost a block"
            );
            return;
        }
    }
}

/// The disk is full at any write or sync of blocks. The first failure says so; after it the store
/// takes no more; opened again, it is at a whole block, not below the last one synced, and goes on.
#[test]
fn a_ledger_whose_disk_was_full_goes_on_once_it_is_opened_again() {
    let fixture = Fixture::new();
    for cut in 0.. {
        let disk = Disk::default();
        let store = fixture.open(&disk).unwrap();
        store.begin_chain(&BTreeMap::new()).unwrap();
        let disk = disk.cut_after(cut);
        let mut durable = Height(0);
        let mut applied = Height(0);
        let error = loop {
            match fixture.grow(&store) {
                Ok(height) => applied = height,
                Err(error) => break Some(error),
            }
            if applied.0.is_multiple_of(2) {
                match store.sync() {
                    Ok(()) => durable = applied,
                    Err(error) => break Some(error),
                }
            }
            if applied == Height(6) {
                break None;
            }
        };
        let Some(error) = error else {
            assert!(cut > 10, "{cut} writes");
            return;
        };
        let full = |source: &io::Error| source.kind() == io::ErrorKind::StorageFull;
        assert!(
            matches!(&error, StoreError::Io { source } if full(source)),
            "{cut}: {error:?}"
        );
        disk.0.lock().unwrap().fuse = None;
        fixture.grow(&store).unwrap_err();
        drop(store);
        let store = fixture.reopen(&Disk::with(disk.seen())).unwrap();
        let height = store.verify_from_genesis().unwrap();
        assert!(durable <= height && height <= applied.next(), "{cut}");
        assert_eq!(fixture.grow(&store).unwrap(), height.next());
    }
}

#[test]
fn a_failed_sync_ends_all_writes() {
    let fixture = Fixture::new();
    let disk = Disk::default();
    let store = fixture.open(&disk).unwrap();
    store.begin_chain(&BTreeMap::new()).unwrap();
    fixture.grow(&store).unwrap();
    disk.0.lock().unwrap().fuse = Some(0);
    store.sync().unwrap_err();
    disk.0.lock().unwrap().fuse = None;
    fixture.grow(&store).unwrap_err();
    store.sync().unwrap_err();

    let store = fixture.reopen(&Disk::with(disk.crash(0))).unwrap();
    assert_eq!(store.verify_from_genesis().unwrap(), Height(0));
    fixture.grow(&store).unwrap();
}
