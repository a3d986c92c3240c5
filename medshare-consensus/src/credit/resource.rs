//! What organisations contribute to the consortium besides votes.

use std::collections::{BTreeMap, BTreeSet};

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::id::ReplicaId;

/// Challenges over segments that are placed on one organisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Challenges {
    /// Drawn, over the last f + 1 epochs.
    pub asked: u64,
    /// Those of them that were answered in time.
    pub answered: u64,
}

/// What the chain records of contributions, f being the faults that the committee tolerates.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ResourceFacts {
    /// By organisation, over f + 1 epochs; absent or never asked: nothing is placed on it.
    pub challenges: BTreeMap<ReplicaId, Challenges>,
    /// Bytes served, by server and counterparty, by receipts that both have signed.
    pub served: BTreeMap<(ReplicaId, ReplicaId), u64>,
    /// Probes answered, per mille, by the organisation probed and the member that probed it.
    pub probes: BTreeMap<(ReplicaId, ReplicaId), u16>,
}

/// How much each kind of contribution counts; only the ratios matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceWeights {
    /// Data that can be produced when asked for.
    pub storage: u32,
    /// Bytes delivered to others.
    pub served: u32,
    /// Share of probes that were answered.
    pub uptime: u32,
}

impl Default for ResourceWeights {
    fn default() -> Self {
        Self {
            storage: 400,
            served: 250,
            uptime: 350,
        }
    }
}

/// C29: the resource score of each organisation, per mille: its contributions by `weights`, where
/// `faulty` organisations may lie. It decides between candidates for a seat, never how a vote counts.
///
/// Where nothing is known of an organisation it gets the median of those of which something is.
/// Answered challenges show that data can be produced, not that it is kept.
///
/// Cost: O(p log p) for p recorded pairs.
#[must_use]
pub fn resource_scores(
    organisations: &BTreeSet<ReplicaId>,
    facts: &ResourceFacts,
    weights: &ResourceWeights,
    faulty: usize,
) -> BTreeMap<ReplicaId, u16> {
    let storage = shares(organisations, |id| stored(facts.challenges.get(&id)));
    let served = served_shares(organisations, &facts.served, faulty);
    let probes = by_first(&facts.probes);
    let uptime = shares(organisations, |id| up(probes.get(&id)?, faulty));
    let kinds = [
        (&storage, weights.storage),
        (&served, weights.served),
        (&uptime, weights.uptime),
    ];
    let total: u64 = kinds.iter().map(|(_, weight)| u64::from(*weight)).sum();
    let score = |id: &ReplicaId| {
        let part = |(shares, weight): &(&Shares, u32)| {
            u64::from(*weight) * u64::from(shares.get(id).copied().unwrap_or(0))
        };
        per_mille(kinds.iter().map(part).sum(), total * 1000)
    };
    organisations.iter().map(|id| (*id, score(id))).collect()
}

/// Per mille, by organisation.
type Shares = BTreeMap<ReplicaId, u16>;

/// `part` of `whole`, at most 1000; 1000 of nothing.
fn per_mille(part: u64, whole: u64) -> u16 {
    let share = u128::from(part.min(whole)) * 1000;
    let share = share.checked_div(whole.into()).unwrap_or(1000);
    #[expect(clippy::expect_used, reason = "a part of the whole")]
    u16::try_from(share).expect("at most 1000")
}

/// The lower median: with f liars among 2f + 1 or more values it is at least the lowest and at most
/// the highest honest one.
fn median<T: Ord + Copy>(mut values: Vec<T>) -> Option<T> {
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied()
}

/// C30: what is measured of organisations, and the median of it for the others; 1000 where nothing is
/// measured at all.
fn shares(
    organisations: &BTreeSet<ReplicaId>,
    measure: impl Fn(ReplicaId) -> Option<u16>,
) -> Shares {
    let measured: Vec<_> = organisations.iter().map(|id| (*id, measure(*id))).collect();
    let known = measured.iter().filter_map(|(_, share)| *share).collect();
    let others = median(known).unwrap_or(1000);
    measured
        .into_iter()
        .map(|(id, share)| (id, share.unwrap_or(others)))
        .collect()
}

/// C31: the share of challenges answered in time.
fn stored(challenges: Option<&Challenges>) -> Option<u16> {
    let challenges = challenges.filter(|of| of.asked > 0)?;
    Some(per_mille(challenges.answered, challenges.asked))
}

