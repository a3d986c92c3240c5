//! A bounded cache of what was used last.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A cache that threads share and that keeps recently used values.
///
/// Each value has a weight, and all together weigh at most the capacity. There are two generations: a
/// used value is in the young one, which replaces the old one at half of the capacity. So values of
/// that weight together that were used last are always held. A value of more than half of the capacity
/// is not kept.
///
/// Values are cloned out. Callers compute missing ones outside the lock, two at once if both miss.
#[derive(Debug)]
pub struct RecentCache<K, V> {
    capacity: usize,
    generations: Mutex<Generations<K, V>>,
}

#[derive(Debug)]
struct Generations<K, V> {
    young: Generation<K, V>,
    old: Generation<K, V>,
}

#[derive(Debug)]
struct Generation<K, V> {
    entries: BTreeMap<K, Entry<V>>,
    weight: usize,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    weight: usize,
}

impl<K: Ord, V: Clone> RecentCache<K, V> {
    /// An empty cache, without an allocation.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self {
            capacity,
            generations: Mutex::new(Generations {
                young: Generation::EMPTY,
                old: Generation::EMPTY,
            }),
        }
    }

    /// The most that values weigh together.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// The values that are held, in the order of the keys. Takes the lock once.
    pub fn find_each(&self, keys: impl IntoIterator<Item = K>) -> Vec<Option<V>> {
        let mut generations = self.lock();
        let half = self.capacity / 2;
        let keys = keys.into_iter();
        keys.map(|key| generations.find(key, half)).collect()
    }

    /// The value that is held for a key.
    pub fn find(&self, key: K) -> Option<V> {
        self.lock().find(key, self.capacity / 2)
    }

    /// Adds values, each with its weight. Takes the lock once.
    pub fn insert_each(&self, entries: impl IntoIterator<Item = (K, V, usize)>) {
        let mut generations = self.lock();
        for (key, value, weight) in entries {
            generations.insert(key, Entry { value, weight }, self.capacity / 2);
        }
    }

    /// Ignores poisoning: every step leaves the cache consistent.
    fn lock(&self) -> MutexGuard<'_, Generations<K, V>> {
        self.generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Ord, V: Clone> Generations<K, V> {
    fn find(&mut self, key: K, half: usize) -> Option<V> {
        if let Some(entry) = self.young.entries.get(&key) {
            return Some(entry.value.clone());
        }
        let entry = self.old.take(&key)?;
        let value = entry.value.clone();
        self.insert(key, entry, half);
        Some(value)
    }

    fn insert(&mut self, key: K, entry: Entry<V>, half: usize) {
        // Another thread may have inserted the same key since it was not found.
        if entry.weight > half || self.young.entries.contains_key(&key) {
            return;
        }
        if self.young.weight + entry.weight > half {
            self.old = core::mem::replace(&mut self.young, Generation::EMPTY);
        }
        let _ = self.old.take(&key);
        self.young.weight += entry.weight;
        self.young.entries.insert(key, entry);
    }
}

impl<K: Ord, V> Generation<K, V> {
    const EMPTY: Self = Self {
        entries: BTreeMap::new(),
        weight: 0,
    };

    fn take(&mut self, key: &K) -> Option<Entry<V>> {
        let entry = self.entries.remove(key)?;
        self.weight -= entry.weight;
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every key is held once, and the weights are those of what is held.
    fn check(cache: &RecentCache<u64, u64>) {
        let held = cache.lock();
        let (young, old) = (&held.young, &held.old);
        let twice = young
            .entries
            .keys()
            .find(|key| old.entries.contains_key(key));
        assert_eq!(twice, None);
        for generation in [young, old] {
            let weights = generation.entries.values().map(|entry| entry.weight);
            assert_eq!(weights.sum::<usize>(), generation.weight);
            assert!(generation.weight <= cache.capacity / 2);
        }
    }

    fn insert(cache: &RecentCache<u64, u64>, key: u64, weight: usize) {
        cache.insert_each([(key, key, weight)]);
        check(cache);
    }

    #[test]
    fn what_is_used_stays_and_weights_are_bounded() {
        let cache = RecentCache::new(16);
        for key in 1..40 {
            insert(&cache, 0, 3);
            insert(&cache, key, 2);
            assert_eq!(cache.find(0), Some(0));
            check(&cache);
        }
        assert_eq!(cache.find_each([39, 1]), [Some(39), None]);
    }

    #[test]
    fn a_value_beyond_half_of_the_capacity_is_not_kept() {
        let cache = RecentCache::new(16);
        insert(&cache, 1, 2);
        insert(&cache, 2, 9);
        assert_eq!(cache.find_each([1, 2]), [Some(1), None]);
        let none = RecentCache::new(1);
        insert(&none, 1, 1);
        assert_eq!(none.find(1), None);
    }

    /// What two threads do that both miss a key.
    #[test]
    fn a_key_that_is_inserted_twice_is_held_once() {
        let cache = RecentCache::new(8);
        for key in [1, 2, 2, 1, 3, 1, 3, 2] {
            insert(&cache, key, 1);
        }
        assert_eq!(cache.find_each([1, 2, 3]), [Some(1), Some(2), Some(3)]);
        check(&cache);
    }

    #[test]
    fn threads_that_race_leave_it_consistent() {
        let cache = RecentCache::new(12);
        let start = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (cache, start) = (&cache, &start);
                scope.spawn(move || {
                    start.wait();
                    for step in 0..4_000u64 {
                        let key = (step * (thread % 2 + 1)) % 9;
                        if cache.find(key).is_none() {
                            std::thread::yield_now();
                            insert(cache, key, 1 + usize::from(key % 2 == 0));
                        }
                        assert!(cache.find(key).is_none_or(|value| value == key));
                    }
                });
            }
        });
    }
}
