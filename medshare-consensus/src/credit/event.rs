//! What changed for an organisation, and why.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::id::{Epoch, Height, ReplicaId};

use super::facts::LostTurn;
use super::participation::Participation;
use super::role::{Exit, ExitReason, Role};
use super::rule::{Credit, EpochReport};

/// A change of a seat's credit or bans, with its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum CreditEvent {
    /// n − 2f members say that the seat did not propose in time.
    LostTurn {
        /// The seat whose turn it was.
        seat: ReplicaId,
        /// Height and view of the turn.
        turn: LostTurn,
        /// The block after which the turn's height takes no more votes.
        recorded: Height,
        /// The first height at which the seat may lead again.
        banned_until: Height,
    },
    /// Credit was computed anew from the votes of an epoch.
    EpochEnded {
        /// The seat that is judged.
        seat: ReplicaId,
        /// The epoch that ended.
        epoch: Epoch,
        /// The last height of the epoch.
        height: Height,
        /// What the epoch showed of the seat.
        report: EpochReport,
        /// Credit before the epoch ended.
        before: Credit,
        /// Credit from the next epoch on.
        after: Credit,
    },
    /// An organisation has another role from the next epoch on.
    RoleChanged {
        /// The organisation, seated or not.
        seat: ReplicaId,
        /// The last height of the epoch.
        height: Height,
        /// Its role in the epoch that ended.
        before: Role,
        /// Its role from the next epoch on.
        after: Role,
        /// Why it lost its seat or is to lose it.
        exit: Option<Exit>,
    },
}

impl CreditEvent {
    /// The seat whose credit or ban changed.
    #[must_use]
    pub const fn seat(&self) -> ReplicaId {
        match self {
            Self::LostTurn { seat, .. }
            | Self::EpochEnded { seat, .. }
            | Self::RoleChanged { seat, .. } => *seat,
        }
    }
}

impl fmt::Display for CreditEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LostTurn {
                seat,
                turn,
                recorded,
                banned_until,
            } => write!(
                f,
                "height {recorded}: seat {seat} lost its turn in view {} of height {}, leads again \
                 from height {banned_until}",
                turn.view, turn.height
            ),
            Self::EpochEnded {
                seat,
                epoch,
                height,
                report,
                before,
                after,
            } => {
                write!(f, "height {height}: epoch {epoch} of seat {seat}: ")?;
                match report.participation {
                    Participation::Unmeasured => f.write_str("votes not measured")?,
                    Participation::PerMille(share) => write!(f, "{share} ‰ of heights voted for")?,
                }
                write!(
                    f,
                    ", {} of {} turns lost, credit {} to {}",
                    report.lost, report.turns, before.score, after.score
                )
            }
            Self::RoleChanged {
                seat,
                height,
                before,
                after,
                exit,
            } => {
                write!(
                    f,
                    "height {height}: seat {seat} goes from {before} to {after}"
                )?;
                match exit.map(|exit| (exit.reason, exit.since)) {
                    None => Ok(()),
                    Some((ExitReason::Proof, epoch)) => {
                        write!(f, ", misbehaviour proven in epoch {epoch}")
                    }
                    Some((ExitReason::Departure { .. }, epoch)) => {
                        write!(f, ", departure recorded in epoch {epoch}")
                    }
                    Some((ExitReason::Demotion { epochs }, epoch)) => write!(
                        f,
                        ", credit too low after epoch {epoch}, {epochs} epochs without a seat"
                    ),
                }
            }
        }
    }
}
