//! Four members that agree on every block, and a chain of their blocks.

use std::collections::BTreeMap;

use medshare_ledger::{Block, LedgerStore, Transaction, transactions_root};
use medshare_testkit::fixtures::Members;
use medshare_types::attestation::attestations_root;
use medshare_types::{
    BlockHeader, CommitCertificate, Digest, Epoch, Event, ExecutedRoots, Height, Nonce,
    OrganisationId, Outcome, RecordId, RecordVersion, ReplicaId, SigningKey, Timestamp,
    TransactionReceipt, View, hash,
};

pub(crate) type Changes = BTreeMap<Digest, Option<Vec<u8>>>;

pub(crate) struct Fixture {
    pub(crate) members: Members,
    pub(crate) genesis_state: BTreeMap<Digest, Vec<u8>>,
}

impl Fixture {
    /// Members and chain differ with `seed`.
    pub(crate) fn new(seed: u8) -> Self {
        let keys = (0..4).map(|n| SigningKey::from_seed(&[seed.wrapping_mul(16) + n; 32]));
        Self {
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

    /// The block after the store's tip that names the tip's own roots.
    pub(crate) fn next(&self, store: &LedgerStore, transactions: Vec<Transaction>) -> Block {
        let tip = store.tip().unwrap().map(|tip| tip.header);
        let executed = store.roots(store.height().unwrap()).unwrap();
        self.block(tip.as_ref(), executed, transactions)
    }

    /// The commits of three of the four members.
    pub(crate) fn certify(&self, header: &BlockHeader) -> CommitCertificate {
        self.members.certify(header, &[0, 1, 3])
    }

    /// Commits a block on top of the store.
    pub(crate) fn grow(
        &self,
        store: &LedgerStore,
        transactions: Vec<Transaction>,
        changes: &Changes,
    ) -> ExecutedRoots {
        let block = self.next(store, transactions);
        let receipts = receipts(&block.transactions);
        let certificate = self.certify(&block.header);
        store
            .apply(&block, &certificate, &receipts, changes)
            .unwrap()
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
