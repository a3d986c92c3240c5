//! Bans from proposing, and who may lead in spite of them.

use std::collections::{BTreeMap, BTreeSet};

use medshare_types::committee::Quorum;
use medshare_types::id::{Height, ReplicaId};

/// Own blocks in a row, without a lost turn, that lower the level by one.
const CLEAN_BLOCKS: u16 = 500;
/// Heights of the shortest ban, a seat.
const BAN_HEIGHTS: u64 = 64;
const MOST_LEVEL: u8 = 12;

/// A member's record as primary, as the state keeps it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, borsh::BorshSerialize, borsh::BorshDeserialize,
)]
pub struct Leading {
    /// Doublings of the next ban, 0 to 12.
    pub level: u8,
    /// Own blocks since the last lost turn, up to 500.
    pub clean: u16,
    /// The first height at which the member may lead again.
    pub banned_until: Height,
    /// The height of its last lost turn; 0 for none.
    pub last_lost: Height,
}

impl Leading {
    /// C3: after a turn that was lost at `height`, in a committee of n: banned for 64n·2^level heights.
    #[must_use]
    pub fn after_lost_turn(self, height: Height, quorum: Quorum) -> Self {
        let seats = quorum.members() as u64;
        let ban = BAN_HEIGHTS.saturating_mul(seats) << self.level.min(MOST_LEVEL);
        Self {
            level: (self.level + 1).min(MOST_LEVEL),
            clean: 0,
            banned_until: Height(height.0.saturating_add(ban)),
            last_lost: height,
        }
    }

    /// C4: after an own block.
    #[must_use]
    pub const fn after_block(self) -> Self {
        if self.clean + 1 < CLEAN_BLOCKS {
            return Self {
                clean: self.clean + 1,
                ..self
            };
        }
        Self {
            level: self.level.saturating_sub(1),
            clean: 0,
            ..self
        }
    }
}

/// C5: the seats that may lead at `height`, of those that `barred` does not name (probation, no key).
///
/// At most n − (2f + 1) seats may not lead: with fewer than 2f + 1 leaders no member is measured any
/// more. Where more are barred or banned, those lead again whose last lost turn lies furthest back,
/// and `offenders`, whose misbehaviour is proven, last.
#[must_use]
pub fn may_lead(
    members: &BTreeMap<ReplicaId, Leading>,
    barred: &BTreeSet<ReplicaId>,
    offenders: &BTreeSet<ReplicaId>,
    height: Height,
    quorum: Quorum,
) -> BTreeSet<ReplicaId> {
    let free = |(seat, leading): &(&ReplicaId, &Leading)| {
        leading.banned_until <= height && !barred.contains(seat) && !offenders.contains(seat)
    };
    let mut leaders: BTreeSet<_> = members.iter().filter(free).map(|(seat, _)| *seat).collect();
    let mut rest: Vec<_> = members
        .iter()
        .filter(|(seat, _)| !leaders.contains(seat))
        .map(|(seat, leading)| (offenders.contains(seat), leading.last_lost, *seat))
        .collect();
    rest.sort_unstable();
    let missing = (2 * quorum.faulty() + 1).saturating_sub(leaders.len());
    leaders.extend(rest.into_iter().take(missing).map(|(.., seat)| seat));
    leaders
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(n: u16) -> BTreeMap<ReplicaId, Leading> {
        (0..n)
            .map(|seat| (ReplicaId(seat), Leading::default()))
            .collect()
    }

    #[test]
    fn bans_double_and_come_down_with_clean_blocks() {
        let quorum = Quorum::of(4);
        let once = Leading::default().after_lost_turn(Height(10), quorum);
        assert_eq!((once.level, once.banned_until), (1, Height(10 + 256)));
        let twice = once.after_lost_turn(Height(1_000), quorum);
        assert_eq!((twice.level, twice.banned_until), (2, Height(1_000 + 512)));
        let mut clean = twice;
        for _ in 0..999 {
            clean = clean.after_block();
        }
        assert_eq!(clean.level, 1);
        assert_eq!(clean.after_block().level, 0);
        let mut worst = Leading::default();
        for _ in 0..100 {
            worst = worst.after_lost_turn(Height(0), quorum);
        }
        assert_eq!(worst.level, 12);
    }

    #[test]
    fn two_f_plus_1_seats_always_lead() {
        let quorum = Quorum::of(7);
        let mut members = members(7);
        for seat in 0..6 {
            let lost = Leading::default().after_lost_turn(Height(100 - u64::from(seat)), quorum);
            members.insert(ReplicaId(seat), lost);
        }
        let none = BTreeSet::new();
        let leaders = may_lead(&members, &none, &none, Height(200), quorum);
        let seats = [2, 3, 4, 5, 6].map(ReplicaId);
        assert_eq!(
            leaders,
            seats.into(),
            "the one without a ban, and the longest ago"
        );
        let offender = [ReplicaId(5)].into();
        let leaders = may_lead(&members, &none, &offender, Height(200), quorum);
        let seats = [1, 2, 3, 4, 6].map(ReplicaId);
        assert_eq!(leaders, seats.into(), "a proven offender comes last");
        let later = may_lead(&members, &none, &none, Height(10_000), quorum);
        assert_eq!(later.len(), 7, "bans end");
    }

    #[test]
    fn a_lost_turn_in_every_epoch_bans_for_a_hundredth_of_the_time() {
        // Epochs of an hour with a block every 20 ms; f liars and a slow member blame an honest primary
        // once in each. Bans by whole epochs would never end.
        let (quorum, epoch) = (Quorum::of(16), 180_000);
        let mut leading = Leading::default();
        let mut banned = 0;
        for number in 0..50 {
            let blamed = Height(number * epoch + 1);
            leading = leading.after_lost_turn(blamed, quorum);
            let heights = leading.banned_until.0 - blamed.0;
            banned += heights;
            for _ in 0..(epoch - heights) / 16 {
                leading = leading.after_block();
            }
        }
        assert!(banned * 100 < 50 * epoch, "{banned} of {}", 50 * epoch);
    }
}
