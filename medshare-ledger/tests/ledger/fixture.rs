//! Four members that agree on every block, and a chain of their blocks.

use std::collections::BTreeMap;

use medshare_ledger::{
    Block, CertifiedHeader, Execution, LedgerStore, StoreError, Transaction, transactions_root,
};
use medshare_testkit::fixtures::Members;
use medshare_types::attestation::attestations_root;
use medshare_types::certificate::{Ballot, Phase};
use medshare_types::{
    BlockHeader, CommitCertificate, Committee, CommitteeMember, Digest, Epoch, Event,
    ExecutedRoots, Height, Nonce, OrganisationId, Outcome, RecordId, RecordVersion, ReplicaId,
    SigningKey, Timestamp, TransactionReceipt, View, hash,
};

pub(crate) type Changes = BTreeMap<Digest, Option<Vec<u8>>>;

pub(crate) struct Fixture {
    pub(crate) members: Members,
    /// Keys of all epochs but the first differ with it.
    pub(crate) later_keys: u8,
    pub(crate) genesis_state: BTreeMap<Digest, Vec<u8>>,
}

impl Fixture {
    /// Members and chain differ with `seed`.
    pub(crate) fn new(seed: u8) -> Self {
        let keys = (0..4).map(|n| SigningKey::from_seed(&[seed.wrapping_mul(16) + n; 32]));
        Self {
            later_keys: seed,
            members: Members::of_keys(keys)
                .with_salt([seed; 32])
                .with_created(Timestamp::from_millis(1_000)),
            genesis_state: BTreeMap::from([(key(0), b"genesis".to_vec())]),
        }
    }

    pub(crate) fn organisation(&self, index: usize) -> OrganisationId {
        self.members.genesis().members[index].organisation()
    }

    pub(crate) fn transaction(&self, n: u8) -> Transaction {
        Transaction::sign(
            self.members.chain(),
            self.organisation(0).into(),
            Nonce([n; 16]),
            vec![n; 3],
            self.members.key(0),
        )
    }

    /// A block after `parent` that names `executed`.
    pub(crate) fn block(
        &self,
        parent: Option<&BlockHeader>,
        executed: ExecutedRoots,
        transactions: Vec<Transaction>,
    ) -> Block {
        let height = parent.map_or(Height(0), |parent| parent.height).next();
        let header = BlockHeader {
            chain: self.members.chain(),
            height,
            epoch: Epoch(0),
            view: View(0),
            proposer: ReplicaId(0),
            previous: parent.map_or(Digest::ZERO, BlockHeader::digest),
            time: Timestamp::from_millis(1_000 + height.0),
            transactions: transactions_root(&transactions),
            attestations: attestations_root(&[]),
            executed,
            next_committee: self.members.committee().digest(),
        };
        Block {
            header,
            transactions,
            attestations: vec![],
        }
    }

    /// The block after the store's tip that names the tip's own roots, in the store's epoch.
    pub(crate) fn next(&self, store: &LedgerStore, transactions: Vec<Transaction>) -> Block {
        let tip = store.tip().unwrap().map(|tip| tip.header);
        let executed = store.roots(store.height().unwrap()).unwrap();
        let mut block = self.block(tip.as_ref(), executed, transactions);
        block.header.epoch = store.epoch();
        block.header.next_committee = self.committee(store.epoch()).digest();
        block
    }

    /// The block of [`Self::next`] as the last of its epoch.
    pub(crate) fn last(&self, store: &LedgerStore) -> Block {
        let mut block = self.next(store, vec![]);
        block.header.next_committee = self.committee(store.epoch().next()).digest();
        block
    }

    /// The key that a seat votes with in an epoch: another in each.
    pub(crate) fn voting_key(&self, epoch: Epoch, seat: u16) -> SigningKey {
        let first = self.members.key(seat);
        if epoch == Epoch(0) {
            return first.clone();
        }
        let (epoch, later) = (epoch.0.to_le_bytes(), [self.later_keys]);
        let parts = [first.seed().as_slice(), &epoch, &later];
        SigningKey::from_seed(hash::digest("test/voting-key", &parts).as_bytes())
    }

