//! What the chain records of its organisations, seated or not: identity, keys, role and credit.

use std::collections::{BTreeMap, BTreeSet};

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::committee::{Committee, CommitteeMember, Quorum};
use medshare_types::id::{Epoch, Height, OrganisationId, ReplicaId};
use medshare_types::sign::VerifyingKey;

use crate::credit::{
    Alarm, Boundary, CreditEvent, DefaultRule, EpochReport, ExitReason, Leading,
    OrganisationRecord, ResourceFacts, ResourceWeights, convert, leaders, resource_scores,
};

/// What a block's transactions tell of an organisation. The application has judged it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum ChainFact {
    /// The organisation votes with this key from an epoch on; the last one counts. One that comes with
    /// or after the last block of the epoch before changes nothing.
    KeyRegistered {
        /// Number of the organisation on the chain.
        replica: ReplicaId,
        /// The first epoch of the key.
        epoch: Epoch,
        /// Verifies its votes in that epoch, and in those after until it registers another.
        key: VerifyingKey,
    },
    /// The organisation answered a challenge over recent state, so it follows the chain.
    Answered {
        /// Number of the organisation on the chain.
        replica: ReplicaId,
    },
    /// Two statements that the organisation signed contradict each other.
    Proven {
        /// Number of the organisation on the chain.
        replica: ReplicaId,
    },
    /// The organisation leaves, by its own will or by a vote.
    Departs {
        /// Number of the organisation on the chain.
        replica: ReplicaId,
        /// True where the vote says that the committee may tolerate fewer faults without it.
        may_lower_faulty: bool,
    },
    /// A vote of the organisations brings an evicted or departed one back.
    Readmitted {
        /// Number of the organisation on the chain.
        replica: ReplicaId,
    },
    /// What organisations contributed over the last f + 1 epochs; the last one counts.
    Contributed(ResourceFacts),
}

impl ChainFact {
    /// The organisation that the fact is about; `None` where it is about several.
    #[must_use]
    pub const fn replica(&self) -> Option<ReplicaId> {
        match self {
            Self::KeyRegistered { replica, .. }
            | Self::Answered { replica }
            | Self::Proven { replica }
            | Self::Departs { replica, .. }
            | Self::Readmitted { replica } => Some(*replica),
            Self::Contributed(_) => None,
        }
    }
}

/// The identity of an organisation and its keys.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Identity {
    id: OrganisationId,
    /// The key that it votes with now, or would.
    key: VerifyingKey,
    /// That key was registered for the running epoch.
    is_fresh: bool,
    /// The key that it registered for the next epoch.
    next_key: Option<VerifyingKey>,
    /// It answered a challenge in this epoch.
    answered: bool,
}

/// Every organisation of the chain.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Organisations {
    identities: BTreeMap<ReplicaId, Identity>,
    records: BTreeMap<ReplicaId, OrganisationRecord>,
    contributions: ResourceFacts,
}

