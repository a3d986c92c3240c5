//! Properties of credit in a run: the same record everywhere, and no honest member blamed in calm.

use std::collections::{BTreeMap, BTreeSet};

use medshare_consensus::credit::CreditEvent;
use medshare_consensus::{ChainRecord, Decided};
use medshare_types::committee::Committee;
use medshare_types::hash::Digest;
use medshare_types::id::{Height, ReplicaId};
use medshare_types::time::Timestamp;

use crate::setting::TestPayload;
use crate::violation::Violation;

/// An observer of the records of honest members.
#[derive(Debug)]
pub(crate) struct CreditInvariants {
    committee: Committee,
    /// Members that may be blamed.
    excused: BTreeSet<ReplicaId>,
    /// The time of a parent from which on no honest primary is late; `None` where some always may be.
    calm_from: Option<Timestamp>,
    record: ChainRecord,
    times: Vec<Timestamp>,
    /// The digest of the record after each block, as the first member to reach it has it.
    digests: BTreeMap<(Height, Digest), Digest>,
    noted: BTreeMap<ReplicaId, (Height, Digest)>,
}

impl CreditInvariants {
    pub(crate) const fn new(
        committee: Committee,
        record: ChainRecord,
        excused: BTreeSet<ReplicaId>,
        calm_from: Option<Timestamp>,
    ) -> Self {
        Self {
            committee,
            excused,
            calm_from,
            record,
            times: Vec::new(),
            digests: BTreeMap::new(),
            noted: BTreeMap::new(),
        }
    }

    /// A replica of `member` has this record.
    pub(crate) fn observe(&mut self, member: ReplicaId, record: &ChainRecord) -> Option<Violation> {
        let tip = record.tip()?;
        if self.noted.insert(member, tip) == Some(tip) {
            return None;
        }
        let height = tip.0;
        let digest = record.digest();
        let first = self.digests.entry(tip).or_insert(digest);
        (*first != digest).then_some(Violation::DifferentRecord { member, height })
    }

    /// A member started again: its record is compared anew.
    pub(crate) fn restarted(&mut self, member: ReplicaId) {
        self.noted.remove(&member);
    }

    /// The first honest member committed a block; later ones commit the same.
    pub(crate) fn committed(&mut self, block: &Decided<TestPayload>) -> Vec<Violation> {
        let header = &block.proposal.header;
        if header.height.0 != self.times.len() as u64 + 1 {
            return Vec::new();
        }
        self.times.push(header.time);
        let votes = &block.proposal.attestations;
        let events = self.record.absorb(&self.committee, header, votes);
        let blamed = events.iter().filter_map(|event| match event {
            CreditEvent::LostTurn { seat, turn, .. } => Some((*seat, turn.height)),
            CreditEvent::TermEnded { .. } => None,
        });
        let honest = blamed
            .filter(|(seat, height)| !self.excused.contains(seat) && self.is_calm_at(*height));
        let honest = honest.map(|(member, height)| Violation::HonestBlamed { member, height });
        honest.collect()
    }

    /// True when the height before was proposed in calm.
    fn is_calm_at(&self, height: Height) -> bool {
        let parent = height
            .0
            .checked_sub(2)
            .and_then(|i| usize::try_from(i).ok());
        let parent = parent.and_then(|index| self.times.get(index));
        self.calm_from
            .zip(parent)
            .is_some_and(|(calm, parent)| *parent >= calm)
    }
}
