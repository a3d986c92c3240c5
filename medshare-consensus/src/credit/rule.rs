//! Credit after an epoch.

use super::participation::Participation;

/// A member's credit and its history, as the state keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, borsh::BorshSerialize, borsh::BorshDeserialize)]
pub struct Credit {
    /// 0 to 1000; 0 after a proof of misbehaviour.
    pub score: u16,
    /// Bad epochs that were not made good, 0 to 3.
    pub strikes: u8,
    /// Epochs since a strike was added or forgiven.
    pub since_strike: u8,
}

impl Credit {
    /// Every member starts in the middle.
    pub const START: Self = Self {
        score: 500,
        strikes: 0,
        since_strike: 0,
    };
}

/// What an epoch showed of one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, borsh::BorshSerialize, borsh::BorshDeserialize)]
pub struct EpochReport {
    /// How often its votes were recorded.
    pub participation: Participation,
    /// Views in which it was the primary.
    pub turns: u64,
    /// Turns that it lost.
    pub lost: u64,
    /// True when its own signatures prove misbehaviour.
    pub proven: bool,
    /// True when some candidate could take its seat.
    pub replaceable: bool,
}

/// What follows for the seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The member stays in its seat.
    Keep,
    /// The member stays in its seat and leads nothing: its credit is too low, and no candidate could
    /// take the seat when it fell.
    Observe,
    /// The member leaves its seat for so many epochs.
    Demote {
        /// Epochs away from the committee.
        epochs: u32,
    },
    /// The member leaves for good, by a proof alone; only a vote of the organisations readmits it.
    Evict,
}

/// A rule that turns what an epoch showed into credit.
pub trait CreditRule {
    /// Credit after the epoch, and what follows for the seat.
    fn after_epoch(&self, credit: &Credit, report: &EpochReport) -> (Credit, Verdict);

    /// Credit of an organisation that comes back after a demotion, or by a vote.
    fn readmitted(&self, credit: &Credit) -> Credit;
}

/// The default: slow to rise, fast to fall, and never a seat for what f members can fake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultRule {
    /// Least share of heights voted for, of a thousand, in a good epoch.
    pub least_share: u16,
    /// Hundredths of what is missing to 1000 that a good epoch adds, without strikes.
    pub rise_percent: u16,
    /// Tenths that a bad epoch leaves, once a strike.
    pub fall_tenths: u16,
    /// Below this credit a bad epoch costs the seat.
    pub threshold: u16,
    /// Epochs after which one strike is forgiven.
    pub forgiven_after: u8,
    /// Most strikes, and so the longest demotion.
    pub most_strikes: u8,
    /// Lost turns of a thousand above which an epoch costs [`Self::lost_turns_cost`].
    pub lost_turns_per_mille: u64,
    /// Credit that lost turns cost, not below the threshold.
    pub lost_turns_cost: u16,
}

impl Default for DefaultRule {
    fn default() -> Self {
        Self {
            least_share: 600,
            rise_percent: 8,
            fall_tenths: 6,
            threshold: 300,
            forgiven_after: 64,
            most_strikes: 3,
            lost_turns_per_mille: 10,
            lost_turns_cost: 100,
        }
    }
}

impl CreditRule for DefaultRule {
    fn after_epoch(&self, credit: &Credit, report: &EpochReport) -> (Credit, Verdict) {
        // C14
        if report.proven {
            let credit = Credit {
                score: 0,
                ..*credit
            };
            return (credit, Verdict::Evict);
        }
        let forgiven = self.forgive(credit);
        let (credit, verdict) = match report.participation {
            // C8
            Participation::Unmeasured => (forgiven, Verdict::Keep),
            Participation::PerMille(share) if share >= self.least_share => {
                (self.reward(&forgiven), Verdict::Keep)
            }
            Participation::PerMille(_) => self.punish(&forgiven, report.replaceable),
        };
        let credit = self.charge_lost_turns(credit, report);
        if verdict == Verdict::Keep && credit.score < self.threshold {
            return (credit, Verdict::Observe);
        }
        (credit, verdict)
    }

    fn readmitted(&self, credit: &Credit) -> Credit {
        Credit {
            score: credit.score.max(self.threshold),
            ..*credit
        }
    }
}

impl DefaultRule {
    /// C13: one strike less, after long enough.
    fn forgive(&self, credit: &Credit) -> Credit {
        let since_strike = credit.since_strike.saturating_add(1);
        if credit.strikes > 0 && since_strike >= self.forgiven_after {
            Credit {
                strikes: credit.strikes - 1,
                since_strike: 0,
                ..*credit
            }
        } else {
            Credit {
                since_strike,
                ..*credit
            }
        }
    }

    /// C9: a part of what is missing.
    fn reward(&self, credit: &Credit) -> Credit {
        let missing = u32::from(1000u16.saturating_sub(credit.score));
        let gain = missing * u32::from(self.rise_percent) / (100 * (1 + u32::from(credit.strikes)));
        let gain = u16::try_from(gain).unwrap_or(1000);
        Credit {
            score: credit.score.saturating_add(gain).min(1000),
            ..*credit
        }
    }

