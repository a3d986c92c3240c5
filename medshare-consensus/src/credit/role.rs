//! What an organisation is to the committee, and how it got there.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::id::Epoch;
use medshare_types::wire::Wire;

use super::rule::CreditRule;
use super::standing::Standing;

/// C15: what an organisation is to the committee. Roles change at the boundary of epochs alone.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub enum Role {
    /// Without a seat, and not prepared for one.
    Candidate,
    /// Without a seat, and prepared: it answered the challenge and registered a key for the epoch.
    Ready,
    /// In its first epoch in a seat: votes, and cannot lead.
    Probation,
    /// In a seat: votes and leads.
    Consensus,
    /// In a seat that it is to lose once that is possible, or with too little credit: votes, and
    /// cannot lead.
    Observed,
    /// Without a seat for a number of epochs.
    Demoted,
    /// Without a seat for good, by proof of misbehaviour.
    Evicted,
    /// Without a seat for good, by its own will or by a vote.
    Departed,
}

impl Role {
    /// True for a member of the committee.
    #[must_use]
    pub const fn is_seated(self) -> bool {
        matches!(self, Self::Probation | Self::Consensus | Self::Observed)
    }

    /// True for an organisation that only a vote of all brings back.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Evicted | Self::Departed)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Candidate => "candidate",
            Self::Ready => "ready",
            Self::Probation => "probation",
            Self::Consensus => "consensus",
            Self::Observed => "observed",
            Self::Demoted => "demoted",
            Self::Evicted => "evicted",
            Self::Departed => "departed",
        })
    }
}

/// Why an organisation is to lose its seat, the most pressing reason first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub enum ExitReason {
    /// Its own signatures prove misbehaviour.
    Proof,
    /// Its own will, or a vote of the organisations.
    Departure {
        /// True where the vote says that the committee may tolerate fewer faults without it.
        may_lower_faulty: bool,
    },
    /// Its credit fell below 300.
    Demotion {
        /// Epochs without a seat.
        epochs: u32,
    },
}

impl ExitReason {
    /// True for reasons of the same kind.
    const fn is_like(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Proof, Self::Proof)
                | (Self::Departure { .. }, Self::Departure { .. })
                | (Self::Demotion { .. }, Self::Demotion { .. })
        )
    }

    /// The more pressing of two reasons; of one kind, the further reaching.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (
                Self::Departure {
                    may_lower_faulty: a,
                },
                Self::Departure {
                    may_lower_faulty: b,
                },
            ) => Self::Departure {
                may_lower_faulty: a || b,
            },
            (Self::Demotion { epochs: a }, Self::Demotion { epochs: b }) => {
                Self::Demotion { epochs: a.max(b) }
            }
            _ => self.min(other),
        }
    }

    /// Rank in the order of exits; reasons of one kind are alike.
    pub(crate) const fn rank(self) -> u8 {
        match self {
            Self::Proof => 0,
            Self::Departure { .. } => 1,
            Self::Demotion { .. } => 2,
        }
    }
}

/// That an organisation is to lose its seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct Exit {
    /// The most pressing reason.
    pub reason: ExitReason,
    /// The epoch in which that reason arose.
    pub since: Epoch,
}

/// An organisation as the chain's state keeps it, seated or not.
///
/// The state holds it under [`record_key`](super::record_key), as it was at the last event of the
/// organisation: own blocks since then are not counted there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OrganisationRecord {
    /// What it is in the running epoch.
    pub role: Role,
    /// Its credit, and its record as primary.
    pub standing: Standing,
    /// Why it is to lose its seat; absent where it is not.
    pub exit: Option<Exit>,
    /// The first epoch in which it could have had the seat that it waits for.
    pub waiting_since: Epoch,
    /// The first epoch in which a demoted organisation may have a seat again.
    pub demoted_until: Epoch,
}

impl Wire for OrganisationRecord {
    const KIND: [u8; 4] = *b"mCRO";
    const MAX_LEN: usize = 128;
}

impl OrganisationRecord {
    /// A member of the first committee, or an organisation that waits for a seat from `since` on.
    #[must_use]
    pub fn new(seated: bool, since: Epoch) -> Self {
        Self {
            role: if seated {
                Role::Consensus
            } else {
                Role::Candidate
            },
            standing: Standing::default(),
            exit: None,
            waiting_since: since,
            demoted_until: Epoch(0),
        }
    }

