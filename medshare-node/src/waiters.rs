//! Clients that wait for receipts: of one transaction, or of a block.

use std::collections::BTreeMap;
use std::time::Duration;

use medshare_ledger::{LedgerStore, MemberResponse, StoreError};
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
    /// The answer, or none while it is not certified.
    pub(crate) fn answer(self, ledger: &LedgerStore) -> Result<Option<MemberResponse>, StoreError> {
        let answer = match self {
            Self::Receipt(transaction) => ledger
                .prove_receipt(&transaction)
                .map(|proof| MemberResponse::Receipt(Box::new(proof))),
            Self::Block(height) => ledger
                .prove_receipts(height)
                .map(|receipts| MemberResponse::Receipts(Box::new(receipts))),
        };
        match answer {
            Ok(response) => Ok(Some(response)),
            Err(StoreError::UnknownTransaction | StoreError::NotYetCertified { .. }) => Ok(None),
            Err(error) => Err(error),
        }
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
pub(crate) struct Waiters {
    waiting: BTreeMap<Question, Vec<Asker>>,
    count: usize,
}

impl Waiters {
    /// Lets a question wait.
    pub(crate) fn add(&mut self, question: Question, answer: oneshot::Sender<Vec<u8>>) {
        if self.count >= MAX_WAITING {
            let _ = answer.send(MemberResponse::Pending.to_wire());
            return;
        }
        self.count += 1;
        let until = Instant::now() + PATIENCE;
        self.waiting
            .entry(question)
            .or_default()
            .push((until, answer));
    }

    /// Answers whoever waits for something of a block whose roots are now certified.
    pub(crate) fn answer_certified(
        &mut self,
        ledger: &LedgerStore,
        certified: Height,
    ) -> Result<(), StoreError> {
        if self.waiting.is_empty() || certified == Height(0) {
            return Ok(());
        }
        let receipts = ledger.receipts(certified)?;
        let receipts = receipts
            .iter()
            .map(|receipt| Question::Receipt(receipt.transaction));
        for question in receipts.chain([Question::Block(certified)]) {
            let Some(answers) = self.waiting.remove(&question) else {
                continue;
            };
            self.count -= answers.len();
            let Some(response) = question.answer(ledger)? else {
                continue;
            };
            let bytes = response.to_wire();
            for (_, answer) in answers {
                // Whoever asked may have gone.
                let _ = answer.send(bytes.clone());
            }
        }
        Ok(())
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
                let _ = answer.send(MemberResponse::Pending.to_wire());
            }
        }
        self.waiting.retain(|_, answers| !answers.is_empty());
        self.count = self.waiting.values().map(Vec::len).sum();
    }
}
