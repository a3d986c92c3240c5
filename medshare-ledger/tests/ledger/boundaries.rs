//! The ends of epochs in the file: applied, stored for ever, read and audited.

use std::path::PathBuf;

use medshare_ledger::{Block, Boundary, Execution, LedgerStore, StoreError, VerifyError};
use medshare_types::wire::to_borsh;
use medshare_types::{
    CertificateError, CommitCertificate, Committee, CommitteeMember, Epoch, Height, OrganisationId,
    ReplicaId, VerifyingKey, hash,
};
use redb::ReadableTable as _;
use tempfile::TempDir;

use crate::fixture::{Changes, Fixture, key};

const BOUNDARIES: redb::TableDefinition<'_, u64, &[u8]> = redb::TableDefinition::new("boundaries");

type Table<'a> = redb::Table<'a, u64, &'static [u8]>;

struct Ledger {
    fixture: Fixture,
    folder: TempDir,
}

impl Ledger {
    /// A closed file with two boundaries, at heights 2 and 4, and a block of epoch 2.
    fn written() -> Self {
        let ledger = Self {
            fixture: Fixture::new(1),
            folder: tempfile::tempdir().unwrap(),
        };
        let store = ledger.open();
        for _ in 0..2 {
            ledger.fixture.grow_some(&store);
            ledger.fixture.end_epoch(&store);
        }
        ledger.fixture.grow_some(&store);
        store.close().unwrap();
        ledger
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("ledger")
    }

    fn open(&self) -> LedgerStore {
        let genesis = self.fixture.members.genesis();
        LedgerStore::open(self.path(), genesis, &self.fixture.genesis_state).unwrap()
    }

