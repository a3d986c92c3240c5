//! Rules for credit from the literature, beside the default, for comparison.
//!
//! Each is written down as far as what an epoch shows allows, on the scale of 0 to 1000; the score is
//! all that it keeps. None of them is safe to run: every one falls to an attack that the default
//! withstands, which its documentation names. Like the default, they evict by proof alone and spare a
//! member that no candidate could replace.

use super::participation::Participation;
use super::rule::{Credit, CreditRule, EpochReport, Verdict};

/// The beta reputation: (r + 1) / (r + s + 2) for r good and s bad experiences, old ones fading by a
/// factor an epoch.
///
/// **Paper:** A. Jøsang, R. Ismail, *The Beta Reputation System*, 15th Bled Electronic Commerce
/// Conference, 2002.
///
/// **Deviations:** an epoch is one experience, good by the share of heights voted for. The sum r + s
/// is taken at its limit 1 / (1 − λ) from the start, so that the reputation alone says what r and s
/// are. The paper leaves open what follows from a low reputation: here one epoch without a seat below
/// one half.
///
/// **Falls to:** on-off. A member that withholds in two of five epochs keeps its seat for ever: bad
/// epochs weigh no more than good ones, and fade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BetaReputation {
    /// λ, per mille: what is left of an experience an epoch later; below 1000.
    pub forgetting: u16,
    /// Below this reputation the seat is lost.
    pub threshold: u16,
}

impl Default for BetaReputation {
    fn default() -> Self {
        Self {
            forgetting: 900,
            threshold: 500,
        }
    }
}

impl CreditRule for BetaReputation {
    fn after_epoch(&self, credit: &Credit, report: &EpochReport) -> (Credit, Verdict) {
        let Participation::PerMille(share) = report.participation else {
            return judged(*credit, report, self.threshold);
        };
        let forgetting = u64::from(self.forgetting.min(999));
        // In thousandths of an experience, r + s and the two of the prior.
        let experiences = 1_000_000 / (1000 - forgetting);
        let total = experiences + 2_000;
        let good = (u64::from(credit.score) * total / 1000).saturating_sub(1_000);
        let good = good * forgetting / 1000 + u64::from(share);
        let score = (good + 1_000) * 1000 / total;
        judged(with_score(credit, score), report, self.threshold)
    }

    fn readmitted(&self, credit: &Credit) -> Credit {
        at_least(credit, self.threshold)
    }
}

/// The leader reputation of DiemBFT, as Aptos runs it: of full weight, inactive or failed, by what a
/// window of the chain shows.
///
/// **Papers:** The Diem Team, *DiemBFT v4: State Machine Replication in the Diem Blockchain*, 2021;
/// S. Cohen et al., *Be Aware of Your Leaders*, Financial Cryptography 2022, argues for the idea.
///
/// **Deviations:** the window is an epoch, and the weight decides who sits instead of how often a
/// member leads: a member that is inactive or failed loses its seat for one epoch.
///
/// **Falls to:** griefing. f liars and one slow honest member take a tenth of an honest primary's
/// turns, and with them its seat. And to on-off: one good epoch restores the full weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaderReputation {
    /// Weight of a member that votes or proposes.
    pub active: u16,
    /// Weight of one that does neither.
    pub inactive: u16,
    /// Weight of one that lost too many turns.
    pub failed: u16,
    /// Lost turns of a hundred above which a member has failed.
    pub failure_percent: u64,
}

impl Default for LeaderReputation {
    fn default() -> Self {
        Self {
            active: 1000,
            inactive: 10,
            failed: 1,
            failure_percent: 10,
        }
    }
}

impl CreditRule for LeaderReputation {
    fn after_epoch(&self, credit: &Credit, report: &EpochReport) -> (Credit, Verdict) {
        let votes = match report.participation {
            Participation::Unmeasured => return judged(*credit, report, 0),
            Participation::PerMille(share) => share > 0,
        };
        let weight = if report.lost * 100 > report.turns * self.failure_percent {
            self.failed
        } else if votes || report.turns > report.lost {
            self.active
        } else {
            self.inactive
        };
        judged(with_score(credit, weight.into()), report, self.active)
    }

    fn readmitted(&self, credit: &Credit) -> Credit {
        at_least(credit, self.active)
    }
}

/// Additive increase, multiplicative decrease: the control that is known from congestion avoidance,
/// with credit for the window.
///
/// **Paper:** D.-M. Chiu, R. Jain, *Analysis of the Increase and Decrease Algorithms for Congestion
/// Avoidance in Computer Networks*, Computer Networks and ISDN Systems 17, 1989.
///
/// **Deviations:** a good epoch is the absence of congestion, a bad one its signal; bounded at 1000.
/// Below the threshold a seat is lost for one epoch.
///
/// **Falls to:** on-off. Every fall is made good in the same time, whatever came before: a member that
/// withholds in every eleventh epoch swings between 1000 and half of it for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdditiveIncrease {
    /// Least share of heights voted for, of a thousand, in a good epoch.
    pub least_share: u16,
    /// Credit that a good epoch adds.
    pub increase: u16,
    /// Hundredths that a bad epoch leaves.
    pub decrease_percent: u16,
    /// Below this credit the seat is lost.
    pub threshold: u16,
}

impl Default for AdditiveIncrease {
    fn default() -> Self {
        Self {
            least_share: 600,
            increase: 50,
            decrease_percent: 50,
            threshold: 300,
        }
    }
}