/// C32: the median of the probes of at least 2f + 1 members, the organisation itself not among them.
fn up(probes: &[(ReplicaId, u16)], faulty: usize) -> Option<u16> {
    let answered: Vec<_> = probes.iter().map(|(_, share)| *share.min(&1000)).collect();
    median(answered).filter(|_| probes.len() > 2 * faulty)
}

/// C33: bytes served, without the f counterparties that took the most, each other one counted up to
/// the median of all pairs; of the median over all organisations, at most 1000.
fn served_shares(
    organisations: &BTreeSet<ReplicaId>,
    served: &BTreeMap<(ReplicaId, ReplicaId), u64>,
    faulty: usize,
) -> Shares {
    let is_known = |id: &ReplicaId| organisations.contains(id);
    let pairs: BTreeMap<_, _> = served
        .iter()
        .filter(|((server, taker), bytes)| {
            server != taker && is_known(server) && is_known(taker) && **bytes > 0
        })
        .map(|(pair, bytes)| (*pair, *bytes))
        .collect();
    let most_per_pair = median(pairs.values().copied().collect()).unwrap_or(0);
    let by_server = by_first(&pairs);
    let volume = |id: &ReplicaId| {
        let mut bytes: Vec<_> = by_server.get(id).into_iter().flatten().collect();
        bytes.sort_unstable_by_key(|(_, bytes)| core::cmp::Reverse(*bytes));
        let left = bytes.into_iter().skip(faulty);
        left.fold(0u64, |sum, (_, bytes)| {
            sum.saturating_add(*bytes.min(&most_per_pair))
        })
    };
    let volumes: BTreeMap<_, _> = organisations.iter().map(|id| (*id, volume(id))).collect();
    let enough = median(volumes.values().copied().collect()).unwrap_or(0);
    volumes
        .into_iter()
        .map(|(id, volume)| (id, per_mille(volume, enough)))
        .collect()
}

/// Values of pairs by their first, without pairs of one with itself.
fn by_first<T: Copy>(
    pairs: &BTreeMap<(ReplicaId, ReplicaId), T>,
) -> BTreeMap<ReplicaId, Vec<(ReplicaId, T)>> {
    let mut by_first: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for ((first, second), value) in pairs.iter().filter(|((a, b), _)| a != b) {
        by_first.entry(*first).or_default().push((*second, *value));
    }
    by_first
}

#[cfg(test)]
mod tests {
    use super::*;

    /// f of a committee of seven.
    const FAULTY: usize = 2;
    const MB: u64 = 1_000_000;

    fn organisations() -> BTreeSet<ReplicaId> {
        (0..10).map(ReplicaId).collect()
    }

    fn pairs<T>(value: impl Fn(u16, u16) -> T) -> BTreeMap<(ReplicaId, ReplicaId), T> {
        let ids = 0..10u16;
        let pairs = ids.clone().flat_map(|a| ids.clone().map(move |b| (a, b)));
        pairs
            .map(|(a, b)| ((ReplicaId(a), ReplicaId(b)), value(a, b)))
            .collect()
    }

    /// Ten organisations that answer 9 of 10 challenges, serve 1 MB to each other one, and answer 950
    /// of 1000 probes.
    fn honest() -> ResourceFacts {
        let challenges = Challenges {
            asked: 30,
            answered: 27,
        };
        ResourceFacts {
            challenges: organisations()
                .into_iter()
                .map(|id| (id, challenges))
                .collect(),
            served: pairs(|_, _| MB),
            probes: pairs(|_, _| 950),
        }
    }

    fn scores(facts: &ResourceFacts) -> Vec<u16> {
        let weights = ResourceWeights::default();
        let scores = resource_scores(&organisations(), facts, &weights, FAULTY);
        scores.into_values().collect()
    }

    #[test]
    fn the_parts_count_by_their_weights() {
        // 0.4 · 900 + 0.25 · 1000 + 0.35 · 950
        assert_eq!(scores(&honest()), [942; 10]);
        let only_uptime = ResourceWeights {
            storage: 0,
            served: 0,
            uptime: 7,
        };
        let only = resource_scores(&organisations(), &honest(), &only_uptime, FAULTY);
        assert_eq!(only[&ReplicaId(3)], 950);
        let nothing = ResourceFacts::default();
        assert_eq!(scores(&nothing), [1000; 10], "all alike");
    }

