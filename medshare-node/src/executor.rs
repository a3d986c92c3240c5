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

/// Judges a proposed batch: every transaction is signed, for this chain, and stands in it once.
///
/// What the calls come to is no part of it: a denied call is a receipt, not a fault.
pub(crate) fn judge(genesis: &Genesis, batch: &Batch) -> Verdict {
    let chain = genesis.chain_id();
    let mut seen = BTreeSet::new();
    let good = batch
        .transactions()
        .iter()
        .all(|transaction| transaction.verify(&chain).is_ok() && seen.insert(transaction.id()));
    if good {
        Verdict::Valid
    } else {
        Verdict::Invalid
    }
}

/// The tip's block time; the genesis' before the first block.
pub(crate) fn tip_time(ledger: &LedgerStore, genesis: &Genesis) -> Result<Timestamp, StoreError> {
    Ok(ledger.tip()?.map_or(genesis.created, |tip| tip.header.time))
}
