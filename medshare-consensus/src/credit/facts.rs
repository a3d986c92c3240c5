//! The votes of a height that later blocks recorded.

use std::collections::{BTreeMap, BTreeSet};

use medshare_types::committee::Quorum;
use medshare_types::id::{Height, ReplicaId, View};

/// C1: the votes for one decided height that blocks recorded, once it takes no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeightFacts {
    /// Height of the block, which is decided.
    pub height: Height,
    /// Seat that first proposed the block.
    pub proposer: ReplicaId,
    /// View of the first proposal, as in the header.
    pub view: View,
    /// Members whose commit is recorded, and the highest view of one.
    pub commits: BTreeMap<ReplicaId, View>,
    /// Members that found no acceptable proposal in time, by view.
    pub late: BTreeMap<View, BTreeSet<ReplicaId>>,
}

/// A primary that did not propose in time.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    borsh::BorshSerialize,
    borsh::BorshDeserialize,
)]
pub struct LostTurn {
    /// The height of the turn.
    pub height: Height,
    /// The view of the turn.
    pub view: View,
}

/// C2: the views of a height whose primary lost its turn: n − 2f members say so.
///
/// Not f + 1: for n = 3f + 1 that is the same number. Not a quorum: a primary that shows its block to
/// f honest members only would never be blamed. A view in which the block was proposed and not
/// carried on by f + 1 members later is excused: otherwise a block that is sent just before the
/// timeout, and decided by it, would be blamed on its primary by f liars and one late member.
#[must_use]
pub fn lost_turns(facts: &HeightFacts, quorum: Quorum) -> Vec<LostTurn> {
    let needed = quorum.members() - 2 * quorum.faulty();
    let above = |view: View| facts.commits.values().filter(|of| **of > view).count();
    let excused = |view: View| facts.view == view && above(view) <= quorum.faulty();
    facts
        .late
        .iter()
        .filter(|(view, members)| members.len() >= needed && !excused(**view))
        .map(|(view, _)| LostTurn {
            height: facts.height,
            view: *view,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(late: &[(u64, &[u16])], commits: &[(u16, u64)], view: u64) -> HeightFacts {
        let late = late.iter().map(|(view, members)| {
            let members = members.iter().map(|n| ReplicaId(*n));
            (View(*view), members.collect())
        });
        HeightFacts {
            height: Height(9),
            proposer: ReplicaId(0),
            view: View(view),
            commits: commits
                .iter()
                .map(|(n, v)| (ReplicaId(*n), View(*v)))
                .collect(),
            late: late.collect(),
        }
    }

    fn views(facts: &HeightFacts) -> Vec<u64> {
        let lost = lost_turns(facts, Quorum::of(4));
        lost.iter().map(|turn| turn.view.0).collect()
    }

    #[test]
    fn n_minus_2f_members_tell_of_a_lost_turn_and_fewer_do_not() {
        assert_eq!(views(&facts(&[(0, &[1])], &[], 1)), [] as [u64; 0]);
        assert_eq!(views(&facts(&[(0, &[1, 2]), (1, &[3])], &[], 2)), [0]);
        assert_eq!(views(&facts(&[(0, &[1, 2]), (1, &[0, 3])], &[], 2)), [0, 1]);
    }

    #[test]
    fn the_view_of_the_decided_block_is_excused_unless_others_had_to_carry_it_on() {
        let late: &[(u64, &[u16])] = &[(0, &[1, 2])];
        assert_eq!(
            views(&facts(late, &[(0, 0), (1, 0), (2, 1)], 0)),
            [] as [u64; 0]
        );
        assert_eq!(views(&facts(late, &[(0, 0), (1, 1), (2, 1)], 0)), [0]);
    }
}