    #[test]
    fn an_organisation_with_nothing_placed_on_it_gets_the_median() {
        let mut facts = honest();
        facts.challenges.remove(&ReplicaId(0));
        let none = Challenges::default();
        facts.challenges.insert(ReplicaId(1), none);
        let silent = Challenges {
            asked: 30,
            answered: 0,
        };
        facts.challenges.insert(ReplicaId(2), silent);
        let scores = scores(&facts);
        assert_eq!(scores[..4], [942, 942, 582, 942]);
    }

    #[test]
    fn volume_beyond_the_median_counts_for_nothing() {
        let mut facts = honest();
        facts.served = pairs(|server, _| if server == 0 { 1_000 * MB } else { MB });
        assert_eq!(
            scores(&facts),
            [942; 10],
            "it does not take every free seat"
        );
        facts.served = pairs(|server, _| if server == 0 { MB / 2 } else { MB });
        assert_eq!(scores(&facts)[..2], [817, 942]);
    }

    #[test]
    fn colluding_pairs_gain_nothing() {
        // 0, 1 and 2 serve honest organisations half as much as others do, and sign terabytes for each
        // other; f + 1 of them, one more than the bound.
        let friends = |a: u16, b: u16| a < 3 && b < 3;
        let half = |server: u16| if server < 3 { MB / 2 } else { MB };
        let mut facts = honest();
        facts.served = pairs(|server, taker| {
            if friends(server, taker) {
                1_000_000 * MB
            } else {
                half(server)
            }
        });
        let colluding = scores(&facts);
        let sum = |id: u16| -> u64 {
            let of = facts
                .served
                .iter()
                .filter(|((server, _), _)| server.0 == id);
            of.map(|(_, bytes)| *bytes).sum()
        };
        assert!(sum(0) > sum(3), "the plain sum ranks them first");
        assert_eq!(colluding[..4], [817, 817, 817, 942]);
        // Without receipts of friends two honest pairs are dropped: as many count in both cases.
        facts.served = pairs(|server, _| half(server));
        assert_eq!(scores(&facts), colluding);
    }

    #[test]
    fn one_pair_counts_no_more_than_a_usual_one() {
        // Served by 0: terabytes to three friends, one more than are dropped, and nothing to others.
        let mut facts = honest();
        facts.served = pairs(|server, taker| match (server, taker) {
            (0, 1..=3) => 1_000_000 * MB,
            (0, _) => 0,
            _ => MB,
        });
        // One pair of seven: 0.25 · 142 for 0.25 · 1000.
        assert_eq!(scores(&facts)[..2], [728, 942]);
    }

    #[test]
    fn receipts_of_one_with_itself_or_with_strangers_do_not_count() {
        let mut facts = honest();
        facts.served = pairs(|server, taker| match server {
            0 if server == taker => u64::MAX,
            0 => 0,
            _ => MB,
        });
        for stranger in 50..90 {
            facts.served.insert((ReplicaId(0), ReplicaId(stranger)), MB);
        }
        assert_eq!(scores(&facts)[..2], [692, 942]);
    }

    #[test]
    fn f_lying_probers_move_no_median() {
        for lie in [0, 1000, u16::MAX] {
            let mut facts = honest();
            // 2f + 1 members probe, the first f of them lie.
            facts.probes = pairs(|_, prober| if prober < 2 { lie } else { 950 });
            facts.probes.retain(|(_, prober), _| prober.0 < 5);
            facts.probes.retain(|(probed, _), _| probed.0 > 4);
            assert_eq!(scores(&facts)[5..], [942; 5], "{lie}");
        }
    }

    #[test]
    fn too_few_probers_say_nothing() {
        let mut facts = honest();
        facts.probes = pairs(|probed, _| if probed == 0 { 1000 } else { 950 });
        facts
            .probes
            .retain(|(probed, prober), _| probed.0 > 0 || (5..9).contains(&prober.0));
        assert_eq!(scores(&facts)[0], 942, "the median of the others");
        facts.probes.insert((ReplicaId(0), ReplicaId(9)), 1000);
        assert_eq!(scores(&facts)[0], 960);
        facts.probes.remove(&(ReplicaId(0), ReplicaId(9)));
        facts.probes.insert((ReplicaId(0), ReplicaId(0)), 1000);
        assert_eq!(scores(&facts)[0], 942, "its own probe does not count");
    }
}
