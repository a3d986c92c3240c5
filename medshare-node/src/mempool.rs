//! Transactions that wait to be ordered: verified, bounded, oldest first.

use std::collections::BTreeMap;

use medshare_ledger::Transaction;
use medshare_types::{Timestamp, TransactionId, Wire as _};

/// Transactions held at the most.
const MAX_TRANSACTIONS: usize = 4096;
/// Bytes of transactions in one block at the most; a block may have 8 MiB.
const MAX_BATCH_BYTES: usize = 4 << 20;

struct Waiting {
    transaction: Transaction,
    length: usize,
    shared_at: Timestamp,
}

/// The transactions that wait.
#[derive(Default)]
pub(crate) struct Mempool {
    waiting: BTreeMap<u64, Waiting>,
    arrivals: BTreeMap<TransactionId, u64>,
    next_arrival: u64,
}

/// What became of a transaction that was offered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Added,
    Known,
    Full,
    Forged,
}

impl Mempool {
    /// Adds a transaction whose signature was verified.
    pub(crate) fn add(&mut self, transaction: Transaction, now: Timestamp) -> Admission {
        let id = transaction.id();
        if self.arrivals.contains_key(&id) {
            return Admission::Known;
        }
        if self.waiting.len() >= MAX_TRANSACTIONS {
            return Admission::Full;
        }
        let length = transaction.to_wire().len();
        self.arrivals.insert(id, self.next_arrival);
        self.waiting.insert(
            self.next_arrival,
            Waiting {
                transaction,
                length,
                shared_at: now,
            },
        );
        self.next_arrival += 1;
        Admission::Added
    }

    pub(crate) fn contains(&self, id: &TransactionId) -> bool {
        self.arrivals.contains_key(id)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The oldest transactions that fit into a block.
    pub(crate) fn batch(&self) -> Vec<Transaction> {
        let mut left = MAX_BATCH_BYTES;
        let fits = |waiting: &&Waiting| {
            let fits = waiting.length <= left;
            left = left.saturating_sub(waiting.length);
            fits
        };
        self.waiting
            .values()
            .take_while(fits)
            .map(|waiting| waiting.transaction.clone())
            .collect()
    }

    /// Forgets what was ordered.
    pub(crate) fn remove(&mut self, ordered: impl IntoIterator<Item = TransactionId>) {
        for id in ordered {
            if let Some(arrival) = self.arrivals.remove(&id) {
                self.waiting.remove(&arrival);
            }
        }
    }

    /// What was last told to the others before `before`, to be told again: `now` is noted.
    pub(crate) fn unheard(&mut self, before: Timestamp, now: Timestamp) -> Vec<Transaction> {
        let stale = self
            .waiting
            .values_mut()
            .filter(|waiting| waiting.shared_at < before);
        stale
            .map(|waiting| {
                waiting.shared_at = now;
                waiting.transaction.clone()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use medshare_types::{ChainId, Digest, Nonce, PersonId, SigningKey};

    fn transaction(n: u32, length: usize) -> Transaction {
        let key = SigningKey::from_seed(&[1; 32]);
        let mut nonce = [0; 16];
        nonce[..4].copy_from_slice(&n.to_le_bytes());
        let sender = PersonId::of_key(&key.verifying_key()).into();
        let chain = ChainId::from_digest(Digest::ZERO);
        Transaction::sign(chain, sender, Nonce(nonce), vec![0; length], &key)
    }

    #[test]
    fn oldest_first_once_each_and_gone_when_ordered() {
        let mut pool = Mempool::default();
        let now = Timestamp::from_millis(1);
        let transactions: Vec<_> = (0..3).rev().map(|n| transaction(n, 10)).collect();
        for transaction in &transactions {
            assert_eq!(pool.add(transaction.clone(), now), Admission::Added);
            assert_eq!(pool.add(transaction.clone(), now), Admission::Known);
        }
        assert_eq!(pool.batch(), transactions);
        pool.remove([transactions[0].id(), transactions[2].id()]);
        assert_eq!(pool.batch(), transactions[1..2]);
        assert!(pool.contains(&transactions[1].id()) && !pool.contains(&transactions[0].id()));
    }

    #[test]
    fn a_batch_is_bounded_in_bytes() {
        let mut pool = Mempool::default();
        let length = medshare_ledger::MAX_CALL_LEN;
        for n in 0..40 {
            pool.add(transaction(n, length), Timestamp::from_millis(1));
        }
        let count = pool.batch().len();
        assert!(count > 0 && count * length <= MAX_BATCH_BYTES, "{count}");
    }

    #[test]
    fn what_nobody_ordered_is_told_again_later() {
        let mut pool = Mempool::default();
        pool.add(transaction(1, 1), Timestamp::from_millis(10));
        let at = Timestamp::from_millis;
        assert!(pool.unheard(at(10), at(20)).is_empty());
        assert_eq!(pool.unheard(at(11), at(20)).len(), 1);
        assert!(pool.unheard(at(11), at(21)).is_empty());
    }
}
