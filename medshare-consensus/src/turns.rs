//! Whose turn it is to propose.

use std::collections::BTreeSet;

use borsh::BorshSerialize;
use medshare_types::committee::Committee;
use medshare_types::id::{ReplicaId, View};

/// How turns to propose pass on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize)]
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

/// The seat that counts as the proposer before the first block of the committee's epoch.
#[expect(clippy::expect_used, reason = "the remainder is below a `u16`")]
pub(crate) fn first_proposer(committee: &Committee) -> ReplicaId {
    let seats = u64::from(committee.seats());
    let seat = committee.epoch().0 % seats;
    ReplicaId(u16::try_from(seat).expect("below the number of seats"))
}

/// The (view+1)-th seat, cyclically, after `proposer`, or from it on in classic mode, of those that are
/// not `barred`. At least one seat must not be barred, and none may be in classic mode.
#[expect(clippy::expect_used, reason = "the index is a remainder")]
pub(crate) fn seat_after(
    mode: Mode,
    seats: u16,
    proposer: ReplicaId,
    view: View,
    barred: &BTreeSet<ReplicaId>,
) -> ReplicaId {
    let passed_on = match mode {
        Mode::Credit => 1,
        Mode::Classic => 0,
    };
    let first = (u32::from(proposer.0) + passed_on) % u32::from(seats);
    let in_order = (0..seats).cycle().skip(first as usize).take(seats.into());
    let leaders = in_order
        .map(ReplicaId)
        .filter(|seat| !barred.contains(seat));
    let count = u64::from(seats) - barred.len() as u64;
    let turn = usize::try_from(view.0 % count).expect("below the number of seats");
    leaders
        .clone()
        .nth(turn)
        .expect("a turn of those that lead")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_go_round_and_pass_over_those_that_may_not_lead() {
        let seats = |mode, barred: &[u16]| -> Vec<u16> {
            let barred = barred.iter().copied().map(ReplicaId).collect();
            let turns = (0..5).map(|view| seat_after(mode, 4, ReplicaId(2), View(view), &barred));
            turns.map(|seat| seat.0).collect()
        };
        assert_eq!(seats(Mode::Credit, &[]), [3, 0, 1, 2, 3]);
        assert_eq!(seats(Mode::Credit, &[0]), [3, 1, 2, 3, 1]);
        assert_eq!(seats(Mode::Credit, &[2, 3]), [0, 1, 0, 1, 0]);
        assert_eq!(seats(Mode::Classic, &[]), [2, 3, 0, 1, 2]);
    }
}
