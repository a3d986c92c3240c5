//! Executing blocks: the contract over the ledger's state.

use std::collections::BTreeSet;

use medshare_consensus::{Proposal, Verdict};
use medshare_contract::{BlockContext, CallContext, Overlay, StateError, StateView, apply};
use medshare_ledger::{Block, LedgerStore, StoreError, Transaction};
use medshare_types::{
    CommitCertificate, Digest, ExecutedRoots, Genesis, Timestamp, TransactionReceipt, Wire,
};

use crate::batch::Batch;
use crate::error::NodeError;

/// The newest state, as the contract reads it.
pub(crate) struct LedgerView<'a>(pub(crate) &'a LedgerStore);

impl StateView for LedgerView<'_> {
    type Error = StoreError;

    fn get(&self, key: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(key)
    }
}

/// Reads one value of the newest state.
pub(crate) fn read<T: Wire>(
    ledger: &LedgerStore,
    key: &Digest,
) -> Result<Option<T>, StateError<StoreError>> {
    LedgerView(ledger).read(key)
}

/// Executes a committed block and writes it down, whole or not at all.
pub(crate) fn execute(
    ledger: &LedgerStore,
    genesis: &Genesis,
    proposal: Proposal<Batch>,
    certificate: &CommitCertificate,
) -> Result<ExecutedRoots, NodeError> {
    let header = proposal.header;
    let context = BlockContext {
        chain: header.chain,
        height: header.height,
        time: header.time,
        parameters: genesis.parameters,
    };
    let view = LedgerView(ledger);
    let mut state = Overlay::new(&view);
    let mut receipts = Vec::new();
    for transaction in proposal.payload.transactions() {
        let applied = apply(&state, &context, &call_of(transaction))?;
        state.absorb(applied.changes);
        receipts.push(TransactionReceipt {
            transaction: transaction.id(),
            outcome: applied.outcome,
        });
    }
    let changes = state.into_changes();
    let height = header.height;
    let block = Block {
        header,
        transactions: proposal.payload.transactions().to_vec(),
    };
    ledger
        .apply(&block, certificate, &receipts, &changes)
        .map_err(|error| match error {
            StoreError::RootsMismatch { .. } => NodeError::Diverged { height },
            other => other.into(),
        })
}

fn call_of(transaction: &Transaction) -> CallContext<'_> {
    CallContext {
        chain: transaction.chain,
        transaction: transaction.id(),
        sender: transaction.sender,
        key: transaction.key,
        nonce: transaction.nonce,
        call: &transaction.call,
    }
}

/// Judges a proposed batch: it is within limits, and every transaction is signed, for this chain,
/// stands in it once, and was never ordered before. Every member finds the same, since a proposal
/// is judged once its parent is executed.
///
/// What the calls come to is no part of it: a denied call is a receipt, not a fault.
pub(crate) fn judge(
    ledger: &LedgerStore,
    genesis: &Genesis,
    batch: &Batch,
) -> Result<Verdict, StoreError> {
    if !batch.is_within_limits() {
        return Ok(Verdict::Invalid);
    }
    let chain = genesis.chain_id();
    let mut seen = BTreeSet::new();
    for transaction in batch.transactions() {
        let id = transaction.id();
        let fresh = seen.insert(id) && ledger.transaction_height(&id)?.is_none();
        if !fresh || transaction.verify(&chain).is_err() {
            return Ok(Verdict::Invalid);
        }
    }
    Ok(Verdict::Valid)
}

/// The tip's block time; the genesis' before the first block.
pub(crate) fn tip_time(ledger: &LedgerStore, genesis: &Genesis) -> Result<Timestamp, StoreError> {
    Ok(ledger.tip()?.map_or(genesis.created, |tip| tip.header.time))
}

#[cfg(test)]
mod tests {
    use medshare_contract::genesis_state;
    use medshare_ledger::{MAX_CALL_LEN, transactions_root};
    use medshare_types::certificate::Ballot;
    use medshare_types::{BlockHeader, Epoch, Height, Nonce, Phase, ReplicaId, SigningKey, View};

    use super::*;
    use crate::batch;
    use crate::testing::founders;

