//! Commitments of deals that this process has found good.
//!
//! A member needs each deal's points when the deal is posted, when it opens its share of it and when
//! the key is added up, and members in one process need the same ones.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use medshare_curve::{G2Projective, polynomial};
use medshare_types::Digest;

type Commitments = polynomial::Commitments<G2Projective>;

/// Points of all deals together: at most 10 MB, and those of 150 holders.
const CAPACITY: usize = 1 << 15;

/// The deals of all ceremonies in this process.
pub(super) static CHECKED: CheckedDeals = CheckedDeals::new(CAPACITY);

/// A bounded cache by the digest of the whole deal, in two generations: a deal that is used is in the
/// young one, which replaces the old one at half of the capacity.
#[derive(Debug)]
pub(super) struct CheckedDeals {
    capacity: usize,
    generations: Mutex<Generations>,
}

#[derive(Debug)]
struct Generations {
    young: Generation,
    old: Generation,
}

#[derive(Debug)]
struct Generation {
    deals: BTreeMap<Digest, Commitments>,
    points: usize,
}

impl CheckedDeals {
    const fn new(capacity: usize) -> Self {
        Self {
            capacity,
            generations: Mutex::new(Generations {
                young: Generation::EMPTY,
                old: Generation::EMPTY,
            }),
        }
    }

    /// The commitments of a deal that was found good.
    pub(super) fn find(&self, deal: &Digest) -> Option<Commitments> {
        let mut generations = self.lock();
        if let Some(commitments) = generations.young.deals.get(deal) {
            return Some(commitments.clone());
        }
        let commitments = generations.old.take(deal)?;
        generations.insert(*deal, commitments.clone(), self.capacity / 2);
        Some(commitments)
    }

    /// Notes a deal that was found good.
    pub(super) fn insert(&self, deal: Digest, commitments: Commitments) {
        self.lock().insert(deal, commitments, self.capacity / 2);
    }

    /// Ignores poisoning: every step leaves the cache consistent.
    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn insert(&mut self, deal: Digest, commitments: Commitments, half: usize) {
        let points = commitments.elements().len();
        // Another thread may have inserted the same deal since it was not found.
        if points > half || self.young.deals.contains_key(&deal) {
            return;
        }
        if self.young.points + points > half {
            self.old = core::mem::replace(&mut self.young, Generation::EMPTY);
        }
        let _ = self.old.take(&deal);
        self.young.deals.insert(deal, commitments);
        self.young.points += points;
    }
}

impl Generation {
    const EMPTY: Self = Self {
        deals: BTreeMap::new(),
        points: 0,
    };

    fn take(&mut self, deal: &Digest) -> Option<Commitments> {
        let commitments = self.deals.remove(deal)?;
        self.points -= commitments.elements().len();
        Some(commitments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use medshare_curve::pairing::g2;
    use medshare_types::hash;

    fn deal(number: u8) -> Digest {
        hash::digest("medshare/threshold/test-deal/v1", &[&[number]])
    }

    fn of(points: usize) -> Commitments {
        Commitments::new(vec![g2().into(); points])
    }

    #[test]
    fn what_is_used_stays_and_the_points_are_bounded() {
        let cache = CheckedDeals::new(16);
        for number in 1..40 {
            cache.insert(deal(0), of(3));
            cache.insert(deal(number), of(2));
            assert_eq!(cache.find(&deal(0)), Some(of(3)));
            let held = cache.lock();
            let all = held.young.deals.values().chain(held.old.deals.values());
            let points: usize = all.map(|commitments| commitments.elements().len()).sum();
            assert_eq!(points, held.young.points + held.old.points);
            assert!(points <= 16, "{points}");
        }
        assert_eq!(cache.find(&deal(39)), Some(of(2)));
        assert_eq!(cache.find(&deal(1)), None);
    }

    #[test]
    fn a_deal_beyond_the_capacity_is_not_kept() {
        let cache = CheckedDeals::new(16);
        cache.insert(deal(1), of(2));
        cache.insert(deal(2), of(9));
        assert_eq!(cache.find(&deal(2)), None);
        assert_eq!(cache.find(&deal(1)), Some(of(2)));
    }
}
