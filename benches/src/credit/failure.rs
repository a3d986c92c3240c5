//! How often a committee that is drawn from a pool has more faulty members than it tolerates.

use medshare_types::committee::Quorum;

/// The probability that more than f of `seats` members are among the `byzantine` of `pool`, where the
/// members are drawn without choice: the upper tail of the hypergeometric distribution.
pub(crate) fn failure_probability(pool: u64, byzantine: u64, seats: u64) -> f64 {
    let tolerated = Quorum::of(usize::try_from(seats).unwrap_or(usize::MAX)).faulty() as u64;
    let honest = pool - byzantine;
    let draws = (tolerated + 1..=seats.min(byzantine))
        .filter(|faulty| seats - faulty <= honest)
        .map(|faulty| choose(byzantine, faulty) * choose(honest, seats - faulty));
    draws.sum::<f64>() / choose(pool, seats)
}

/// The binomial coefficient of n over k.
fn choose(n: u64, k: u64) -> f64 {
    (0..k).fold(1.0, |product, i| product * (n - i) as f64 / (i + 1) as f64)
}