impl Organisations {
    pub(super) fn new(
        committee: &Committee,
        candidates: impl IntoIterator<Item = CommitteeMember>,
    ) -> Self {
        let all: Vec<_> = committee
            .members()
            .iter()
            .copied()
            .chain(candidates)
            .collect();
        let identity = |member: &CommitteeMember| Identity {
            id: member.organisation,
            key: member.key,
            is_fresh: true,
            next_key: None,
            answered: false,
        };
        let record = |member: &CommitteeMember| {
            OrganisationRecord::new(committee.has(member.replica), committee.epoch())
        };
        Self {
            identities: all.iter().map(|of| (of.replica, identity(of))).collect(),
            records: all.iter().map(|of| (of.replica, record(of))).collect(),
            contributions: ResourceFacts::default(),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.records.len()
    }

    pub(super) fn record(&self, replica: ReplicaId) -> Option<&OrganisationRecord> {
        self.records.get(&replica)
    }

    pub(super) fn leading_mut(&mut self, replica: ReplicaId) -> Option<&mut Leading> {
        let record = self.records.get_mut(&replica)?;
        Some(&mut record.standing.leading)
    }

    pub(super) fn id(&self, replica: ReplicaId) -> Option<OrganisationId> {
        Some(self.identities.get(&replica)?.id)
    }

    pub(super) fn replica_of(&self, id: &OrganisationId) -> Option<ReplicaId> {
        let mut identities = self.identities.iter();
        let (replica, _) = identities.find(|(_, of)| of.id == *id)?;
        Some(*replica)
    }

    pub(super) fn next_key(&self, replica: ReplicaId) -> Option<VerifyingKey> {
        self.identities.get(&replica)?.next_key
    }

    /// Takes what a block of `epoch`, or the last one before it, told.
    pub(super) fn learn(&mut self, epoch: Epoch, fact: &ChainFact) {
        match fact {
            ChainFact::KeyRegistered {
                replica,
                epoch: first,
                key,
            } => {
                let identity = self.identities.get_mut(replica);
                if let Some(identity) = identity.filter(|_| *first == epoch.next()) {
                    identity.next_key = Some(*key);
                }
            }
            ChainFact::Answered { replica } => {
                if let Some(identity) = self.identities.get_mut(replica) {
                    identity.answered = true;
                }
            }
            ChainFact::Proven { replica } => {
                if let Some(record) = self.records.get_mut(replica) {
                    record.note_exit(ExitReason::Proof, epoch);
                }
            }
            ChainFact::Departs {
                replica,
                may_lower_faulty,
            } => {
                if let Some(record) = self.records.get_mut(replica) {
                    let may_lower_faulty = *may_lower_faulty;
                    record.note_exit(ExitReason::Departure { may_lower_faulty }, epoch);
                }
            }
            ChainFact::Readmitted { replica } => {
                if let Some(record) = self.records.get_mut(replica) {
                    record.readmit(epoch.next(), &DefaultRule::default());
                }
            }
            ChainFact::Contributed(facts) => self.contributions = facts.clone(),
        }
    }

    /// Ends an epoch: credit, roles, and keys.
    pub(super) fn convert(
        &mut self,
        (epoch, height): (Epoch, Height),
        committee_size: u16,
        reports: BTreeMap<ReplicaId, EpochReport>,
        quorum: Quorum,
    ) -> (Vec<CreditEvent>, Vec<Alarm>) {
        let all = self.records.keys().copied().collect();
        let weights = ResourceWeights::default();
        let resources = resource_scores(&all, &self.contributions, &weights, quorum.faulty());
        let is_ready = |identity: &Identity| identity.answered && identity.next_key.is_some();
        let ready = self.identities.iter().filter(|(_, of)| is_ready(of));
        let boundary = Boundary {
            epoch,
            height,
            committee_size: committee_size.into(),
            ready: ready.map(|(replica, _)| *replica).collect(),
            resources,
            reports,
        };
        let conversion = convert(&self.records, &boundary, &DefaultRule::default());
        self.records = conversion.records;
        for identity in self.identities.values_mut() {
            let registered = identity.next_key.take();
            identity.is_fresh = registered.is_some();
            identity.key = registered.unwrap_or(identity.key);
            identity.answered = false;
        }
        (conversion.events, conversion.alarms)
    }

    /// The organisations in a seat, ascending, with the keys that they vote with.
    pub(super) fn seated(&self) -> Vec<CommitteeMember> {
        let seated = self.records.iter().filter(|(_, of)| of.role.is_seated());
        let member = |(replica, _): (&ReplicaId, _)| {
            let identity = self.identities.get(replica)?;
            Some(CommitteeMember {
                replica: *replica,
                organisation: identity.id,
                key: identity.key,
            })
        };
        seated.filter_map(member).collect()
    }

    /// The members that may not lead at `height`.
    pub(super) fn barred(&self, committee: &Committee, height: Height) -> BTreeSet<ReplicaId> {
        let fresh = self.identities.iter().filter(|(_, of)| of.is_fresh);
        let fresh = fresh.map(|(replica, _)| *replica).collect();
        let leaders = leaders(&self.records, &fresh, height);
        let members = committee.replicas();
        members.filter(|member| !leaders.contains(member)).collect()
    }

    /// Lifts all bans, in tests only.
    pub(super) fn forgive_lost_turns(&mut self) {
        for record in self.records.values_mut() {
            record.standing.leading.banned_until = Height(0);
        }
    }

    /// Takes over bans and own blocks.
    pub(super) fn keep_leading(&mut self, before: &Self) {
        for (replica, record) in &mut self.records {
            if let Some(before) = before.records.get(replica) {
                record.standing.leading = before.standing.leading;
            }
        }
    }
}