    /// C10 and C11: a member that no candidate can replace gets no strike: strikes would only add up while the
    /// committee cannot do without it.
    fn punish(&self, credit: &Credit, replaceable: bool) -> (Credit, Verdict) {
        let strikes = if replaceable {
            (credit.strikes + 1).min(self.most_strikes)
        } else {
            credit.strikes
        };
        let falls = if replaceable { u32::from(strikes) } else { 1 };
        let tenths = u64::from(self.fall_tenths).pow(falls);
        let left = u64::from(credit.score) * tenths / 10u64.pow(falls);
        let credit = Credit {
            score: u16::try_from(left).unwrap_or(credit.score),
            strikes,
            since_strike: if replaceable { 0 } else { credit.since_strike },
        };
        let epochs = 4u32.saturating_pow(u32::from(strikes)).min(64);
        if replaceable && credit.score < self.threshold {
            (credit, Verdict::Demote { epochs })
        } else {
            (credit, Verdict::Keep)
        }
    }

    /// C12: the cost of many lost turns.
    fn charge_lost_turns(&self, credit: Credit, report: &EpochReport) -> Credit {
        let too_many = report.lost * 1000 > self.lost_turns_per_mille * report.turns;
        if !too_many {
            return credit;
        }
        let least = credit.score.min(self.threshold);
        Credit {
            score: credit.score.saturating_sub(self.lost_turns_cost).max(least),
            ..credit
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: EpochReport = EpochReport {
        participation: Participation::PerMille(990),
        turns: 100,
        lost: 0,
        proven: false,
        replaceable: true,
    };
    const BAD: EpochReport = EpochReport {
        participation: Participation::PerMille(599),
        ..GOOD
    };

    fn after(credit: Credit, report: &EpochReport) -> (Credit, Verdict) {
        DefaultRule::default().after_epoch(&credit, report)
    }

    #[test]
    fn credit_rises_slowly_and_falls_fast() {
        let (risen, _) = after(Credit::START, &GOOD);
        assert_eq!(risen.score, 540);
        let (fallen, verdict) = after(Credit::START, &BAD);
        assert_eq!((fallen.score, fallen.strikes), (300, 1));
        assert_eq!(verdict, Verdict::Keep, "300 is not below the threshold");
        let (fallen, verdict) = after(fallen, &BAD);
        assert_eq!((fallen.score, fallen.strikes), (108, 2));
        assert_eq!(verdict, Verdict::Demote { epochs: 16 });
        let (risen, _) = after(fallen, &GOOD);
        assert_eq!(risen.score, 108 + 892 * 8 / 300, "strikes slow the rise");
    }

    #[test]
    fn what_is_not_measured_changes_nothing() {
        let report = EpochReport {
            participation: Participation::Unmeasured,
            ..BAD
        };
        let (credit, verdict) = after(Credit::START, &report);
        assert_eq!(
            (credit.score, credit.strikes, verdict),
            (500, 0, Verdict::Keep)
        );
    }

    #[test]
    fn a_member_without_a_successor_gets_no_strike_and_keeps_its_seat() {
        let report = EpochReport {
            replaceable: false,
            ..BAD
        };
        let mut credit = Credit::START;
        for epoch in 0..10 {
            let (next, verdict) = after(credit, &report);
            // 500, 300, 180: it leads no more from the second bad epoch on.
            let expected = [Verdict::Keep, Verdict::Observe][usize::from(epoch > 0)];
            assert_eq!((next.strikes, verdict), (0, expected), "{epoch}");
            credit = next;
        }
        let mut good = 0;
        while after(credit, &GOOD).1 == Verdict::Observe && good < 10 {
            (credit, _) = after(credit, &GOOD);
            good += 1;
        }
        assert_eq!(good, 4, "it leads again once its credit is back");
    }

    #[test]
    fn strikes_are_forgiven_one_by_one() {
        let (mut credit, _) = after(Credit::START, &BAD);
        (credit, _) = after(credit, &BAD);
        for epochs in 1..=2 * 64 {
            (credit, _) = after(credit, &GOOD);
            assert_eq!(
                credit.strikes,
                2 - u8::try_from(epochs / 64).unwrap_or(2),
                "{epochs}"
            );
        }
    }

    #[test]
    fn lost_turns_cost_credit_and_never_a_seat() {
        let report = EpochReport { lost: 2, ..GOOD };
        let (credit, verdict) = after(Credit::START, &report);
        assert_eq!((credit.score, verdict), (440, Verdict::Keep));
        let mut credit = credit;
        for _ in 0..100 {
            let (next, verdict) = after(credit, &report);
            assert_eq!(verdict, Verdict::Keep);
            credit = next;
        }
        assert!(credit.score >= 300);
        let one = EpochReport { lost: 1, ..GOOD };
        assert_eq!(
            after(Credit::START, &one).0.score,
            540,
            "one of a hundred is forgiven"
        );
    }

    #[test]
    fn only_a_proof_evicts() {
        let report = EpochReport {
            proven: true,
            ..GOOD
        };
        let (credit, verdict) = after(Credit::START, &report);
        assert_eq!((credit.score, verdict), (0, Verdict::Evict));
        let mut credit = Credit::START;
        for _ in 0..1_000 {
            let (next, verdict) = after(credit, &BAD);
            assert_ne!(verdict, Verdict::Evict);
            credit = next;
        }
    }
}
