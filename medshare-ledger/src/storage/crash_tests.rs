//! Crashes at every write, on a disk that loses, reorders and tears what was not synced.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use medshare_types::certificate::Ballot;
use medshare_types::genesis::{ChainParameters, GenesisAuthority, GenesisMember};
use medshare_types::hash::{Xof, digest};
use medshare_types::{
    BlockHeader, Digest, Epoch, G1Bytes, Genesis, Height, Phase, ReplicaId, SigningKey, Timestamp,
    View,
};
use redb::StorageBackend;

use super::error::StoreError;
use super::{LedgerStore, builder, failed};
use crate::block::Block;
use crate::light::LightClient;
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

/// A file in memory that knows what a crash would leave of it.
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
            Some(0) => return Err(io::Error::other("the disk is gone")),
            Some(left) => *left -= 1,
            None => {}
        }
        Ok(state)
    }

    /// What is left when the power goes: of everything since the last sync some writes, and of
    /// some of these only the first sectors.
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

struct Members {
    keys: Vec<SigningKey>,
    genesis: Genesis,
}

impl Members {
    fn new() -> Self {
        let keys: Vec<_> = (0..4).map(|n| SigningKey::from_seed(&[n; 32])).collect();
        let member = |key: &SigningKey| GenesisMember {
            name: String::new(),
            key: key.verifying_key(),
            holder_key: G1Bytes([0; 48]),
        };
        let genesis = Genesis {
            salt: [0; 32],
            created: Timestamp::from_millis(0),
            members: keys.iter().map(member).collect(),
            authority: GenesisAuthority { parameters: vec![] },
            parameters: ChainParameters::default(),
        };
        Self { keys, genesis }
    }

    fn open(&self, disk: &Disk) -> Result<LedgerStore, StoreError> {
        Ok(LedgerStore {
            client: LightClient::new(&self.genesis)?,
            database: builder()
                .create_with_backend(disk.clone())
                .map_err(failed)?,
        })
    }

    fn reopen(&self, disk: &Disk) -> Result<LedgerStore, StoreError> {
        let store = self.open(disk)?;
        store.check_belongs(&BTreeMap::new())?;
        Ok(store)
    }

    /// Applies the next block, with a value large enough to move pages about.
    fn grow(&self, store: &LedgerStore) -> Result<Height, StoreError> {
        let parent = store.tip()?.map(|tip| tip.header);
        let height = store.height()?.next();
        let header = BlockHeader {
            chain: self.genesis.chain_id(),
            height,
            epoch: Epoch(0),
            view: View(0),
            proposer: ReplicaId(0),
            previous: parent.as_ref().map_or(Digest::ZERO, BlockHeader::digest),
            time: Timestamp::from_millis(height.0),
            transactions: transactions_root(&[]),
            executed: store.roots(Height(height.0 - 1))?,
            next_committee: Digest::ZERO,
        };
        let ballot = Ballot {
            epoch: Epoch(0),
            view: View(0),
            height,
            digest: header.digest(),
        };
        let statement = ballot.statement(&header.chain, Phase::Commit);
        let vote = |n: u16| (ReplicaId(n), self.keys[usize::from(n)].sign(&statement));
        let certificate = medshare_types::CommitCertificate {
            ballot,
            votes: [0, 1, 2].map(vote).to_vec(),
        };
        let key = |n: u64| digest("test/key", &[&(n % 3).to_le_bytes()]);
        let value = vec![u8::try_from(height.0).unwrap(); 3000];
        let changes = BTreeMap::from([(key(height.0), Some(value)), (key(height.0 + 1), None)]);
        let block = Block {
            header,
            transactions: vec![],
        };
        store.apply(&block, &certificate, &[], &changes)?;
        Ok(height)
    }

    /// Creates a ledger, then applies blocks and syncs after every second, until something fails.
    /// Says between which heights a crash may leave it; none if it was not created.
    fn run(&self, disk: &Disk) -> Option<(Height, Height)> {
        let store = self.open(disk).ok()?;
        store.begin_chain(&BTreeMap::new()).ok()?;
        let (mut durable, mut applied) = (Height(0), Height(0));
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
    let members = Members::new();
    let (mut whole_runs, mut lost) = (0, 0);
    for cut in 0.. {
        let disk = Disk::default().cut_after(cut);
        let expected = members.run(&disk);
        for seed in 0..3 {
            let image = Disk::with(disk.crash(seed));
            match (members.reopen(&image), expected) {
                (Ok(store), Some((durable, applied))) => {
                    let height = store.verify_from_genesis().unwrap();
                    assert!(
                        durable <= height && height <= applied,
                        "cut {cut}, seed {seed}"
                    );
                    assert_eq!(members.grow(&store).unwrap(), height.next());
                    lost += usize::from(height < applied);
                }
                // Cut while it was created: all of the genesis, or no ledger.
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

#[test]
fn after_a_failed_sync_nothing_is_written() {
    let members = Members::new();
    let disk = Disk::default();
    let store = members.open(&disk).unwrap();
    store.begin_chain(&BTreeMap::new()).unwrap();
    members.grow(&store).unwrap();
    disk.0.lock().unwrap().fuse = Some(0);
    store.sync().unwrap_err();
    disk.0.lock().unwrap().fuse = None;
    members.grow(&store).unwrap_err();
    store.sync().unwrap_err();

    let store = members.reopen(&Disk::with(disk.crash(0))).unwrap();
    assert_eq!(store.verify_from_genesis().unwrap(), Height(0));
    members.grow(&store).unwrap();
}
