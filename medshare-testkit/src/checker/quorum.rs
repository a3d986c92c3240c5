//! Quorum arithmetic, by its definitions instead of its formulas.

/// The numbers of a committee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quorum {
    pub(super) members: usize,
    /// f, the most that may be Byzantine: less than a third.
    pub(super) faulty: usize,
    /// q, the least so that any two quorums share f + 1 members.
    pub(super) votes: usize,
}

impl Quorum {
    pub(super) fn of(members: usize) -> Self {
        let faulty = (0..members).rev().find(|f| 3 * f < members).unwrap_or(0);
        let shares = |votes: &usize| (2 * votes).saturating_sub(members) > faulty;
        Self {
            members,
            faulty,
            votes: (1..=members).find(shares).unwrap_or(members),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quorums_of_known_committees() {
        let numbers = |members| {
            let quorum = Quorum::of(members);
            (quorum.faulty, quorum.votes)
        };
        assert_eq!([4, 5, 6, 7].map(numbers), [(1, 3), (1, 4), (1, 4), (2, 5)]);
        assert_eq!([10, 13, 31].map(numbers), [(3, 7), (4, 9), (10, 21)]);
    }
}
