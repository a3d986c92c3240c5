//! A bounded cache of hashed points.

use sha2::{Digest, Sha256};

use super::hash_each_to_g1;
use crate::G1Affine;
use crate::recent::RecentCache;

/// A cache of hashed points under one domain-separation tag, which keeps recently used ones.
///
/// It holds at most `capacity` points of about 140 bytes each: the last capacity/2 different messages
/// are always cached ([`RecentCache`]). Messages are identified by their SHA-256, on which hashing to
/// G1 rests as well.
///
/// Threads share it. Points are computed outside its lock, by two threads at once if both miss.
///
/// # Security
/// Timing reveals whether a message was hashed recently, and depends on the message as it does
/// without a cache: for public messages only.
#[derive(Debug)]
pub struct HashCache {
    dst: &'static [u8],
    points: RecentCache<[u8; 32], G1Affine>,
}

impl HashCache {
    /// An empty cache of at most `capacity` points under `dst`. A capacity below 2 caches nothing.
    #[must_use]
    pub const fn new(dst: &'static [u8], capacity: usize) -> Self {
        Self {
            dst,
            points: RecentCache::new(capacity),
        }
    }

    /// Maximum number of points.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.points.capacity()
    }

    /// [`hash_to_g1`](super::hash_to_g1) of every message, in order. Cost: a SHA-256
    /// and a look-up for each cached message, and [`hash_each_to_g1`] for the others.
    pub fn hash_each_to_g1<M: AsRef<[u8]>>(&self, messages: &[M]) -> Vec<G1Affine> {
        if self.capacity() < 2 {
            return hash_each_to_g1(self.dst, messages);
        }
        let messages = messages.iter().map(AsRef::as_ref);
        let named = messages.map(|message| (Sha256::digest(message).into(), message));
        let named: Vec<([u8; 32], &[u8])> = named.collect();
        let found = self.points.find_each(named.iter().map(|(name, _)| *name));
        let missing = named.iter().zip(&found);
        let missing = missing.filter(|(_, found)| found.is_none());
        let (names, messages): (Vec<_>, Vec<_>) = missing.map(|(named, _)| *named).unzip();
        let hashed = hash_each_to_g1(self.dst, &messages);
        if !hashed.is_empty() {
            let points = names.into_iter().zip(&hashed);
            self.points
                .insert_each(points.map(|(name, point)| (name, *point, 1)));
        }
        let mut hashed = hashed.into_iter();
        let points = found.into_iter();
        points
            .filter_map(|point| point.or_else(|| hashed.next()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::hash_to_g1;

    const DST: &[u8] = b"MEDSHARE-TEST-V01-CS01-with-BLS12381G1_XMD:SHA-256_SSWU_RO_";

    fn is_held(cache: &HashCache, message: &[u8]) -> bool {
        cache.points.find(Sha256::digest(message).into()).is_some()
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
        assert!(!is_held(&cache, b"x"));
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
        assert!((0..8u8).all(|message| is_held(&cache, &[message])));
    }
}
