//! Organisations, seated or not: identity, keys, standing, and why they are to go. C15 to C18.

use std::collections::BTreeMap;

use medshare_types::id::{Epoch, Height, OrganisationId, ReplicaId};
use medshare_types::sign::VerifyingKey;

use super::committee::Committee;
use super::facts::{Contributions, Fact};
use super::format::{Role, RunLog, Standing};
use super::quorum::Quorum;

/// Why an organisation is to lose its seat, the most pressing reason first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Proof,
    Departure { may_lower_faulty: bool },
    Demotion { epochs: u64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exit {
    pub(super) reason: Reason,
    pub(super) since: Epoch,
}

#[derive(Clone, Debug)]
pub(super) struct Organisation {
    id: OrganisationId,
    /// Its key in the running epoch.
    key: VerifyingKey,
    /// It registered that key for this epoch.
    has_key_of_epoch: bool,
    next_key: Option<VerifyingKey>,
    answered: bool,
    pub(super) standing: Standing,
    pub(super) exit: Option<Exit>,
    pub(super) waiting_since: Epoch,
    pub(super) demoted_until: Epoch,
}

/// All organisations by their numbers.
#[derive(Clone, Debug)]
pub(super) struct Organisations {
    pub(super) all: BTreeMap<ReplicaId, Organisation>,
    pub(super) contributions: Contributions,
}

impl Role {
    pub(super) const fn has_seat(self) -> bool {
        matches!(self, Self::Probation | Self::Consensus | Self::Observed)
    }
}

impl Reason {
    /// C23: proofs, departures, demotions.
    pub(super) const fn kind(self) -> u8 {
        match self {
            Self::Proof => 0,
            Self::Departure { .. } => 1,
            Self::Demotion { .. } => 2,
        }
    }

    /// Two reasons of one kind.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Demotion { epochs }, Self::Demotion { epochs: others }) => Self::Demotion {
                epochs: epochs.max(others),
            },
            (
                Self::Departure { may_lower_faulty },
                Self::Departure {
                    may_lower_faulty: other,
                },
            ) => Self::Departure {
                may_lower_faulty: may_lower_faulty || other,
            },
            (reason, _) => reason,
        }
    }
}

impl Organisation {
    /// C16: it is to go for this reason, recorded in `epoch`.
    pub(super) fn note_exit(&mut self, reason: Reason, epoch: Epoch) {
        let new = Exit {
            reason,
            since: epoch,
        };
        let Some(held) = &mut self.exit else {
            self.exit = Some(new);
            return;
        };
        if held.reason.kind() == reason.kind() {
            held.reason = held.reason.and(reason);
        } else if held.reason.kind() > reason.kind() {
            *held = new;
        }
    }

    /// C17 and C20: it may have a seat from `epoch` on.
    pub(super) fn wait_from(&mut self, epoch: Epoch) {
        self.standing.role = Role::Candidate;
        self.standing.score = self.standing.score.max(300);
        self.exit = None;
        self.waiting_since = epoch;
    }

    pub(super) fn is_proven(&self) -> bool {
        let proven = |exit: Exit| exit.reason == Reason::Proof;
        self.standing.role == Role::Evicted || self.exit.is_some_and(proven)
    }

    /// C21: it answered the challenge of the epoch, and has a key for the next.
    pub(super) const fn is_prepared(&self) -> bool {
        self.answered && self.next_key.is_some()
    }
}

impl Organisations {
    pub(super) fn new(log: &RunLog) -> Self {
        let numbered = (0..).map(ReplicaId).zip(&log.organisations);
        let organisation = |(replica, (id, key)): (ReplicaId, &(OrganisationId, VerifyingKey))| {
            let role = if replica.0 < log.seats {
                Role::Consensus
            } else {
                Role::Candidate
            };
            let organisation = Organisation {
                id: *id,
                key: *key,
                has_key_of_epoch: true,
                next_key: None,
                answered: false,
                standing: Standing {
                    role,
                    score: 500,
                    strikes: 0,
                    since_strike: 0,
                    level: 0,
                    clean: 0,
                    banned_until: Height(0),
                    last_lost: Height(0),
                },
                exit: None,
                waiting_since: Epoch(0),
                demoted_until: Epoch(0),
            };
            (replica, organisation)
        };
        Self {
            all: numbered.map(organisation).collect(),
            contributions: Contributions::default(),
        }
    }

    pub(super) fn standings(&self) -> Vec<Standing> {
        self.all.values().map(|of| of.standing).collect()
    }

    pub(super) fn standing(&mut self, replica: ReplicaId) -> Option<&mut Standing> {
        let organisation = self.all.get_mut(&replica)?;
        Some(&mut organisation.standing)
    }

    /// Those in a seat, with their keys.
    pub(super) fn committee(&self, epoch: Epoch) -> Committee {
        let seated = self
            .all
            .iter()
            .filter(|(_, of)| of.standing.role.has_seat());
        Committee {
            epoch,
            members: seated.map(|(id, of)| (*id, (of.id, of.key))).collect(),
        }
    }

    /// A block tells this; `epoch` is that of the block after it.
    pub(super) fn learn(&mut self, fact: Fact, epoch: Epoch) {
        match fact {
            Fact::Contributed(contributions) => self.contributions = contributions,
            Fact::KeyRegistered {
                replica,
                epoch: of,
                key,
            } => {
                if let Some(organisation) = self.all.get_mut(&replica)
                    && of == epoch.next()
                {
                    organisation.next_key = Some(key);
                }
            }
            Fact::Answered { replica } => self.change(replica, |of| of.answered = true),
            Fact::Proven { replica } => {
                self.change(replica, |of| of.note_exit(Reason::Proof, epoch));
            }
            Fact::Departs {
                replica,
                may_lower_faulty,
            } => {
                let reason = Reason::Departure { may_lower_faulty };
                self.change(replica, |of| of.note_exit(reason, epoch));
            }
            Fact::Readmitted { replica } => self.change(replica, |of| {
                if matches!(of.standing.role, Role::Evicted | Role::Departed) {
                    of.wait_from(epoch.next());
                }
            }),
        }
    }

    fn change(&mut self, replica: ReplicaId, change: impl FnOnce(&mut Organisation)) {
        if let Some(organisation) = self.all.get_mut(&replica) {
            change(organisation);
        }
    }

    /// The keys that were registered for the next epoch are those of it.
    pub(super) fn change_keys(&mut self) {
        for organisation in self.all.values_mut() {
            let registered = organisation.next_key.take();
            organisation.has_key_of_epoch = registered.is_some();
            organisation.key = registered.unwrap_or(organisation.key);
            organisation.answered = false;
        }
    }

    /// C5 and C18, ascending.
    pub(super) fn leaders(&self, height: Height) -> Vec<ReplicaId> {
        let seated = self
            .all
            .iter()
            .filter(|(_, of)| of.standing.role.has_seat());
        let may_lead = |of: &Organisation| {
            of.standing.role == Role::Consensus
                && of.has_key_of_epoch
                && of.standing.banned_until <= height
                && !of.is_proven()
        };
        let (mut leaders, mut others): (Vec<_>, Vec<_>) = seated.partition(|(_, of)| may_lead(of));
        let quorum = Quorum::of(leaders.len() + others.len());
        others.sort_by_key(|(id, of)| (of.is_proven(), of.standing.last_lost, **id));
        let missing = (2 * quorum.faulty + 1).saturating_sub(leaders.len());
        leaders.extend(others.into_iter().take(missing));
        let mut leaders: Vec<_> = leaders.into_iter().map(|(id, _)| *id).collect();
        leaders.sort_unstable();
        leaders
    }
}
