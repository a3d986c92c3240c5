//! Commitments of deals that this process has found good.
//!
//! A member needs each deal's points when the deal is posted, when it opens its share of it and when
//! the key is added up, and members in one process need the same ones.

use medshare_curve::recent::RecentCache;
use medshare_curve::{G2Projective, polynomial};
use medshare_types::Digest;

type Commitments = polynomial::Commitments<G2Projective>;

/// Points of all deals together: at most 10 MB, and those of 150 holders.
const CAPACITY: usize = 1 << 15;

/// The deals of all ceremonies in this process.
pub(super) static CHECKED: CheckedDeals = CheckedDeals(RecentCache::new(CAPACITY));

/// Commitments by the digest of the whole deal, weighed by their points.
#[derive(Debug)]
pub(super) struct CheckedDeals(RecentCache<Digest, Commitments>);

impl CheckedDeals {
    /// The commitments of a deal that was found good.
    pub(super) fn find(&self, deal: &Digest) -> Option<Commitments> {
        self.0.find(*deal)
    }

    /// Notes a deal that was found good.
    pub(super) fn insert(&self, deal: Digest, commitments: Commitments) {
        let points = commitments.elements().len();
        self.0.insert_each([(deal, commitments, points)]);
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
    fn points_are_bounded_and_not_deals() {
        let cache = CheckedDeals(RecentCache::new(16));
        cache.insert(deal(1), of(8));
        assert_eq!(cache.find(&deal(1)), Some(of(8)));
        cache.insert(deal(2), of(9));
        assert_eq!(cache.find(&deal(2)), None);
        for number in 3..6 {
            cache.insert(deal(number), of(8));
        }
        assert_eq!(
            cache.find(&deal(1)),
            None,
            "two others take all of the room"
        );
        assert_eq!(cache.find(&deal(5)), Some(of(8)));
    }
}
