//! The file: reopened, crashed, broken and foreign, and blocks that do not follow.

use std::fs;
use std::path::{Path, PathBuf};

use medshare_ledger::{Block, BlockError, LedgerStore, StoreError, VerifyError};
use medshare_types::{BlockHeader, Digest, Height, Timestamp};
use redb::ReadableTable;
use tempfile::TempDir;

use crate::fixture::{Changes, Fixture, key, receipts};

/// The folder of one ledger file.
struct Ledger {
    fixture: Fixture,
    folder: TempDir,
}

impl Ledger {
    fn new() -> Self {
        Self {
            fixture: Fixture::new(1),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("ledger")
    }

    fn open(&self) -> Result<LedgerStore, StoreError> {
        self.open_at(&self.path())
    }

    fn open_at(&self, path: &Path) -> Result<LedgerStore, StoreError> {
        let genesis = self.fixture.members.genesis();
        LedgerStore::open(path, genesis, &self.fixture.genesis_state)
    }

    /// A closed file with five blocks.
    fn written() -> Self {
        let ledger = Self::new();
        let store = ledger.open().unwrap();
        for _ in 0..5 {
            ledger.fixture.grow_some(&store);
        }
        store.close().unwrap();
        ledger
    }
}

fn is_refused(result: &Result<LedgerStore, StoreError>) -> bool {
    matches!(
        result,
        Err(StoreError::Corrupt { .. } | StoreError::NotALedger { .. })
    )
}

#[test]
fn a_ledger_begins_with_its_genesis() {
    let ledger = Ledger::new();
    let store = ledger.open().unwrap();
    assert_eq!(store.height().unwrap(), Height(0));
    assert_eq!(store.tip().unwrap(), None);
    assert_eq!(store.get(&key(0)).unwrap(), Some(b"genesis".to_vec()));
    let height = Height(1);
    let missing = store.block(height);
    assert!(matches!(missing, Err(StoreError::UnknownHeight { height: h }) if h == height));
    assert_eq!(store.verify_from_genesis().unwrap(), Height(0));
}

#[test]
fn a_reopened_ledger_holds_every_block() {
    let ledger = Ledger::new();
    let store = ledger.open().unwrap();
    let roots: Vec<_> = (0..5).map(|_| ledger.fixture.grow_some(&store)).collect();
    let block = store.block(Height(3)).unwrap();
    let tip = store.tip().unwrap();
    let receipts = store.receipts(Height(3)).unwrap();
    store.close().unwrap();

    let store = ledger.open().unwrap();
    assert_eq!(store.tip().unwrap(), tip);
    assert_eq!(store.block(Height(3)).unwrap(), block);
    assert_eq!(store.receipts(Height(3)).unwrap(), receipts);
    for (height, roots) in (1..).map(Height).zip(&roots) {
        assert_eq!(store.roots(height).unwrap(), *roots);
    }
    assert_eq!(store.get(&key(0)).unwrap(), Some(vec![5]));
    assert_eq!(store.get(&key(1)).unwrap(), None, "removed in block 3");
    let id = block.transactions[1].id();
    assert_eq!(store.transaction_height(&id).unwrap(), Some(Height(3)));
    assert_eq!(store.verify_from_genesis().unwrap(), Height(5));
    ledger.fixture.grow_some(&store);
    assert_eq!(store.verify_from_genesis().unwrap(), Height(6));
}

#[test]
fn a_crash_leaves_the_last_synced_block() {
    let ledger = Ledger::new();
    let store = ledger.open().unwrap();
    let copy = ledger.folder.path().join("copy");
    for synced in [0, 2, 4].map(Height) {
        // Applied and visible, but not durable: a copy of the file is the image after a crash.
        let lost = ledger.fixture.grow_some(&store);
        assert_eq!(store.height().unwrap(), lost.height);
        fs::copy(ledger.path(), &copy).unwrap();
        let after = ledger.open_at(&copy).unwrap();
        assert_eq!(after.height().unwrap(), synced);
        assert_eq!(after.verify_from_genesis().unwrap(), synced);
        // The lost block, replayed from the log, gives the same roots.
        assert_eq!(ledger.fixture.grow_some(&after), lost);
        assert_eq!(after.tip().unwrap(), store.tip().unwrap());

        ledger.fixture.grow_some(&store);
        store.sync().unwrap();
    }
}

#[test]
fn one_writer_at_a_time() {
    let ledger = Ledger::new();
    let store = ledger.open().unwrap();
    assert!(matches!(ledger.open(), Err(StoreError::InUse)));
    drop(store);
    ledger.open().unwrap();
}

#[test]
fn another_chains_file_is_refused() {
    let ledger = Ledger::written();
    let other = Fixture::new(2);
    let result = LedgerStore::open(ledger.path(), other.members.genesis(), &other.genesis_state);
    let chains = (other.members.chain(), ledger.fixture.members.chain());
    assert!(
        matches!(result, Err(StoreError::ForeignChain { expected, found })
            if (expected, found) == chains)
    );
    let mut state = ledger.fixture.genesis_state.clone();
    state.insert(key(9), vec![]);
    let result = LedgerStore::open(ledger.path(), ledger.fixture.members.genesis(), &state);
    assert!(matches!(result, Err(StoreError::GenesisStateMismatch)));
    assert_eq!(ledger.open().unwrap().height().unwrap(), Height(5));
}

#[test]
fn a_file_that_is_not_a_ledger_is_refused_and_left_alone() {
    let ledger = Ledger::new();
    for content in [
        &b""[..],
        b"x",
        b"redb",
        &[0; 4096],
        &[0xff; 100_000],
        "id,name\n".repeat(3000).as_bytes(),
    ] {
        fs::write(ledger.path(), content).unwrap();
        let result = ledger.open();
        assert!(is_refused(&result), "{} bytes: {result:?}", content.len());
        assert_eq!(fs::read(ledger.path()).unwrap(), content);
    }
    fs::remove_file(ledger.path()).unwrap();
    let database = redb::Database::create(ledger.path()).unwrap();
    let write = database.begin_write().unwrap();
    write
        .open_table(redb::TableDefinition::<u64, u64>::new("other"))
        .unwrap();
    write.commit().unwrap();
    drop(database);
    let result = ledger.open();
    assert!(
        matches!(result, Err(StoreError::NotALedger { .. })),
        "{result:?}"
    );
    let folder = ledger.folder.path();
    assert!(matches!(ledger.open_at(folder), Err(StoreError::Io { .. })));
}

#[test]
fn a_cut_file_is_refused_and_left_alone() {
    let ledger = Ledger::written();
    let whole = fs::read(ledger.path()).unwrap();
    let lengths = (1..whole.len()).step_by(whole.len() / 97);
    for length in lengths.chain([whole.len() - 1, whole.len() - 4096]) {
        fs::write(ledger.path(), &whole[..length]).unwrap();
        let result = ledger.open();
        assert!(is_refused(&result), "cut to {length}: {result:?}");
        assert_eq!(
            fs::read(ledger.path()).unwrap(),
            whole[..length],
            "cut to {length}"
        );
    }
}

/// Height at which a broken file opens; `None` when it is refused, and then it is unchanged.
fn height_of_broken(ledger: &Ledger, broken: &[u8], what: &str) -> Option<Height> {
    fs::write(ledger.path(), broken).unwrap();
    match ledger.open() {
        Ok(store) => Some(store.verify_from_genesis().unwrap()),
        result => {
            assert!(is_refused(&result), "{what}: {result:?}");
            assert_eq!(fs::read(ledger.path()).unwrap(), broken, "{what}");
            None
        }
    }
}

/// The byte that selects the newer of two commits, which no checksum covers: changed, it gives the
/// file as of the sync before, which is a whole block.
const PRIMARY_BIT_AT: usize = 9;

#[test]
fn a_changed_byte_is_detected_or_harmless() {
    let ledger = Ledger::written();
    let whole = fs::read(ledger.path()).unwrap();
    let rest = (320..whole.len()).step_by(whole.len() / 211);
    let offsets: Vec<_> = (0..320).chain(rest).collect();
    let mut refused = 0;
    for &at in &offsets {
        let mut broken = whole.clone();
        broken[at] ^= 0x41;
        match height_of_broken(&ledger, &broken, &format!("byte {at}")) {
            None => refused += 1,
            Some(height) => assert!(height == Height(5) || at == PRIMARY_BIT_AT, "byte {at}"),
        }
    }
    assert!(
        refused > offsets.len() / 4,
        "{refused} of {}",
        offsets.len()
    );
}

#[test]
fn an_overwritten_page_is_detected_or_harmless() {
    let ledger = Ledger::written();
    let whole = fs::read(ledger.path()).unwrap();
    let mut refused = 0;
    for at in (0..whole.len() - 4096).step_by(4096) {
        for with in [0, 0xff] {
            let mut broken = whole.clone();
            broken[at..at + 4096].fill(with);
            match height_of_broken(&ledger, &broken, &format!("{with} from {at}")) {
                None => refused += 1,
                Some(height) => assert_eq!(height, Height(5), "{with} from {at}"),
            }
        }
    }
    assert!(refused > 10, "{refused}");
}

type Bend<'a> = &'a dyn Fn(&mut BlockHeader);

fn refused_block(
    ledger: &Ledger,
    store: &LedgerStore,
    bend: impl FnOnce(&mut BlockHeader),
) -> StoreError {
    let mut block = ledger.fixture.next(store, vec![]);
    bend(&mut block.header);
    let certificate = ledger.fixture.certify(&block.header);
    let before = (store.tip().unwrap(), store.get(&key(0)).unwrap());
    let changes = Changes::from([(key(0), Some(b"changed".to_vec()))]);
    let applied = ledger
        .fixture
        .apply(store, &block, &certificate, &[], &changes);
    let error = applied.unwrap_err();
    assert_eq!((store.tip().unwrap(), store.get(&key(0)).unwrap()), before);
    error
}

#[test]
fn a_block_that_does_not_follow_changes_nothing() {
    let ledger = Ledger::written();
    let store = ledger.open().unwrap();
    let refused = |bend: Bend<'_>| refused_block(&ledger, &store, bend);
    let height = Height(6);
    let tip_time = store.tip().unwrap().unwrap().header.time;

    let blocks: [(Bend<'_>, BlockError); 7] = [
        (
            &|header| header.height = Height(7),
            BlockError::NotNext {
                expected: height,
                found: Height(7),
            },
        ),
        (
            &|header| header.previous = Digest::ZERO,
            BlockError::WrongParent { height },
        ),
        (
            &|header| header.time = tip_time,
            BlockError::TimeNotIncreasing { height },
        ),
        (
            &|header| header.time = Timestamp::from_millis(0),
            BlockError::TimeNotIncreasing { height },
        ),
        (
            &|header| header.executed = store.roots(Height(3)).unwrap(),
            BlockError::ExecutedOutOfRange {
                height,
                executed: Height(3),
            },
        ),
        (
            &|header| header.transactions = Digest::ZERO,
            BlockError::TransactionsMismatch { height },
        ),
        (
            &|header| header.attestations = Digest::ZERO,
            BlockError::AttestationsMismatch { height },
        ),
    ];
    for (bend, expected) in blocks {
        let error = refused(bend);
        assert!(
            matches!(&error, StoreError::Block(found) if *found == expected),
            "{error:?}"
        );
    }
    for bend in [
        &(|header: &mut BlockHeader| header.executed.state = Digest::ZERO) as Bend<'_>,
        &|header: &mut BlockHeader| header.executed.receipts = Digest::ZERO,
    ] {
        let error = refused(bend);
        assert!(matches!(
            error,
            StoreError::RootsMismatch { height: Height(5) }
        ));
    }
    let chain = Fixture::new(2).members.chain();
    let error = refused(&|header| header.chain = chain);
    assert!(matches!(
        error,
        StoreError::Verify(VerifyError::WrongChain { .. })
    ));
    // A block that follows is accepted.
    ledger.fixture.grow_some(&store);
}

#[test]
fn a_block_needs_its_certificate_and_its_receipts() {
    let ledger = Ledger::written();
    let store = ledger.open().unwrap();
    let fixture = &ledger.fixture;
    let transactions = vec![fixture.transaction(200), fixture.transaction(201)];
    let block: Block = fixture.next(&store, transactions);
    let good = fixture.certify(&block.header);
    let receipts = receipts(&block.transactions);
    let changes = Changes::new();

    let strangers = Fixture::new(2).certify(&block.header);
    let error = fixture.apply(&store, &block, &strangers, &receipts, &changes);
    assert!(matches!(
        error,
        Err(StoreError::Verify(VerifyError::Certificate { .. }))
    ));

    let mut swapped = receipts.clone();
    swapped.reverse();
    for wrong in [&receipts[..1], &swapped, &[]] {
        let error = fixture.apply(&store, &block, &good, wrong, &changes);
        assert!(matches!(
            error,
            Err(StoreError::ReceiptsMismatch { height: Height(6) })
        ));
    }
    let apply = || fixture.apply(&store, &block, &good, &receipts, &changes);
    apply().unwrap();
    let again = apply();
    assert!(matches!(
        again,
        Err(StoreError::Block(BlockError::NotNext { .. }))
    ));
}

/// Changes table entries outside the store, with matching checksums.
fn tamper(ledger: &Ledger, change: impl FnOnce(&redb::WriteTransaction)) {
    let database = redb::Database::open(ledger.path()).unwrap();
    let write = database.begin_write().unwrap();
    change(&write);
    write.commit().unwrap();
}

#[test]
fn an_audit_finds_what_checksums_cannot() {
    use redb::TableDefinition;
    type Entries<K> = TableDefinition<'static, K, &'static [u8]>;

    let ledger = Ledger::written();
    let whole = fs::read(ledger.path()).unwrap();
    let found = |change: &dyn Fn(&redb::WriteTransaction)| {
        fs::write(ledger.path(), &whole).unwrap();
        tamper(&ledger, change);
        let store = ledger.open().unwrap();
        let audit = store.verify_from_genesis();
        matches!(audit, Err(StoreError::Corrupt { .. }))
    };
    for name in ["headers", "bodies", "receipts", "roots"] {
        let table = Entries::<u64>::new(name);
        for at in (0..600).step_by(13) {
            let flip = |write: &redb::WriteTransaction| {
                let mut table = write.open_table(table).unwrap();
                let mut bytes = table.get(3).unwrap().unwrap().value().to_vec();
                let at = at % bytes.len();
                bytes[at] ^= 4;
                table.insert(3, &*bytes).unwrap();
            };
            assert!(found(&flip), "{name}, byte {at}");
        }
    }
    // The newest value of a key, and the root of the newest version of the tree.
    for (name, root) in [("values", None), ("nodes", Some(5u64.to_be_bytes()))] {
        let table = Entries::<&[u8]>::new(name);
        for at in 0..200 {
            let flip = |write: &redb::WriteTransaction| {
                let mut table = write.open_table(table).unwrap();
                let (key, mut bytes) = {
                    let first = root.unwrap_or_default();
                    let mut range = table.range::<&[u8]>(&first[..]..).unwrap();
                    let newest = root.is_none();
                    let entry = if newest {
                        range.next_back()
                    } else {
                        range.next()
                    };
                    let (key, value) = entry.unwrap().unwrap();
                    (key.value().to_vec(), value.value().to_vec())
                };
                let at = at % bytes.len();
                bytes[at] ^= 4;
                table.insert(&*key, &*bytes).unwrap();
            };
            assert!(found(&flip), "{name}, byte {at}");
        }
    }
    let unnamed = |write: &redb::WriteTransaction| {
        let table = TableDefinition::<u64, u64>::new("named");
        write.open_table(table).unwrap().remove(3).unwrap();
    };
    assert!(found(&unnamed));
    let unplaced = |write: &redb::WriteTransaction| {
        let table = TableDefinition::<&[u8; 32], (u64, u64)>::new("places");
        write.open_table(table).unwrap().pop_last().unwrap();
    };
    assert!(found(&unplaced));
    assert!(!found(&|_| ()), "an untouched file passes");
}

#[test]
fn an_unsound_tree_is_an_error_and_no_panic() {
    let ledger = Ledger::written();
    let whole = fs::read(ledger.path()).unwrap();
    let table = redb::TableDefinition::<&[u8], &[u8]>::new("nodes");
    // The next block changes version 5, and proofs lead to version 4.
    let root = |version: u64| [&version.to_be_bytes()[..], &[0; 12]].concat();
    let mut unproven = 0;
    let mut unapplied = 0;
    for at in 0.. {
        fs::write(ledger.path(), &whole).unwrap();
        let mut is_over = false;
        tamper(&ledger, |write| {
            let mut table = write.open_table(table).unwrap();
            for root in [root(4), root(5)] {
                let mut bytes = table.get(&*root).unwrap().unwrap().value().to_vec();
                is_over = at >= bytes.len();
                let at = at % bytes.len();
                bytes[at] ^= 1;
                table.insert(&*root, &*bytes).unwrap();
            }
        });
        if is_over {
            break;
        }
        let store = ledger.open().unwrap();
        let proofs = (0..8).map(|n| store.prove_state(&key(n)));
        unproven += usize::from(proofs.filter(Result::is_err).count() > 0);
        let block = ledger.fixture.next(&store, vec![]);
        let certificate = ledger.fixture.certify(&block.header);
        let changes = (0..8).map(|n| (key(n), (n > 4).then(|| vec![n]))).collect();
        let applied = ledger
            .fixture
            .apply(&store, &block, &certificate, &[], &changes);
        unapplied += usize::from(applied.is_err());
    }
    assert!(unproven > 20 && unapplied > 20, "{unproven}, {unapplied}");
}
