//! The share of heights that a member voted for.

use std::collections::BTreeMap;

use medshare_types::committee::Quorum;
use medshare_types::id::ReplicaId;

use super::facts::HeightFacts;

/// Heights below which nothing is measured.
const MIN_HEIGHTS: u64 = 16;

/// A member's part in an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, borsh::BorshSerialize, borsh::BorshDeserialize)]
pub enum Participation {
    /// Too few proposers or heights to tell.
    Unmeasured,
    /// Heights voted for, of a thousand.
    PerMille(u16),
}

/// Heights of one proposer, and those that the member voted for.
#[derive(Clone, Copy, Default)]
struct Group {
    voted: u64,
    heights: u64,
}

impl Group {
    /// Orders by share, lowest first; exact, in integers.
    fn compare(&self, other: &Self) -> core::cmp::Ordering {
        (self.voted * other.heights).cmp(&(other.voted * self.heights))
    }
}

/// Heights by proposer, and the votes of each member for them. Memory: O(n²) numbers, whatever the
/// number of heights.
#[derive(Clone, Debug, Default, PartialEq, Eq, borsh::BorshSerialize, borsh::BorshDeserialize)]
pub(crate) struct Counts {
    heights: BTreeMap<ReplicaId, u64>,
    /// By proposer and voter.
    votes: BTreeMap<(ReplicaId, ReplicaId), u64>,
}

impl Counts {
    pub(crate) fn add(&mut self, facts: &HeightFacts) {
        *self.heights.entry(facts.proposer).or_default() += 1;
        for voter in facts.commits.keys() {
            *self.votes.entry((facts.proposer, *voter)).or_default() += 1;
        }
    }

    /// The share of the counted heights that [`participation`] explains.
    pub(crate) fn participation(&self, member: ReplicaId, quorum: Quorum) -> Participation {
        if self.heights.len() < 2 * quorum.faulty() + 1 {
            return Participation::Unmeasured;
        }
        let group = |(proposer, heights): (&ReplicaId, &u64)| Group {
            voted: self.votes.get(&(*proposer, member)).copied().unwrap_or(0),
            heights: *heights,
        };
        let mut groups: Vec<_> = self.heights.iter().map(group).collect();
        groups.sort_by(Group::compare);
        let left = groups.iter().skip(quorum.faulty());
        let pooled = left.fold(Group::default(), |sum, group| Group {
            voted: sum.voted + group.voted,
            heights: sum.heights + group.heights,
        });
        if pooled.heights < MIN_HEIGHTS {
            return Participation::Unmeasured;
        }
        let share = pooled.voted * 1000 / pooled.heights;
        #[expect(clippy::expect_used, reason = "a share of a thousand")]
        Participation::PerMille(u16::try_from(share).expect("at most 1000"))
    }
}

/// C7: the share of `heights` with a recorded commit of `member`.
///
/// Heights are grouped by proposer, and the f proposers with the lowest share are left out: at most f
/// are Byzantine, so each that remains shows at least what some honest proposer shows, and leaving a
/// member's votes out frames no member. Unmeasured with fewer than 2f + 1 proposers or 16 heights left.
///
/// Cost: O(hn log n) for h heights.
#[must_use]
pub fn participation(member: ReplicaId, heights: &[HeightFacts], quorum: Quorum) -> Participation {
    let mut counts = Counts::default();
    for facts in heights {
        counts.add(facts);
    }
    counts.participation(member, quorum)
}

#[cfg(test)]
mod tests {
    use medshare_types::id::{Height, View};

    use super::*;

    /// `rounds` turns of each of `n` seats; `votes(proposer, voter)` decides what is recorded.
    fn log(n: u16, rounds: u64, votes: impl Fn(u16, u16) -> bool) -> Vec<HeightFacts> {
        let height = |height: u64| {
            let proposer = u16::try_from(height % u64::from(n)).unwrap_or_default();
            let voters = (0..n).filter(|voter| votes(proposer, *voter));
            HeightFacts {
                height: Height(height),
                proposer: ReplicaId(proposer),
                view: View(0),
                commits: voters.map(|voter| (ReplicaId(voter), View(0))).collect(),
                late: BTreeMap::new(),
            }
        };
        (0..rounds * u64::from(n)).map(height).collect()
    }

    #[test]
    fn f_proposers_that_leave_a_member_out_do_not_lower_its_share() {
        for n in [4, 7, 10] {
            let quorum = Quorum::of(n.into());
            let f = u16::try_from(quorum.faulty()).unwrap_or_default();
            let framed = log(n, 12, |proposer, voter| proposer >= f || voter != n - 1);
            let share = participation(ReplicaId(n - 1), &framed, quorum);
            assert_eq!(share, Participation::PerMille(1000), "{n}");
            let more = log(n, 12, |proposer, voter| proposer > f || voter != n - 1);
            let share = participation(ReplicaId(n - 1), &more, quorum);
            assert_ne!(share, Participation::PerMille(1000), "{n}: f + 1 proposers");
        }
    }

    #[test]
    fn a_member_that_withholds_shows_it() {
        let quorum = Quorum::of(4);
        let log = log(4, 12, |proposer, voter| voter != 3 || proposer == 3);
        let share = participation(ReplicaId(3), &log, quorum);
        assert_eq!(
            share,
            Participation::PerMille(333),
            "its own turns do not save it"
        );
    }

    #[test]
    fn few_heights_or_proposers_say_nothing() {
        let quorum = Quorum::of(4);
        let short = log(4, 5, |_, _| true);
        assert_eq!(
            participation(ReplicaId(0), &short, quorum),
            Participation::Unmeasured
        );
        let two: Vec<_> = log(4, 40, |_, _| true)
            .into_iter()
            .filter(|facts| facts.proposer.0 < 2)
            .collect();
        assert_eq!(
            participation(ReplicaId(0), &two, quorum),
            Participation::Unmeasured
        );
    }
}
