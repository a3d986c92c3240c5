//! Transactions that wait to be ordered: verified, bounded in total and for each key, oldest first.

use std::collections::BTreeMap;

use medshare_ledger::{MAX_CALL_LEN, Transaction};
use medshare_types::{TransactionId, VerifyingKey, Wire};

use crate::batch;

/// Upper bound of all waiting transactions.
const LIMIT: Load = Load {
    transactions: 4096,
    bytes: 32 << 20,
};
/// Upper bound for one key, so that no sender takes the room of all others.
const LIMIT_OF_KEY: Load = Load {
    transactions: 512,
    bytes: 4 << 20,
};
/// Upper bound of one rebroadcast.
const LIMIT_OF_REBROADCAST: Load = Load {
    transactions: 64,
    bytes: 1 << 20,
};
const LIMIT_OF_BATCH: Load = Load {
    transactions: batch::MAX_TRANSACTIONS,
    bytes: batch::MAX_BYTES,
};

/// The waiting transactions, by order of arrival.
#[derive(Default)]
pub(crate) struct Mempool {
    waiting: BTreeMap<u64, Waiting>,
    arrivals: BTreeMap<TransactionId, u64>,
    next_arrival: u64,
    load: Load,
    loads: BTreeMap<VerifyingKey, Load>,
    /// Number of those that this node told others of.
    told: usize,
}

struct Waiting {
    transaction: Transaction,
    /// Milliseconds on the node's monotonic clock.
    last_sent: u64,
    /// This node has told the other members, or the primary, of it.
    told: bool,
}

/// Where a transaction came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// From a client or the node itself, which tells all other members.
    Here,
    /// From another member, which told those it chose.
    FromPeer,
}

/// The result of submitting a transaction.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Added,
    Known,
    Full,
    Forged,
    /// Its key is not, or not yet, the sender's in this node's state.
    UnknownSender,
    /// The node's disk has little room left.
    DiskLow,
}

impl Mempool {
    /// Adds a transaction whose signature was verified.
    pub(crate) fn add(&mut self, transaction: Transaction, now_ms: u64, heard: Heard) -> Admission {
        let id = transaction.id();
        if self.contains(&id) {
            return Admission::Known;
        }
        if !self.has_room_for(&transaction) {
            return Admission::Full;
        }
        self.load = self.load.with(&transaction);
        let load = self.loads.entry(transaction.key).or_default();
        *load = load.with(&transaction);
        self.arrivals.insert(id, self.next_arrival);
        let waiting = Waiting {
            transaction,
            last_sent: now_ms,
            told: heard == Heard::Here,
        };
        self.told += usize::from(waiting.told);
        self.waiting.insert(self.next_arrival, waiting);
        self.next_arrival += 1;
        Admission::Added
    }

    pub(crate) fn has_room_for(&self, transaction: &Transaction) -> bool {
        let of_key = self
            .loads
            .get(&transaction.key)
            .copied()
            .unwrap_or_default();
        self.load.with(transaction).is_within(LIMIT)
            && of_key.with(transaction).is_within(LIMIT_OF_KEY)
    }

    pub(crate) fn contains(&self, id: &TransactionId) -> bool {
        self.arrivals.contains_key(id)
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = TransactionId> + '_ {
        self.arrivals.keys().copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether some wait that this node told the others, or the primary, of.
    pub(crate) const fn has_told(&self) -> bool {
        self.told > 0
    }

    /// The oldest transactions that fit into a block, `most` at most.
    pub(crate) fn batch(&self, most: usize) -> Vec<Transaction> {
        let oldest = self.waiting.values().map(|waiting| &waiting.transaction);
        let oldest = oldest.take(most);
        LIMIT_OF_BATCH.first_of(oldest).cloned().collect()
    }

    /// Removes transactions that a block ordered.
    pub(crate) fn remove(&mut self, ordered: impl IntoIterator<Item = TransactionId>) {
        for id in ordered {
            let arrival = self.arrivals.remove(&id);
            let Some(gone) = arrival.and_then(|arrival| self.waiting.remove(&arrival)) else {
                continue;
            };
            self.told -= usize::from(gone.told);
            let Transaction { key, .. } = gone.transaction;
            self.load = self.load.without(&gone.transaction);
            if let Some(load) = self.loads.get_mut(&key) {
                *load = load.without(&gone.transaction);
                if load.transactions == 0 {
                    self.loads.remove(&key);
                }
            }
        }
    }

    /// Returns transactions last sent before `before`, the longest ago first, up to
    /// [`LIMIT_OF_REBROADCAST`], and notes that they are sent at `now_ms`.
    pub(crate) fn due(&mut self, before: u64, now_ms: u64) -> Vec<Transaction> {
        let mut stale: Vec<_> = self
            .waiting
            .values_mut()
            .filter(|waiting| waiting.last_sent < before)
            .collect();
        stale.sort_by_key(|waiting| waiting.last_sent);
        let transactions = stale.iter().map(|waiting| &waiting.transaction);
        let again: Vec<_> = LIMIT_OF_REBROADCAST
            .first_of(transactions)
            .cloned()
            .collect();
        for waiting in stale.iter_mut().take(again.len()) {
            waiting.last_sent = now_ms;
            self.told += usize::from(!waiting.told);
            waiting.told = true;
        }
        again
    }
}

/// A number of transactions and an upper bound of their encoded length.
#[derive(Clone, Copy, Default)]
struct Load {
    transactions: usize,
    bytes: usize,
}

impl Load {
    const fn with(self, transaction: &Transaction) -> Self {
        Self {
            transactions: self.transactions + 1,
            bytes: self.bytes + room_for(transaction),
        }
    }

