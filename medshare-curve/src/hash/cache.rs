//! A bounded cache of hashed points.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::hash_each_to_g1;
use crate::G1Affine;

/// A cache of hashed points under one domain-separation tag, which keeps recently used ones.
///
/// It holds at most `capacity` points of about 140 bytes each, in two generations: a used point is
/// in the young generation. When that reaches half the capacity, it replaces the old generation. So
/// the last capacity/2 different messages are always cached. Messages are identified by their
/// SHA-256, on which hashing to G1 rests as well.
///
/// Threads share it. Points are computed outside its lock, by two threads at once if both miss.
///
/// # Security
/// Timing reveals whether a message was hashed recently, and depends on the message as it does
/// without a cache: for public messages only.
#[derive(Debug)]
pub struct HashCache {
    dst: &'static [u8],
    capacity: usize,
    generations: Mutex<Generations>,
}

type Points = BTreeMap<[u8; 32], G1Affine>;

#[derive(Debug, Default)]
struct Generations {
    young: Points,
    old: Points,
}

impl HashCache {
    /// An empty cache of at most `capacity` points under `dst`. A capacity below 2 caches nothing.
    #[must_use]
    pub const fn new(dst: &'static [u8], capacity: usize) -> Self {
        Self {
            dst,
            capacity,
            generations: Mutex::new(Generations {
                young: BTreeMap::new(),
                old: BTreeMap::new(),
            }),
        }
    }

    /// Maximum number of points.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// [`hash_to_g1`](super::hash_to_g1) of every message, in order. Cost: a SHA-256
    /// and a look-up for each cached message, and [`hash_each_to_g1`] for the others.
    pub fn hash_each_to_g1<M: AsRef<[u8]>>(&self, messages: &[M]) -> Vec<G1Affine> {
        let half = self.capacity / 2;
        if half == 0 {
            return hash_each_to_g1(self.dst, messages);
        }
        let messages = messages.iter().map(AsRef::as_ref);
        let named = messages.map(|message| (Sha256::digest(message).into(), message));
        let named: Vec<([u8; 32], &[u8])> = named.collect();
        let found: Vec<_> = {
            let mut generations = self.lock();
            let find = |(name, _): &([u8; 32], _)| generations.find(name, half);
            named.iter().map(find).collect()
        };
        let missing = named.iter().zip(&found);
        let missing = missing.filter(|(_, found)| found.is_none());
        let (names, messages): (Vec<_>, Vec<_>) = missing.map(|(named, _)| *named).unzip();
        let hashed = hash_each_to_g1(self.dst, &messages);
        if !hashed.is_empty() {
            let mut generations = self.lock();
            for (name, point) in names.into_iter().zip(&hashed) {
                generations.insert(name, *point, half);
            }
        }
        let mut hashed = hashed.into_iter();
        let points = found.into_iter();
        points
            .filter_map(|point| point.or_else(|| hashed.next()))
            .collect()
    }

    /// Ignores poisoning: the cache is consistent after every step.
    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn find(&mut self, name: &[u8; 32], half: usize) -> Option<G1Affine> {
        if let Some(point) = self.young.get(name) {
            return Some(*point);
        }
        let point = self.old.remove(name)?;
        self.insert(*name, point, half);
        Some(point)
    }

    /// Another thread may have inserted the same point since it was not found.
    fn insert(&mut self, name: [u8; 32], point: G1Affine, half: usize) {
        if self.young.contains_key(&name) {
            return;
        }
        if self.young.len() >= half {
            self.old = core::mem::take(&mut self.young);
        }
        self.old.remove(&name);
        self.young.insert(name, point);
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::hash_to_g1;

    const DST: &[u8] = b"MEDSHARE-TEST-V01-CS01-with-BLS12381G1_XMD:SHA-256_SSWU_RO_";

    fn is_held(cache: &HashCache, message: &[u8]) -> bool {
        let name: [u8; 32] = Sha256::digest(message).into();
        let generations = cache.lock();
        generations.young.contains_key(&name) || generations.old.contains_key(&name)
    }

    #[test]
    fn points_are_those_without_a_cache() {
        let messages: Vec<[u8; 1]> = [0, 1, 2, 0, 3, 4, 5, 1, 0].map(|byte| [byte]).to_vec();
        let expected: Vec<_> = messages.iter().map(|m| hash_to_g1(DST, m)).collect();
        for capacity in [0, 1, 2, 5, 64] {
            let cache = HashCache::new(DST, capacity);
            for chunk in [1, 2, 9] {
                let points = messages.chunks(chunk);
                let points: Vec<_> = points.flat_map(|m| cache.hash_each_to_g1(m)).collect();
                assert_eq!(points, expected);
                assert!(cache.lock().len() <= capacity, "capacity {capacity}");
            }
        }
    }

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let cache = HashCache::new(DST, 8);
        for message in 1..20u8 {
            let _ = cache.hash_each_to_g1(&[[0], [message]]);
        }
        assert!(is_held(&cache, &[0]));
        assert!((17..20u8).all(|message| is_held(&cache, &[message])));
        assert!(!(1..10u8).any(|message| is_held(&cache, &[message])));
    }

    #[test]
    fn nothing_is_kept_without_capacity() {
        let cache = HashCache::new(DST, 0);
        assert_eq!(cache.hash_each_to_g1(&[b"x"]), [hash_to_g1(DST, b"x")]);
        assert_eq!(cache.lock().len(), 0);
    }

    #[test]
    fn a_point_that_two_threads_insert_is_held_once() {
        let mut generations = Generations::default();
        for name in [1, 2, 2, 1, 3, 1] {
            let point = hash_to_g1(DST, &[name]);
            generations.insert([name; 32], point, 2);
        }
        assert_eq!(generations.len(), 3);
    }

    #[test]
    fn threads_share_it() {
        let cache = HashCache::new(DST, 16);
        let expected: Vec<_> = (0..8u8)
            .map(|message| hash_to_g1(DST, &[message]))
            .collect();
        std::thread::scope(|scope| {
            for start in 0..4u8 {
                let cache = &cache;
                let expected = &expected;
                scope.spawn(move || {
                    for message in (0..8u8).map(|i| (start + i) % 8) {
                        let points = cache.hash_each_to_g1(&[[message]]);
                        assert_eq!(points, [expected[usize::from(message)]]);
                    }
                });
            }
        });
        assert_eq!(cache.lock().len(), 8);
    }
}
