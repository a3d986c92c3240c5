//! Clients that wait for the receipt of one transaction, or for those of a block.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use medshare_ledger::{
    LedgerStore, ReceiptProof, RefusalCode, RpcRequest, RpcResponse, StoreError,
};
use medshare_types::{Height, TransactionId, Wire};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// The subject of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Query {
    /// The outcome of a transaction.
    Receipt(TransactionId),
    /// The outcomes of a block's transactions.
    Block(Height),
}

impl Query {
    /// Whether the ledger can prove the answer by now.
    pub(crate) fn is_answerable(self, ledger: &LedgerStore) -> Result<bool, StoreError> {
        let height = match self {
            Self::Receipt(transaction) => ledger.transaction_height(&transaction)?,
            Self::Block(height) => Some(height),
        };
        height.map_or(Ok(false), |height| ledger.is_certified(height))
    }

    /// Proves the answer. Cost: hashes the receipts of a block.
    pub(crate) fn answer(self, ledger: &LedgerStore) -> Result<RpcResponse, StoreError> {
        Ok(match self {
            Self::Receipt(transaction) => {
                RpcResponse::Receipt(Box::new(ledger.prove_receipt(&transaction)?))
            }
            Self::Block(height) => RpcResponse::Receipts(Box::new(ledger.prove_receipts(height)?)),
        })
    }
}

/// The waiting queries that one block may answer.
#[derive(Default)]
pub(crate) struct BlockQueries {
    transactions: BTreeSet<TransactionId>,
    block: bool,
}

impl BlockQueries {
    pub(crate) fn is_empty(&self) -> bool {
        self.transactions.is_empty() && !self.block
    }

    /// Encodes the answers that the block at `certified` gives. Cost: hashes its receipts once.
    pub(crate) fn answers(
        &self,
        ledger: &LedgerStore,
        certified: Height,
    ) -> Result<Vec<(Query, Vec<u8>)>, StoreError> {
        let proofs = ledger.prove_receipts_of(certified, &self.transactions)?;
        let answer = |proof: ReceiptProof| {
            let query = Query::Receipt(proof.receipt.transaction);
            let response = RpcResponse::Receipt(Box::new(proof));
            (query, response.to_wire())
        };
        let mut answers: Vec<_> = proofs.into_iter().map(answer).collect();
        if self.block {
            let query = Query::Block(certified);
            answers.push((query, query.answer(ledger)?.to_wire()));
        }
        Ok(answers)
    }
}

/// Longest wait of a query before it is answered with "pending".
const MAX_WAIT: Duration = Duration::from_millis(RpcRequest::LONGEST_DELAY_MS);
/// Upper bound of waiting queries; further ones are refused as overload.
const MAX_WAITING: usize = 4096;

/// The end of a wait, and the channel for the answer.
type Subscriber = (Instant, oneshot::Sender<Vec<u8>>);

/// The waiting queries and their subscribers.
#[derive(Default)]
pub(crate) struct Subscriptions {
    waiting: BTreeMap<Query, Vec<Subscriber>>,
    count: usize,
}

impl Subscriptions {
    /// Adds a subscriber, or refuses it when there are [`MAX_WAITING`] already.
    pub(crate) fn add(&mut self, query: Query, answer: oneshot::Sender<Vec<u8>>) {
        if self.count >= MAX_WAITING {
            let refusal = RpcResponse::refused(RefusalCode::Overloaded, "too many clients wait");
            let _ = answer.send(refusal.to_wire());
            return;
        }
        self.count += 1;
        let until = Instant::now() + MAX_WAIT;
        self.waiting.entry(query).or_default().push((until, answer));
    }

    /// The waiting queries that the block at `certified` may answer.
    pub(crate) fn queries_for(&self, certified: Height) -> BlockQueries {
        let transactions = self.waiting.keys().filter_map(|query| match query {
            Query::Receipt(transaction) => Some(*transaction),
            Query::Block(_) => None,
        });
        BlockQueries {
            transactions: transactions.collect(),
            block: self.waiting.contains_key(&Query::Block(certified)),
        }
    }

    /// Sends an answer to all subscribers of its query.
    pub(crate) fn answer(&mut self, query: Query, bytes: &[u8]) {
        let subscribers = self.waiting.remove(&query).unwrap_or_default();
        self.count -= subscribers.len();
        for (_, subscriber) in subscribers {
            // The client may have hung up.
            let _ = subscriber.send(bytes.to_vec());
        }
    }

    /// Answers "pending" where the wait is over, and forgets clients that hung up.
    pub(crate) fn expire(&mut self) {
        let now = Instant::now();
        for subscribers in self.waiting.values_mut() {
            let (keep, over): (Vec<_>, Vec<_>) = std::mem::take(subscribers)
                .into_iter()
                .partition(|(until, answer)| *until > now && !answer.is_closed());
            *subscribers = keep;
            for (_, answer) in over {
                let _ = answer.send(RpcResponse::Pending.to_wire());
            }
        }
        self.waiting
            .retain(|_, subscribers| !subscribers.is_empty());
        self.count = self.waiting.values().map(Vec::len).sum();
    }
}
