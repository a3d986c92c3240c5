//! Organisations and what epochs show of them, for tests of credit and seats.

use std::collections::BTreeMap;

use medshare_consensus::credit::{
    Boundary, Conversion, CreditRule, DefaultRule, EpochReport, ExitReason, OrganisationRecord,
    Participation, Role, convert, leaders, seats,
};
use medshare_types::id::{Epoch, Height, ReplicaId};

/// A consortium from one boundary to the next.
#[derive(Clone)]
pub(crate) struct Consortium {
    pub(crate) records: BTreeMap<ReplicaId, OrganisationRecord>,
    pub(crate) boundary: Boundary,
}

pub(crate) fn report(share: u16) -> EpochReport {
    EpochReport {
        participation: Participation::PerMille(share),
        turns: 100,
        lost: 0,
        proven: false,
        replaceable: false,
    }
}

impl Consortium {
    /// The first `seats` of `pool` organisations sit; all are ready and took part.
    pub(crate) fn new(pool: u16, seats: u16) -> Self {
        let ids = (0..pool).map(ReplicaId);
        let record = |id: ReplicaId| OrganisationRecord::new(id.0 < seats, Epoch(0));
        Self {
            records: ids.clone().map(|id| (id, record(id))).collect(),
            boundary: Boundary {
                epoch: Epoch(0),
                height: Height(160),
                committee_size: seats.into(),
                ready: ids.clone().collect(),
                resources: BTreeMap::new(),
                reports: ids.map(|id| (id, report(1000))).collect(),
            },
        }
    }

    pub(crate) fn record(&mut self, id: u16) -> &mut OrganisationRecord {
        self.records.get_mut(&ReplicaId(id)).unwrap()
    }

    pub(crate) fn role(&self, id: u16) -> Role {
        self.records[&ReplicaId(id)].role
    }

    pub(crate) fn score(&self, id: u16) -> u16 {
        self.records[&ReplicaId(id)].standing.credit.score
    }

    pub(crate) fn exit(&mut self, id: u16, reason: ExitReason) {
        let epoch = self.boundary.epoch;
        self.record(id).note_exit(reason, epoch);
    }

    pub(crate) fn share(&mut self, id: u16, share: u16) {
        self.boundary.reports.insert(ReplicaId(id), report(share));
    }

    pub(crate) fn none_ready(&mut self) {
        self.boundary.ready.clear();
    }

    /// Orders blocks until the epoch is over.
    pub(crate) fn step(&mut self) -> Conversion {
        self.step_by(&DefaultRule::default())
    }

    pub(crate) fn step_by(&mut self, rule: &impl CreditRule) -> Conversion {
        let conversion = convert(&self.records, &self.boundary, rule);
        self.records = conversion.records.clone();
        self.boundary.epoch = self.boundary.epoch.next();
        conversion
    }

    pub(crate) fn seats(&self) -> Vec<u16> {
        seats(&self.records).into_iter().map(|id| id.0).collect()
    }

    pub(crate) fn leaders(&self) -> Vec<u16> {
        let keyed = &self.boundary.ready;
        let leaders = leaders(&self.records, keyed, Height(200));
        leaders.into_iter().map(|id| id.0).collect()
    }
}