    /// C16: notes in `epoch` that the organisation is to lose its seat: a proof or a departure, as a
    /// block of the epoch records it. The seat changes hands at a boundary.
    ///
    /// Only the most pressing reason is kept, and of equal ones the first.
    pub fn note_exit(&mut self, reason: ExitReason, epoch: Epoch) {
        self.exit = Some(match self.exit {
            Some(exit) => {
                let most = exit.reason.or(reason);
                let since = if most.is_like(exit.reason) {
                    exit.since
                } else {
                    epoch
                };
                Exit {
                    reason: most,
                    since,
                }
            }
            None => Exit {
                reason,
                since: epoch,
            },
        });
    }

    /// C17: a vote of the organisations brings an evicted or departed one back, to wait for a seat
    /// from `since` on. Others stay as they are.
    pub fn readmit(&mut self, since: Epoch, rule: &impl CreditRule) {
        if self.role.is_final() {
            self.await_seat(since, rule);
        }
    }

    /// True when the organisation's own signatures prove misbehaviour.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.role == Role::Evicted
            || self
                .exit
                .is_some_and(|exit| exit.reason == ExitReason::Proof)
    }

    pub(crate) fn await_seat(&mut self, since: Epoch, rule: &impl CreditRule) {
        self.role = Role::Candidate;
        self.standing.credit = rule.readmitted(&self.standing.credit);
        self.exit = None;
        self.waiting_since = since;
    }

    /// Takes the seat away, at the boundary before the epoch `next`.
    pub(crate) fn leave_seat(&mut self, reason: ExitReason, next: Epoch) {
        self.exit = None;
        self.role = match reason {
            ExitReason::Proof => Role::Evicted,
            ExitReason::Departure { .. } => Role::Departed,
            ExitReason::Demotion { epochs } => {
                self.demoted_until = Epoch(next.0.saturating_add(epochs.into()));
                Role::Demoted
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credit::DefaultRule;

    const STAYS: ExitReason = ExitReason::Departure {
        may_lower_faulty: false,
    };
    const DEMOTION: ExitReason = ExitReason::Demotion { epochs: 4 };

    #[test]
    fn the_most_pressing_reason_stays_with_its_own_date() {
        let mut record = OrganisationRecord::new(true, Epoch(0));
        let mut note = |reason, epoch| {
            record.note_exit(reason, Epoch(epoch));
            let exit = record.exit.unwrap();
            (exit.reason, exit.since.0)
        };
        assert_eq!(note(DEMOTION, 3), (DEMOTION, 3));
        let longer = ExitReason::Demotion { epochs: 16 };
        assert_eq!(note(longer, 5), (longer, 3));
        assert_eq!(note(DEMOTION, 5), (longer, 3));
        assert_eq!(note(STAYS, 6), (STAYS, 6));
        assert_eq!(note(DEMOTION, 7), (STAYS, 6));
        let lowers = ExitReason::Departure {
            may_lower_faulty: true,
        };
        assert_eq!(note(lowers, 8), (lowers, 6));
        assert_eq!(note(STAYS, 9), (lowers, 6));
        assert_eq!(note(ExitReason::Proof, 9), (ExitReason::Proof, 9));
        assert_eq!(note(ExitReason::Proof, 10), (ExitReason::Proof, 9));
        assert!(record.is_proven());
    }

    #[test]
    fn only_a_vote_brings_an_evicted_organisation_back() {
        let mut record = OrganisationRecord::new(true, Epoch(0));
        let rule = DefaultRule::default();
        record.readmit(Epoch(2), &rule);
        assert_eq!(record.role, Role::Consensus, "it has not left");
        record.standing.credit.score = 0;
        record.leave_seat(ExitReason::Proof, Epoch(3));
        assert_eq!(record.role, Role::Evicted);
        record.readmit(Epoch(9), &rule);
        assert_eq!(record.role, Role::Candidate);
        assert_eq!(record.standing.credit.score, 300);
        assert!(!record.is_proven());
    }
}
