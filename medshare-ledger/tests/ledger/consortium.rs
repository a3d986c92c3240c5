//! Four members that agree on everything, and blocks of theirs.

use std::collections::BTreeMap;

use medshare_ledger::{Block, LedgerStore, Transaction, transactions_root};
use medshare_types::certificate::Ballot;
use medshare_types::genesis::{ChainParameters, GenesisAuthority, GenesisMember};
use medshare_types::{
    BlockHeader, CommitCertificate, Digest, Epoch, Event, ExecutedRoots, G1Bytes, Genesis, Height,
    Nonce, Outcome, Phase, RecordId, RecordVersion, ReplicaId, SigningKey, Timestamp,
    TransactionReceipt, View, hash,
};

pub(crate) type Changes = BTreeMap<Digest, Option<Vec<u8>>>;

pub(crate) struct Consortium {
    pub(crate) keys: Vec<SigningKey>,
    pub(crate) genesis: Genesis,
    pub(crate) genesis_state: BTreeMap<Digest, Vec<u8>>,
}

impl Consortium {
    /// Members and chain differ with `seed`.
    pub(crate) fn new(seed: u8) -> Self {
        let keys: Vec<_> = (0..4)
            .map(|n| SigningKey::from_seed(&[seed.wrapping_mul(16) + n; 32]))
            .collect();
        let member = |(n, key): (usize, &SigningKey)| GenesisMember {
            name: format!("member {n}"),
            key: key.verifying_key(),
            holder_key: G1Bytes([0; 48]),
        };
        let genesis = Genesis {
            salt: [seed; 32],
            created: Timestamp::from_millis(1_000),
            members: keys.iter().enumerate().map(member).collect(),
            authority: GenesisAuthority { parameters: vec![] },
            parameters: ChainParameters::default(),
        };
        Self {
            keys,
            genesis,
            genesis_state: BTreeMap::from([(key(0), b"genesis".to_vec())]),
        }
    }

    pub(crate) fn transaction(&self, n: u8) -> Transaction {
        let key = &self.keys[0];
        let sender = self.genesis.members[0].organisation();
        Transaction::sign(
            self.genesis.chain_id(),
            sender.into(),
            Nonce([n; 16]),
            vec![n; 3],
            key,
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
            chain: self.genesis.chain_id(),
            height,
            epoch: Epoch(0),
            view: View(0),
            proposer: ReplicaId(0),
            previous: parent.map_or(Digest::ZERO, BlockHeader::digest),
            time: Timestamp::from_millis(1_000 + height.0),
            transactions: transactions_root(&transactions),
            executed,
            next_committee: self.genesis.committee().unwrap().digest(),
        };
        Block {
            header,
            transactions,
        }
    }

    /// The block after the store's tip that names the tip's own roots.
    pub(crate) fn next(&self, store: &LedgerStore, transactions: Vec<Transaction>) -> Block {
        let tip = store.tip().unwrap().map(|tip| tip.header);
        let executed = store.roots(store.height().unwrap()).unwrap();
        self.block(tip.as_ref(), executed, transactions)
    }

    pub(crate) fn certify(&self, header: &BlockHeader) -> CommitCertificate {
        let ballot = Ballot {
            epoch: header.epoch,
            view: header.view,
            height: header.height,
            digest: header.digest(),
        };
        let statement = ballot.statement(&header.chain, Phase::Commit);
        let vote = |n: u16| (ReplicaId(n), self.keys[usize::from(n)].sign(&statement));
        CommitCertificate {
            ballot,
            votes: [0, 1, 3].map(vote).to_vec(),
        }
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

/// What executing them came to, if each registered a record.
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