    const fn without(self, transaction: &Transaction) -> Self {
        Self {
            transactions: self.transactions - 1,
            bytes: self.bytes - room_for(transaction),
        }
    }

    const fn is_within(self, limit: Self) -> bool {
        self.transactions <= limit.transactions && self.bytes <= limit.bytes
    }

    /// Takes transactions from the front as long as they stay within this limit.
    fn first_of<'a>(
        self,
        transactions: impl Iterator<Item = &'a Transaction>,
    ) -> impl Iterator<Item = &'a Transaction> {
        let mut load = Self::default();
        transactions.take_while(move |transaction| {
            load = load.with(transaction);
            load.is_within(self)
        })
    }
}

/// An upper bound of a transaction's encoded length, bytes.
const fn room_for(transaction: &Transaction) -> usize {
    transaction.call.len() + <Transaction as Wire>::MAX_LEN - MAX_CALL_LEN
}

#[cfg(test)]
mod tests {
    use super::*;
    use medshare_types::{ChainId, Digest, Nonce, PersonId, SigningKey};

    fn transaction(n: u32, length: usize) -> Transaction {
        transaction_of(1, n, length)
    }

    fn transaction_of(seed: u8, n: u32, length: usize) -> Transaction {
        let key = SigningKey::from_seed(&[seed; 32]);
        let mut nonce = [0; 16];
        nonce[..4].copy_from_slice(&n.to_le_bytes());
        let sender = PersonId::of_key(&key.verifying_key()).into();
        let chain = ChainId::from_digest(Digest::ZERO);
        Transaction::sign(chain, sender, Nonce(nonce), vec![0; length], &key)
    }

    #[test]
    fn oldest_first_once_each_and_gone_when_ordered() {
        let mut pool = Mempool::default();
        let transactions: Vec<_> = (0..3).rev().map(|n| transaction(n, 10)).collect();
        for transaction in &transactions {
            assert_eq!(
                pool.add(transaction.clone(), 1, Heard::Here),
                Admission::Added
            );
            assert_eq!(
                pool.add(transaction.clone(), 1, Heard::Here),
                Admission::Known
            );
        }
        assert_eq!(pool.batch(usize::MAX), transactions);
        pool.remove([transactions[0].id(), transactions[2].id()]);
        assert_eq!(pool.batch(usize::MAX), transactions[1..2]);
        assert!(pool.contains(&transactions[1].id()) && !pool.contains(&transactions[0].id()));
    }

    #[test]
    fn a_batch_is_bounded_in_bytes() {
        let mut pool = Mempool::default();
        for n in 0..40 {
            pool.add(transaction_of(n as u8, n, MAX_CALL_LEN), 1, Heard::Here);
        }
        assert_eq!(pool.waiting.len(), 40);
        let batch = batch::Batch::new(pool.batch(usize::MAX));
        assert!(batch.transactions().len() > 10 && batch.is_within_limits());
    }

    #[test]
    fn one_key_has_its_share_of_the_room_and_all_keys_have_the_whole() {
        let mut pool = Mempool::default();
        let mut flood = |seed: u8, count: u32, length| -> Vec<_> {
            (0..count)
                .map(|n| transaction_of(seed, n, length))
                .filter(|t| pool.add(t.clone(), 1, Heard::Here) == Admission::Added)
                .collect()
        };
        assert_eq!(flood(1, 600, 0).len(), LIMIT_OF_KEY.transactions);
        for seed in 2..12 {
            let added = flood(seed, 20, MAX_CALL_LEN).len();
            assert!(added * MAX_CALL_LEN <= LIMIT_OF_KEY.bytes);
        }
        let held: Vec<_> = pool.waiting.values().map(|w| w.transaction.id()).collect();
        let waiting = pool.waiting.values();
        let bytes: usize = waiting.map(|w| w.transaction.to_wire().len()).sum();
        assert!(
            bytes <= LIMIT.bytes && bytes > LIMIT.bytes * 3 / 4,
            "{bytes}"
        );
        pool.remove(held);
        assert!(pool.loads.is_empty());
        assert_eq!((pool.load.transactions, pool.load.bytes), (0, 0));
    }

    #[test]
    fn transactions_that_were_not_ordered_are_due_again_later() {
        let mut pool = Mempool::default();
        pool.add(transaction(1, 1), 10, Heard::Here);
        assert!(pool.due(10, 20).is_empty());
        assert_eq!(pool.due(11, 20).len(), 1);
        assert!(pool.due(11, 21).is_empty());
    }

    #[test]
    fn a_rebroadcast_is_bounded_and_all_get_their_turn() {
        let mut pool = Mempool::default();
        let all: Vec<_> = (0..150).map(|n| transaction(n, 1)).collect();
        for transaction in &all {
            pool.add(transaction.clone(), 10, Heard::Here);
        }
        let sent = [20, 21, 22].map(|now| pool.due(1_000, now));
        assert_eq!(sent.concat()[..150], all);
        assert_eq!(sent.map(|sent| sent.len()), [64; 3]);
        for n in 200..210 {
            pool.add(transaction(n, MAX_CALL_LEN), 0, Heard::Here);
        }
        assert_eq!(pool.due(10, 30).len(), 3);
    }
}
