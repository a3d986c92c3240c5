//! Clients that wait for receipts: of one transaction, or of a block.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use medshare_ledger::{LedgerStore, ReceiptProof, RpcResponse, StoreError};
use medshare_types::{Height, TransactionId, Wire};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// What a client waits to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Question {
    /// How a transaction ended.
    Receipt(TransactionId),
    /// What the transactions of a block came to.
    Block(Height),
}

impl Question {
    /// Whether there is an answer by now.
    pub(crate) fn is_answerable(self, ledger: &LedgerStore) -> Result<bool, StoreError> {
        let height = match self {
            Self::Receipt(transaction) => ledger.transaction_height(&transaction)?,
            Self::Block(height) => Some(height),
        };
        height.map_or(Ok(false), |height| ledger.is_certified(height))
    }

    /// The answer, once there is one. Cost: hashes the receipts of a block.
    pub(crate) fn answer(self, ledger: &LedgerStore) -> Result<RpcResponse, StoreError> {
        Ok(match self {
            Self::Receipt(transaction) => {
                RpcResponse::Receipt(Box::new(ledger.prove_receipt(&transaction)?))
            }
            Self::Block(height) => RpcResponse::Receipts(Box::new(ledger.prove_receipts(height)?)),
        })
    }
}

/// The questions about one height that somebody waits with.
#[derive(Default)]
pub(crate) struct Asked {
    transactions: BTreeSet<TransactionId>,
    block: bool,
}

impl Asked {
    pub(crate) fn is_empty(&self) -> bool {
        self.transactions.is_empty() && !self.block
    }

    /// The encoded answers that the block at `certified` gives. Cost: hashes its receipts once.
    pub(crate) fn answers(
        &self,
        ledger: &LedgerStore,
        certified: Height,
    ) -> Result<Vec<(Question, Vec<u8>)>, StoreError> {
        let proofs = ledger.prove_receipts_of(certified, &self.transactions)?;
        let answer = |proof: ReceiptProof| {
            let question = Question::Receipt(proof.receipt.transaction);
            let response = RpcResponse::Receipt(Box::new(proof));
            (question, response.to_wire())
        };
        let mut answers: Vec<_> = proofs.into_iter().map(answer).collect();
        if self.block {
            let question = Question::Block(certified);
            answers.push((question, question.answer(ledger)?.to_wire()));
        }
        Ok(answers)
    }
}

/// How long a question may wait before it is answered with "pending".
const PATIENCE: Duration = Duration::from_secs(20);
/// Questions that wait at the most; what comes on top is answered at once.
const MAX_WAITING: usize = 4096;

/// Until when somebody waits, and where the answer goes.
type Asker = (Instant, oneshot::Sender<Vec<u8>>);

/// The questions that wait, and who asked.
#[derive(Default)]
pub(crate) struct Subscriptions {
    waiting: BTreeMap<Question, Vec<Asker>>,
    count: usize,
}

impl Subscriptions {
    /// Lets a question wait.
    pub(crate) fn add(&mut self, question: Question, answer: oneshot::Sender<Vec<u8>>) {
        if self.count >= MAX_WAITING {
            let _ = answer.send(RpcResponse::Pending.to_wire());
            return;
        }
        self.count += 1;
        let until = Instant::now() + PATIENCE;
        self.waiting
            .entry(question)
            .or_default()
            .push((until, answer));
    }

    /// What somebody waits for that the block at `certified` may answer.
    pub(crate) fn asked(&self, certified: Height) -> Asked {
        let transactions = self.waiting.keys().filter_map(|question| match question {
            Question::Receipt(transaction) => Some(*transaction),
            Question::Block(_) => None,
        });
        Asked {
            transactions: transactions.collect(),
            block: self.waiting.contains_key(&Question::Block(certified)),
        }
    }

    /// Gives an answer to whoever waits for it.
    pub(crate) fn answer(&mut self, question: Question, bytes: &[u8]) {
        let askers = self.waiting.remove(&question).unwrap_or_default();
        self.count -= askers.len();
        for (_, asker) in askers {
            // Whoever asked may have gone.
            let _ = asker.send(bytes.to_vec());
        }
    }

    /// Answers "pending" where patience ran out, and forgets those who hung up.
    pub(crate) fn expire(&mut self) {
        let now = Instant::now();
        for answers in self.waiting.values_mut() {
            let (keep, over): (Vec<_>, Vec<_>) = std::mem::take(answers)
                .into_iter()
                .partition(|(until, answer)| *until > now && !answer.is_closed());
            *answers = keep;
            for (_, answer) in over {
                let _ = answer.send(RpcResponse::Pending.to_wire());
            }
        }
        self.waiting.retain(|_, answers| !answers.is_empty());
        self.count = self.waiting.values().map(Vec::len).sum();
    }
}