    struct World {
        genesis: Genesis,
        keys: Vec<SigningKey>,
        ledger: LedgerStore,
        _folder: tempfile::TempDir,
    }

    impl World {
        fn new() -> Self {
            let (genesis, keys) = founders();
            let folder = tempfile::tempdir().unwrap();
            let state = genesis_state(&genesis).unwrap();
            let path = folder.path().join("ledger");
            Self {
                ledger: LedgerStore::open(path, &genesis, &state).unwrap(),
                genesis,
                keys,
                _folder: folder,
            }
        }

        fn transaction(&self, n: u32, length: usize) -> Transaction {
            let mut nonce = [0; 16];
            nonce[..4].copy_from_slice(&n.to_le_bytes());
            let sender = self.genesis.members[0].organisation().into();
            let (chain, key) = (self.genesis.chain_id(), &self.keys[0]);
            Transaction::sign(chain, sender, Nonce(nonce), vec![0; length], key)
        }

        /// Commits and executes a first block.
        fn order(&self, transactions: &[Transaction]) {
            let header = BlockHeader {
                chain: self.genesis.chain_id(),
                height: Height(1),
                epoch: Epoch(0),
                view: View(0),
                proposer: ReplicaId(0),
                previous: Digest::ZERO,
                time: Timestamp::from_millis(2),
                transactions: transactions_root(transactions),
                executed: self.ledger.roots(Height(0)).unwrap(),
                next_committee: self.genesis.committee().unwrap().digest(),
            };
            let ballot = Ballot {
                epoch: header.epoch,
                view: header.view,
                height: header.height,
                digest: header.digest(),
            };
            let statement = ballot.statement(&header.chain, Phase::Commit);
            let vote = |n: u16| (ReplicaId(n), self.keys[usize::from(n)].sign(&statement));
            let votes = [0, 1, 2].map(vote).to_vec();
            let payload = Batch::new(transactions.to_vec());
            let proposal = Proposal { header, payload };
            let certificate = CommitCertificate { ballot, votes };
            execute(&self.ledger, &self.genesis, proposal, &certificate).unwrap();
        }

        fn judge(&self, transactions: Vec<Transaction>) -> Verdict {
            judge(&self.ledger, &self.genesis, &Batch::new(transactions)).unwrap()
        }
    }

    #[test]
    fn a_transaction_is_ordered_once() {
        let world = World::new();
        let (first, second) = (world.transaction(1, 3), world.transaction(2, 3));
        assert_eq!(world.judge(vec![first.clone()]), Verdict::Valid);
        let twice = vec![second.clone(), second.clone()];
        assert_eq!(world.judge(twice), Verdict::Invalid);
        world.order(std::slice::from_ref(&first));
        assert_eq!(world.judge(vec![second.clone()]), Verdict::Valid);
        assert_eq!(world.judge(vec![second, first]), Verdict::Invalid);
    }

    #[test]
    fn a_block_has_so_many_transactions_at_the_most() {
        let world = World::new();
        let count = u32::try_from(batch::MAX_TRANSACTIONS).unwrap();
        let mut transactions: Vec<_> = (0..count).map(|n| world.transaction(n, 0)).collect();
        assert_eq!(world.judge(transactions.clone()), Verdict::Valid);
        transactions.push(world.transaction(count, 0));
        assert_eq!(world.judge(transactions), Verdict::Invalid);
    }

    #[test]
    fn a_block_has_so_many_bytes_at_the_most() {
        let world = World::new();
        let mut transactions: Vec<_> = (0..15)
            .map(|n| world.transaction(n, MAX_CALL_LEN))
            .collect();
        let encoded = |transactions: &[Transaction]| borsh::object_length(transactions).unwrap();
        transactions.push(world.transaction(15, 0));
        let left = batch::MAX_BYTES - encoded(&transactions);
        transactions[15] = world.transaction(15, left);
        assert_eq!(encoded(&transactions), batch::MAX_BYTES);
        assert_eq!(world.judge(transactions.clone()), Verdict::Valid);
        transactions[15] = world.transaction(15, left + 1);
        assert_eq!(world.judge(transactions), Verdict::Invalid);
    }
}
