//! Resource scores, after C29 to C33 of `docs/spec/credit.md`.

use std::collections::BTreeMap;

use medshare_types::id::ReplicaId;

use super::facts::Contributions;

/// Per mille, of every organisation.
pub(super) fn resource_scores(
    all: &[ReplicaId],
    contributions: &Contributions,
    faulty: usize,
) -> BTreeMap<ReplicaId, u128> {
    let storage = with_median(all, |id| stored(contributions, id));
    let uptime = with_median(all, |id| up(contributions, id, faulty));
    let served = served(all, contributions, faulty);
    let score = |id: &ReplicaId| (400 * storage[id] + 250 * served[id] + 350 * uptime[id]) / 1000;
    all.iter().map(|id| (*id, score(id))).collect()
}

/// The lower one of two in the middle.
fn median(mut values: Vec<u128>) -> Option<u128> {
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied()
}

/// C30: what is known, and the median of it for others.
fn with_median(
    all: &[ReplicaId],
    of: impl Fn(ReplicaId) -> Option<u128>,
) -> BTreeMap<ReplicaId, u128> {
    let known: Vec<_> = all.iter().filter_map(|id| of(*id)).collect();
    let others = median(known).unwrap_or(1000);
    let share = |id: &ReplicaId| (*id, of(*id).unwrap_or(others));
    all.iter().map(share).collect()
}

/// C31: challenges answered in time.
fn stored(contributions: &Contributions, id: ReplicaId) -> Option<u128> {
    let (asked, answered) = contributions.challenges.get(&id)?;
    share(u128::from(*answered), u128::from(*asked))
}

/// `part` of `whole`, at most 1000; unknown of nothing.
fn share(part: u128, whole: u128) -> Option<u128> {
    (part.min(whole) * 1000).checked_div(whole)
}

/// C32: probes by other members.
fn up(contributions: &Contributions, id: ReplicaId, faulty: usize) -> Option<u128> {
    let probes = contributions.probes.iter();
    let of = probes.filter(|((probed, by), _)| *probed == id && *by != id);
    let of: Vec<_> = of
        .map(|(_, answered)| u128::from(*answered).min(1000))
        .collect();
    (of.len() > 2 * faulty).then(|| median(of)).flatten()
}

/// C33: bytes served, of a usual volume.
fn served(
    all: &[ReplicaId],
    contributions: &Contributions,
    faulty: usize,
) -> BTreeMap<ReplicaId, u128> {
    let counts = |server: &ReplicaId, taker: &ReplicaId, bytes: u64| {
        server != taker && all.contains(server) && all.contains(taker) && bytes > 0
    };
    let pairs: Vec<_> = contributions
        .served
        .iter()
        .filter(|((server, taker), bytes)| counts(server, taker, **bytes))
        .map(|((server, _), bytes)| (*server, u128::from(*bytes)))
        .collect();
    let most = median(pairs.iter().map(|(_, bytes)| *bytes).collect()).unwrap_or(0);
    let volume = |id: &ReplicaId| -> u128 {
        let own = pairs.iter().filter(|(server, _)| server == id);
        let mut own: Vec<_> = own.map(|(_, bytes)| *bytes).collect();
        own.sort_unstable();
        own.truncate(own.len().saturating_sub(faulty));
        own.into_iter().map(|bytes| bytes.min(most)).sum()
    };
    let enough = median(all.iter().map(volume).collect()).unwrap_or(0);
    let of = |id: &ReplicaId| (*id, share(volume(id), enough).unwrap_or(1000));
    all.iter().map(of).collect()
}