    /// Changes the table of boundaries outside the store.
    fn change(&self, change: impl FnOnce(&mut Table<'_>)) {
        let database = redb::Database::open(self.path()).unwrap();
        let write = database.begin_write().unwrap();
        change(&mut write.open_table(BOUNDARIES).unwrap());
        write.commit().unwrap();
    }
}

#[test]
fn boundaries_are_stored_with_their_blocks() {
    let ledger = Ledger::written();
    let store = ledger.open();
    assert_eq!(store.epoch(), Epoch(2));
    let boundary = |epoch: u64| Boundary {
        certified: store.certified_header(Height(2 * epoch + 2)).unwrap(),
        committee: ledger.fixture.committee(Epoch(epoch + 1)),
    };
    let all = [boundary(0), boundary(1)];
    assert_eq!(store.boundary(Epoch(0)).unwrap().as_ref(), Some(&all[0]));
    assert_eq!(store.boundary(Epoch(1)).unwrap().as_ref(), Some(&all[1]));
    assert_eq!(store.boundary(Epoch(2)).unwrap(), None);
    for (from, count, expected) in [
        (0, 9, &all[..]),
        (0, 1, &all[..1]),
        (1, 9, &all[1..]),
        (2, 9, &[]),
        (u64::MAX, 9, &[]),
        (0, 0, &[]),
    ] {
        assert_eq!(store.boundaries(Epoch(from), count).unwrap(), expected);
    }
    assert_eq!(store.verify_from_genesis().unwrap(), Height(5));
    ledger.fixture.end_epoch(&store);
    assert_eq!(store.epoch(), Epoch(3));
    assert_eq!(store.boundaries(Epoch(1), 9).unwrap().len(), 2);
    assert_eq!(store.verify_from_genesis().unwrap(), Height(6));
}

#[test]
fn a_block_is_certified_by_the_committee_of_its_epoch() {
    let ledger = Ledger::written();
    let fixture = &ledger.fixture;
    let store = ledger.open();
    let next = fixture.next(&store, vec![]);
    let refused = |block: &Block, certificate: &CommitCertificate| {
        let applied = fixture.apply(&store, block, certificate, &[], &Changes::new());
        match applied.unwrap_err() {
            StoreError::Verify(error) => error,
            error => panic!("{error:?}"),
        }
    };
    for keys in [0, 1, 3].map(Epoch) {
        let error = refused(&next, &fixture.certify_by(keys, &next.header));
        let source = CertificateError::BadSignature;
        let height = Height(6);
        assert_eq!(error, VerifyError::Certificate { height, source });
    }
    // The committee of another epoch, in its own name.
    for epoch in [0, 1, 3].map(Epoch) {
        let mut block = next.clone();
        block.header.epoch = epoch;
        let error = refused(&block, &fixture.certify(&block.header));
        assert!(matches!(error, VerifyError::Certificate { .. }), "{error}");
    }
    fixture.grow(&store, vec![], &Changes::new());
}

#[test]
fn the_committee_of_a_block_is_the_one_that_its_header_names() {
    let ledger = Ledger::written();
    let fixture = &ledger.fixture;
    let store = ledger.open();
    let apply = |block: &Block, committee: &Committee| {
        let changes = Changes::from([(key(1), Some(vec![]))]);
        let execution = Execution {
            receipts: &[],
            changes: &changes,
            next_committee: committee,
            record: b"changed",
        };
        store.apply(block, &fixture.certify(&block.header), &execution)
    };
    let before = (store.tip().unwrap(), store.record().unwrap());
    let [own, after, skipped] = [2, 3, 4].map(|epoch| fixture.committee(Epoch(epoch)));
    let next = fixture.next(&store, vec![]);
    let last = fixture.last(&store);
    let mut skipping = next.clone();
    skipping.header.next_committee = skipped.digest();
    let height = Height(6);
    for (block, committee, expected) in [
        (&next, &after, VerifyError::OtherCommittee { height }),
        (&last, &own, VerifyError::OtherCommittee { height }),
        (&last, &skipped, VerifyError::OtherCommittee { height }),
        (
            &skipping,
            &skipped,
            VerifyError::NotNextEpoch {
                expected: Epoch(3),
                found: Epoch(4),
            },
        ),
    ] {
        let error = apply(block, committee).unwrap_err();
        assert!(matches!(error, StoreError::Verify(found) if found == expected));
    }
    assert_eq!((store.tip().unwrap(), store.record().unwrap()), before);
    assert_eq!(store.epoch(), Epoch(2));
    apply(&last, &after).unwrap();
    assert_eq!(store.record().unwrap().as_deref(), Some(&b"changed"[..]));
    assert_eq!(store.epoch(), Epoch(3));
}

#[test]
fn the_record_is_that_of_the_tip() {
    let ledger = Ledger {
        fixture: Fixture::new(1),
        folder: tempfile::tempdir().unwrap(),
    };
    let store = ledger.open();
    assert_eq!(store.record().unwrap(), None);
    for _ in 0..2 {
        ledger.fixture.grow_some(&store);
        let tip = store.tip().unwrap().unwrap().header.digest();
        assert_eq!(store.record().unwrap().as_deref(), Some(tip.as_ref()));
    }
    store.close().unwrap();
    let store = ledger.open();
    let tip = store.tip().unwrap().unwrap().header.digest();
    assert_eq!(store.record().unwrap().as_deref(), Some(tip.as_ref()));
}

/// The store opens a file whose newest boundary decodes; the audit finds what no checksum covers.
#[test]
fn an_audit_finds_changed_boundaries() {
    let ledger = Ledger::written();
    let whole = std::fs::read(ledger.path()).unwrap();
    let audit = |change: &dyn Fn(&mut Table<'_>)| {
        std::fs::write(ledger.path(), &whole).unwrap();
        ledger.change(change);
        let genesis = ledger.fixture.members.genesis();
        let store = LedgerStore::open(ledger.path(), genesis, &ledger.fixture.genesis_state);
        store.and_then(|store| store.verify_from_genesis())
    };
    let length = ledger.open().boundary(Epoch(0)).unwrap().unwrap();
    let length = to_borsh(&length).len();
    for epoch in [0, 1] {
        for at in (0..length).step_by(7) {
            let found = audit(&|table| {
                let mut bytes = table.get(epoch).unwrap().unwrap().value().to_vec();
                bytes[at] ^= 4;
                table.insert(epoch, &*bytes).unwrap();
            });
            let is_refused = matches!(found, Err(StoreError::Corrupt { .. }));
            assert!(is_refused, "epoch {epoch}, byte {at}: {found:?}");
        }
        let missing = audit(&|table| drop(table.remove(epoch).unwrap()));
        assert!(matches!(missing, Err(StoreError::Corrupt { .. })));
    }
    let added = audit(&|table| {
        let bytes = table.get(1).unwrap().unwrap().value().to_vec();
        table.insert(2, &*bytes).unwrap();
    });
    assert!(matches!(added, Err(StoreError::Corrupt { .. })));
    assert_eq!(audit(&|_| ()).unwrap(), Height(5));
}

/// A boundary of the largest committee has 113 kB: a read returns nine of them.
#[test]
fn a_read_of_boundaries_is_bounded_in_bytes() {
    let ledger = Ledger::written();
    let mut large = ledger.open().boundary(Epoch(1)).unwrap().unwrap();
    let member = |seat: u16| {
        let digest = hash::digest("test/member", &[&seat.to_le_bytes()]);
        CommitteeMember {
            replica: ReplicaId(seat),
            organisation: OrganisationId::from_digest(digest),
            key: VerifyingKey::from_bytes(*digest.as_bytes()),
        }
    };
    large.committee = Committee::new(Epoch(2), (0..1024).map(member).collect()).unwrap();
    large.certified.header.next_committee = large.committee.digest();
    let vote = large.certified.certificate.votes[0];
    large.certified.certificate.votes = vec![vote; 683];
    let bytes = to_borsh(&large);
    ledger.change(|table| {
        for epoch in 2..20 {
            table.insert(epoch, &*bytes).unwrap();
        }
    });
    let genesis = ledger.fixture.members.genesis();
    let store = LedgerStore::open(ledger.path(), genesis, &ledger.fixture.genesis_state).unwrap();
    assert_eq!((1 << 20) / bytes.len(), 9);
    assert_eq!(store.boundaries(Epoch(2), 100).unwrap().len(), 9);
    assert_eq!(store.boundaries(Epoch(2), 3).unwrap().len(), 3);
    assert_eq!(store.boundaries(Epoch(18), 100).unwrap().len(), 2);
}