    /// The same four members with their keys of an epoch.
    pub(crate) fn committee(&self, epoch: Epoch) -> Committee {
        let member = |seat| CommitteeMember {
            replica: ReplicaId(seat),
            organisation: self.organisation(seat.into()),
            key: self.voting_key(epoch, seat).verifying_key(),
        };
        Committee::new(epoch, (0..4).map(member).collect()).unwrap()
    }

    /// The commits of three of the four members, with their keys of the header's epoch.
    pub(crate) fn certify(&self, header: &BlockHeader) -> CommitCertificate {
        self.certify_by(header.epoch, header)
    }

    /// The same with the keys of any epoch.
    pub(crate) fn certify_by(&self, keys: Epoch, header: &BlockHeader) -> CommitCertificate {
        let ballot = Ballot {
            epoch: header.epoch,
            view: header.view,
            height: header.height,
            digest: header.digest(),
        };
        let statement = ballot.statement(&header.chain, Phase::Commit);
        let vote = |seat| {
            (
                ReplicaId(seat),
                self.voting_key(keys, seat).sign(&statement),
            )
        };
        CommitCertificate {
            ballot,
            votes: [0, 1, 3].map(vote).into(),
        }
    }

    /// The header with the commits of [`Self::certify`].
    pub(crate) fn certified(&self, header: BlockHeader) -> CertifiedHeader {
        CertifiedHeader {
            certificate: self.certify(&header),
            header,
        }
    }

    /// Applies a block with the committee that its header names, or its own epoch's where it names
    /// another. The record is the header's digest.
    pub(crate) fn apply(
        &self,
        store: &LedgerStore,
        block: &Block,
        certificate: &CommitCertificate,
        receipts: &[TransactionReceipt],
        changes: &Changes,
    ) -> Result<ExecutedRoots, StoreError> {
        let own = self.committee(block.header.epoch);
        let next = self.committee(block.header.epoch.next());
        let record = block.header.digest();
        let is_last = block.header.next_committee == next.digest();
        let execution = Execution {
            receipts,
            changes,
            next_committee: if is_last { &next } else { &own },
            record: record.as_ref(),
        };
        store.apply(block, certificate, &execution)
    }

    /// Commits a block on top of the store.
    pub(crate) fn grow(
        &self,
        store: &LedgerStore,
        transactions: Vec<Transaction>,
        changes: &Changes,
    ) -> ExecutedRoots {
        let block = self.next(store, transactions);
        self.commit(store, &block, changes)
    }

    /// Commits the last block of the store's epoch.
    pub(crate) fn end_epoch(&self, store: &LedgerStore) -> ExecutedRoots {
        self.commit(store, &self.last(store), &Changes::new())
    }

    fn commit(&self, store: &LedgerStore, block: &Block, changes: &Changes) -> ExecutedRoots {
        let receipts = receipts(&block.transactions);
        let certificate = self.certify(&block.header);
        let applied = self.apply(store, block, &certificate, &receipts, changes);
        applied.unwrap()
    }

    /// Commits a block with two transactions and a few changes that depend on its height.
    pub(crate) fn grow_some(&self, store: &LedgerStore) -> ExecutedRoots {
        let n = u8::try_from(store.height().unwrap().next().0).unwrap();
        let transactions = vec![self.transaction(2 * n), self.transaction(2 * n + 1)];
        let changes = Changes::from([
            (key(0), Some(vec![n])),
            (key(n), Some(vec![n; 40])),
            (key(n.saturating_sub(2)), None),
        ]);
        self.grow(store, transactions, &changes)
    }
}

pub(crate) fn key(n: u8) -> Digest {
    hash::digest("test/key", &[&[n]])
}

/// Receipts of transactions that each registered a record.
pub(crate) fn receipts(transactions: &[Transaction]) -> Vec<TransactionReceipt> {
    let receipt = |transaction: &Transaction| TransactionReceipt {
        transaction: transaction.id(),
        outcome: Outcome::Applied(vec![Event::RecordRegistered {
            record: RecordId::from_digest(*transaction.id().digest()),
            version: RecordVersion(1),
        }]),
    };
    transactions.iter().map(receipt).collect()
}