impl CreditRule for AdditiveIncrease {
    fn after_epoch(&self, credit: &Credit, report: &EpochReport) -> (Credit, Verdict) {
        let score = u64::from(credit.score);
        let score = match report.participation {
            Participation::Unmeasured => score,
            Participation::PerMille(share) if share >= self.least_share => {
                score + u64::from(self.increase)
            }
            Participation::PerMille(_) => score * u64::from(self.decrease_percent) / 100,
        };
        judged(with_score(credit, score), report, self.threshold)
    }

    fn readmitted(&self, credit: &Credit) -> Credit {
        at_least(credit, self.threshold)
    }
}

/// What follows for the seat where a rule has only a threshold.
const fn judged(credit: Credit, report: &EpochReport, threshold: u16) -> (Credit, Verdict) {
    if report.proven {
        let none = Credit { score: 0, ..credit };
        return (none, Verdict::Evict);
    }
    let verdict = if credit.score >= threshold {
        Verdict::Keep
    } else if report.replaceable {
        Verdict::Demote { epochs: 1 }
    } else {
        Verdict::Observe
    };
    (credit, verdict)
}

fn with_score(credit: &Credit, score: u64) -> Credit {
    Credit {
        score: u16::try_from(score.min(1000)).unwrap_or(1000),
        ..*credit
    }
}

fn at_least(credit: &Credit, least: u16) -> Credit {
    Credit {
        score: credit.score.max(least),
        ..*credit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: EpochReport = EpochReport {
        participation: Participation::PerMille(1000),
        turns: 10,
        lost: 0,
        proven: false,
        replaceable: true,
    };
    const BAD: EpochReport = EpochReport {
        participation: Participation::PerMille(0),
        ..GOOD
    };

    /// Scores after each report, from 500 on.
    fn scores(rule: &impl CreditRule, reports: &[EpochReport]) -> Vec<u16> {
        let mut credit = Credit::START;
        let next = |report: &EpochReport| {
            (credit, _) = rule.after_epoch(&credit, report);
            credit.score
        };
        reports.iter().map(next).collect()
    }

    fn seat(rule: &impl CreditRule, score: u16, report: &EpochReport) -> Verdict {
        let credit = Credit {
            score,
            ..Credit::START
        };
        rule.after_epoch(&credit, report).1
    }

    #[test]
    fn beta_reputation_by_hand() {
        let rule = BetaReputation::default();
        // λ = 0.9: r + s = 10. r = 0.5 · 12 − 1 = 5; then 0.9 · 5 + 1 = 5.5, (5.5 + 1) / 12 = 0.541.
        // r = 5.492 (from 541); 0.9 · r + 1 = 5.942, 6.942 / 12 = 0.578. Then bad: 5.936 · 0.9 = 5.342,
        // 6.342 / 12 = 0.528; half: 5.336 · 0.9 + 0.5 = 5.302, 6.302 / 12 = 0.525.
        let half = EpochReport {
            participation: Participation::PerMille(500),
            ..GOOD
        };
        assert_eq!(
            scores(&rule, &[GOOD, GOOD, BAD, half]),
            [541, 578, 528, 525]
        );
        let most = scores(&rule, &[GOOD; 200]);
        assert!((900..=916).contains(&most[199]), "11 of 12: {}", most[199]);
        assert_eq!(seat(&rule, 500, &BAD), Verdict::Demote { epochs: 1 });
        assert_eq!(seat(&rule, 700, &BAD), Verdict::Keep);
    }

    #[test]
    fn leader_reputation_by_hand() {
        let rule = LeaderReputation::default();
        let one_lost = EpochReport { lost: 1, ..GOOD };
        let two_lost = EpochReport { lost: 2, ..GOOD };
        let silent = EpochReport { turns: 0, ..BAD };
        assert_eq!(
            scores(&rule, &[GOOD, silent, one_lost, two_lost, GOOD]),
            [1000, 10, 1000, 1, 1000],
            "a tenth is forgiven, more is not, and all is forgotten"
        );
        assert_eq!(seat(&rule, 500, &silent), Verdict::Demote { epochs: 1 });
        assert_eq!(seat(&rule, 500, &two_lost), Verdict::Demote { epochs: 1 });
        assert_eq!(seat(&rule, 1, &GOOD), Verdict::Keep);
    }

    #[test]
    fn additive_increase_by_hand() {
        let rule = AdditiveIncrease::default();
        assert_eq!(
            scores(&rule, &[GOOD, BAD, BAD, GOOD, GOOD]),
            [550, 275, 137, 187, 237]
        );
        assert_eq!(scores(&rule, &[GOOD; 20])[19], 1000);
        assert_eq!(seat(&rule, 599, &BAD), Verdict::Demote { epochs: 1 });
        assert_eq!(seat(&rule, 600, &BAD), Verdict::Keep);
    }

    #[test]
    fn all_evict_by_proof_alone_and_spare_members_without_a_successor() {
        fn check(rule: &impl CreditRule) {
            let proven = EpochReport {
                proven: true,
                ..GOOD
            };
            let (credit, verdict) = rule.after_epoch(&Credit::START, &proven);
            assert_eq!((credit.score, verdict), (0, Verdict::Evict));
            let alone = EpochReport {
                replaceable: false,
                turns: 0,
                ..BAD
            };
            let mut credit = Credit::START;
            for _ in 0..50 {
                let (next, verdict) = rule.after_epoch(&credit, &alone);
                assert!(matches!(verdict, Verdict::Keep | Verdict::Observe));
                credit = next;
            }
            let unmeasured = EpochReport {
                participation: Participation::Unmeasured,
                ..BAD
            };
            let before = rule.readmitted(&credit);
            let (after, verdict) = rule.after_epoch(&before, &unmeasured);
            assert_eq!((after, verdict), (before, Verdict::Keep));
        }
        check(&BetaReputation::default());
        check(&LeaderReputation::default());
        check(&AdditiveIncrease::default());
    }
}
