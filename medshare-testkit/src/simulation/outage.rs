//! Crashes of single members, outages of all, and restarts.

use medshare_consensus::{LogRecord, Output, Replica};

use medshare_types::id::Height;

use super::{Event, Simulation};
use crate::disk::TestRecord;
use crate::setting::TestPayload;

/// Longer than any message is under way.
const ALL_ARRIVED_MS: u64 = 100;

/// True when a member has just recorded the proposal for the height of `incident`.
pub(super) fn is_proposal(records: &[TestRecord], incident: Option<(Height, u64)>) -> bool {
    let prepared = |record: &TestRecord| matches!(record, LogRecord::Prepared { .. });
    incident.is_some_and(|(height, _)| {
        let mut records = records.iter();
        records.any(|record| prepared(record) && record.height() == height)
    })
}

impl Simulation {
    /// Stops a member before it carries out `output`. In half of the crashes at a record, the record
    /// is written and not synced.
    pub(super) fn crash(&mut self, index: usize, output: &Output<TestPayload>) {
        let down_ms = self.rng.between(1, self.faults().down_ms.max(1));
        if let Output::Persist { position, record } = output
            && self.rng.chance(500)
        {
            self.members[index].disk.append(*position, record);
        }
        self.stop(index, down_ms);
    }

    /// Stops every member, once.
    pub(super) fn black_out(&mut self) {
        let Some((_, down_ms)) = self.scenario.blackout.take() else {
            return;
        };
        for index in 0..self.members.len() {
            if self.members[index].replica.is_some() {
                self.stop(index, down_ms);
            }
        }
    }

    fn stop(&mut self, index: usize, down_ms: u64) {
        let member = &mut self.members[index];
        for record in member.disk.crash(&mut self.rng) {
            self.invariants.durable(member.id, &record);
        }
        let mut down_ms = down_ms;
        let lost = self.scenario.lost_disk;
        if let Some(lost) =
            lost.filter(|lost| lost.replica == member.id && member.life.is_multiple_of(2))
        {
            member.disk.lose();
            member.loss = lost.abstains.then(|| [member.life.to_le_bytes()[0]; 16]);
            // What it sent before has arrived: channels end with the process.
            down_ms = down_ms.max(ALL_ARRIVED_MS);
        }
        member.replica = None;
        member.life += 1;
        self.report.crashes += 1;
        self.note(&format!("{index} crash"));
        self.schedule(down_ms, index, Event::Restart);
    }

    pub(super) fn restart(&mut self, index: usize) {
        let member = &mut self.members[index];
        let config = self.scenario.setting.config(member.id);
        let tip = member.disk.tip();
        let log = member.disk.log();
        self.invariants.restarted(member.id, tip.height);
        let recovered = match member.loss {
            Some(loss) => Replica::recover_lost(config, tip, log, loss),
            None => Replica::recover(config, tip, log),
        };
        match recovered {
            Ok(replica) => member.replica = Some(replica),
            Err(error) => self.invariants.not_recovered(member.id, error),
        }
        self.drain(index);
    }
}
