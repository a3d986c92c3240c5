//! Transactions that wait to be ordered: verified, with room and turns shared by organisation.
//!
//! A person counts for the organisation that enrolled it, so pseudonyms bring an organisation neither
//! room nor turns.

use std::collections::BTreeMap;
use std::ops::Bound;

use medshare_ledger::{MAX_CALL_LEN, Transaction};
use medshare_types::{OrganisationId, TransactionId, VerifyingKey, Wire};

use crate::batch;

/// Upper bound of all waiting transactions, shared evenly by the organisations.
const LIMIT: Load = Load {
    transactions: 4096,
    bytes: 32 << 20,
};
/// An organisation has as much room, however many there are.
const LEAST_SHARE: Load = Load {
    transactions: 256,
    bytes: 2 << 20,
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

/// The waiting transactions, by home and order of arrival.
pub(crate) struct Mempool {
    /// Homes with transactions that wait, and no others.
    homes: BTreeMap<OrganisationId, Home>,
    arrivals: BTreeMap<TransactionId, Arrival>,
    next_arrival: u64,
    /// Room of one organisation.
    share: Load,
    /// The home that a batch took from last.
    served: Option<OrganisationId>,
    /// Number of those that this node told others of.
    told: usize,
}

/// What waits for one organisation and the persons that it enrolled.
#[derive(Default)]
struct Home {
    waiting: BTreeMap<u64, Waiting>,
    load: Load,
    loads: BTreeMap<VerifyingKey, Load>,
}

/// Where a transaction waits. Its home is that of its admission, whatever becomes of its sender.
#[derive(Clone, Copy)]
struct Arrival {
    home: OrganisationId,
    number: u64,
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
    /// No room is left for the key, or for its organisation.
    Full,
    Forged,
    /// Its key is not, or not yet, the sender's in this node's state.
    UnknownSender,
    /// The node's disk has little room left.
    DiskLow,
}

impl Mempool {
    /// An empty pool of a chain with so many organisations.
    pub(crate) fn new(organisations: usize) -> Self {
        let organisations = organisations.max(1);
        Self {
            homes: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            next_arrival: 0,
            share: Load {
                transactions: (LIMIT.transactions / organisations).max(LEAST_SHARE.transactions),
                bytes: (LIMIT.bytes / organisations).max(LEAST_SHARE.bytes),
            },
            served: None,
            told: 0,
        }
    }

    /// Adds a transaction whose signature was verified. `home` is the organisation that its sender is,
    /// or is enrolled by.
    pub(crate) fn add(
        &mut self,
        transaction: Transaction,
        home: OrganisationId,
        now_ms: u64,
        heard: Heard,
    ) -> Admission {
        let id = transaction.id();
        if self.contains(&id) {
            return Admission::Known;
        }
        if !self.has_room_for(&transaction, &home) {
            return Admission::Full;
        }
        let number = self.next_arrival;
        self.next_arrival += 1;
        self.arrivals.insert(id, Arrival { home, number });
        let waiting = Waiting {
            transaction,
            last_sent: now_ms,
            told: heard == Heard::Here,
        };
        self.told += usize::from(waiting.told);
        self.homes.entry(home).or_default().add(number, waiting);
        Admission::Added
    }

    /// True when neither the organisation nor the key has used up its room. A key may take half of what
    /// its organisation has.
    pub(crate) fn has_room_for(&self, transaction: &Transaction, home: &OrganisationId) -> bool {
        let Some(home) = self.homes.get(home) else {
            return true;
        };
        let of_key = home.loads.get(&transaction.key);
        let of_key = of_key.copied().unwrap_or_default();
        let half = Load {
            transactions: self.share.transactions / 2,
            bytes: self.share.bytes / 2,
        };
        home.load.with(transaction).is_within(self.share)
            && of_key.with(transaction).is_within(half)
    }

    pub(crate) fn contains(&self, id: &TransactionId) -> bool {
        self.arrivals.contains_key(id)
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = TransactionId> + '_ {
        self.arrivals.keys().copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.arrivals.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.arrivals.is_empty()
    }

    /// Whether some wait that this node told the others, or the primary, of.
    pub(crate) const fn has_told(&self) -> bool {
        self.told > 0
    }

    /// What a block holds: of the homes in turn the oldest, `most` at most. Turns go on after the home
    /// that was served last. A home whose oldest does not fit beside the others waits for the next block.
    pub(crate) fn batch(&mut self, most: usize) -> Vec<Transaction> {
        let limit = Load {
            transactions: most.min(LIMIT_OF_BATCH.transactions),
            ..LIMIT_OF_BATCH
        };
        let after = self.served.map_or(Bound::Unbounded, Bound::Excluded);
        let later = self.homes.range((after, Bound::Unbounded));
        let before = self.homes.iter();
        let before = before.take_while(|(home, _)| Some(**home) <= self.served);
        let mut homes: Vec<_> = later
            .chain(before)
            .map(|(id, home)| {
                let oldest = home.waiting.values().map(|waiting| &waiting.transaction);
                (*id, oldest)
            })
            .collect();
        let (mut load, mut batch) = (Load::default(), Vec::new());
        let mut served = self.served;
        while !homes.is_empty() {
            homes.retain_mut(|(id, oldest)| {
                let Some(transaction) = oldest.next() else {
                    return false;
                };
                let with = load.with(transaction);
                if !with.is_within(limit) {
                    return false;
                }
                load = with;
                served = Some(*id);
                batch.push(transaction.clone());
                true
            });
        }
        self.served = served;
        batch
    }

    /// Removes transactions that a block ordered.
    pub(crate) fn remove(&mut self, ordered: impl IntoIterator<Item = TransactionId>) {
        for id in ordered {
            let Some(Arrival { home: id, number }) = self.arrivals.remove(&id) else {
                continue;
            };
            let Some(home) = self.homes.get_mut(&id) else {
                continue;
            };
            if let Some(gone) = home.remove(number) {
                self.told -= usize::from(gone.told);
            }
            if home.waiting.is_empty() {
                self.homes.remove(&id);
            }
        }
    }

    /// Returns transactions last sent before `before`, the longest ago first and of the homes in turn, up
    /// to [`LIMIT_OF_REBROADCAST`], and notes that they are sent at `now_ms`.
    pub(crate) fn due(&mut self, before: u64, now_ms: u64) -> Vec<Transaction> {
        let mut stale = Vec::new();
        for home in self.homes.values_mut() {
            let of_home = home.waiting.values_mut();
            let mut of_home: Vec<_> = of_home
                .filter(|waiting| waiting.last_sent < before)
                .collect();
            of_home.sort_by_key(|waiting| waiting.last_sent);
            stale.extend(of_home.into_iter().enumerate());
        }
        // Stable: in each round the homes in order.
        stale.sort_by_key(|(round, _)| *round);
        let transactions = stale.iter().map(|(_, waiting)| &waiting.transaction);
        let again: Vec<_> = LIMIT_OF_REBROADCAST
            .first_of(transactions)
            .cloned()
            .collect();
        for (_, waiting) in stale.iter_mut().take(again.len()) {
            waiting.last_sent = now_ms;
            self.told += usize::from(!waiting.told);
            waiting.told = true;
        }
        again
    }
}

impl Home {
    fn add(&mut self, number: u64, waiting: Waiting) {
        let transaction = &waiting.transaction;
        self.load = self.load.with(transaction);
        let load = self.loads.entry(transaction.key).or_default();
        *load = load.with(transaction);
        self.waiting.insert(number, waiting);
    }

    fn remove(&mut self, number: u64) -> Option<Waiting> {
        let gone = self.waiting.remove(&number)?;
        let transaction = &gone.transaction;
        self.load = self.load.without(transaction);
        if let Some(load) = self.loads.get_mut(&transaction.key) {
            *load = load.without(transaction);
            if load.transactions == 0 {
                self.loads.remove(&transaction.key);
            }
        }
        Some(gone)
    }
}

/// A number of transactions and an upper bound of their encoded length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
mod tests;
