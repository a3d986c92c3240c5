//! Whose turn it is to propose.

use std::collections::BTreeSet;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::committee::Committee;
use medshare_types::id::{ReplicaId, View};

/// How turns to propose pass on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Mode {
    /// The primary passes on with every height, over seats that are banned from leading.
    #[default]
    Credit,
    /// The proposer of the last block stays primary until a view is given up: Castro and Liskov's
    /// PBFT, as the baseline of comparisons. A primary that is slow, or dates its blocks ahead, as far
    /// as the timers allow stays for as long as it likes: blocks record no votes, and no seat is
    /// banned.
    Classic,
}

/// The member that counts as the proposer before the first block of the committee's epoch e: that in
/// seat e mod n.
#[expect(
    clippy::expect_used,
    reason = "the remainder is below the number of seats"
)]
pub(crate) fn first_proposer(committee: &Committee) -> ReplicaId {
    let mut members = committee.replicas();
    let seat = committee.epoch().0 % members.len() as u64;
    let seat = usize::try_from(seat).expect("below the number of seats");
    members.nth(seat).expect("below the number of seats")
}

/// The member in the (view+1)-th seat, cyclically, after that of `proposer`, or from it on in classic
/// mode, of those that are not `barred`. At least one seat must not be barred, and none may be in
/// classic mode.
#[expect(clippy::expect_used, reason = "the index is a remainder")]
pub(crate) fn primary_after(
    mode: Mode,
    committee: &Committee,
    proposer: ReplicaId,
    view: View,
    barred: &BTreeSet<ReplicaId>,
) -> ReplicaId {
    let members = committee.replicas();
    let seats = members.len();
    let passed_on = match mode {
        Mode::Credit => 1,
        Mode::Classic => 0,
    };
    let first = committee.seat_of(proposer).unwrap_or_default() + passed_on;
    let in_order = members.cycle().skip(first % seats).take(seats);
    let mut leaders = in_order.filter(|member| !barred.contains(member));
    let count = leaders.clone().count() as u64;
    let turn = usize::try_from(view.0 % count).expect("below the number of seats");
    leaders.nth(turn).expect("a turn of those that lead")
}

#[cfg(test)]
mod tests {
    use super::*;
    use medshare_testkit::fixtures::Members;

    #[test]
    fn turns_go_round_and_pass_over_those_that_may_not_lead() {
        let seats = |mode, barred: &[u16]| -> Vec<u16> {
            let barred = barred.iter().copied().map(ReplicaId).collect();
            let committee = Members::new(4).committee();
            let turn = |view| primary_after(mode, &committee, ReplicaId(2), View(view), &barred);
            (0..5).map(|view| turn(view).0).collect()
        };
        assert_eq!(seats(Mode::Credit, &[]), [3, 0, 1, 2, 3]);
        assert_eq!(seats(Mode::Credit, &[0]), [3, 1, 2, 3, 1]);
        assert_eq!(seats(Mode::Credit, &[2, 3]), [0, 1, 0, 1, 0]);
        assert_eq!(seats(Mode::Classic, &[]), [2, 3, 0, 1, 2]);
    }
}
