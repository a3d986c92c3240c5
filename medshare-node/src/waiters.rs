//! Clients that wait for a transaction's receipt.

use std::collections::BTreeMap;
use std::time::Duration;

use medshare_ledger::{LedgerStore, MemberResponse, StoreError};
use medshare_types::{Height, TransactionId, Wire};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How long a question for a receipt may wait before it is answered with "pending".
const PATIENCE: Duration = Duration::from_secs(20);
/// Questions that wait at the most; what comes on top is answered at once.
const MAX_WAITING: usize = 4096;

/// The questions that wait, by transaction.
#[derive(Default)]
pub(crate) struct Waiters {
    waiting: BTreeMap<TransactionId, Vec<(Instant, oneshot::Sender<Vec<u8>>)>>,
    count: usize,
}

impl Waiters {
    /// Lets a question wait.
    pub(crate) fn add(&mut self, transaction: TransactionId, answer: oneshot::Sender<Vec<u8>>) {
        if self.count >= MAX_WAITING {
            let _ = answer.send(MemberResponse::Pending.to_wire());
            return;
        }
        self.count += 1;
        let until = Instant::now() + PATIENCE;
        self.waiting
            .entry(transaction)
            .or_default()
            .push((until, answer));
    }

    /// Answers whoever waits for a transaction of a block whose roots are now certified.
    pub(crate) fn answer_certified(
        &mut self,
        ledger: &LedgerStore,
        certified: Height,
    ) -> Result<(), StoreError> {
        if self.waiting.is_empty() || certified == Height(0) {
            return Ok(());
        }
        for receipt in ledger.receipts(certified)? {
            let Some(answers) = self.waiting.remove(&receipt.transaction) else {
                continue;
            };
            self.count -= answers.len();
            let proof = ledger.prove_receipt(&receipt.transaction)?;
            let bytes = MemberResponse::Receipt(Box::new(proof)).to_wire();
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
