//! The records of honest members, observed while a run goes on and reported at its end.

use medshare_types::id::Height;
use medshare_types::wire::Wire as _;

use super::Simulation;
use crate::checker;
use crate::credit_invariants::CreditInvariants;
use crate::disk::TestRecord;
use crate::memory;
use crate::scenario::{Faults, Scenario};
use crate::violation::Violation;

/// Time after the last fault in which members catch up, milliseconds.
const SETTLED_MS: u64 = 5_000;

impl Simulation {
    pub(super) fn observe_record(&mut self, index: usize) {
        if self.is_byzantine(index) {
            return;
        }
        let member = &self.members[index];
        if let Some(replica) = &member.replica {
            let violation = self.credit.observe(member.id, replica.record());
            self.invariants.add(violation);
            self.recording.standings(member.id, replica.record());
        }
    }

    /// What an honest member holds of others' messages, after each input.
    pub(super) fn observe_memory(&mut self, index: usize) {
        let member = &self.members[index];
        if let Some(replica) = &member.replica
            && !self.is_byzantine(index)
        {
            let seats = replica.committee().members().len().max(member.most_seats);
            let organisations = self.members.len();
            let held = replica.footprint();
            let excess = memory::excess(member.id, &held, seats, organisations);
            self.members[index].most_seats = seats;
            self.invariants.add(excess);
        }
    }

    /// What a replica puts out is judged by the committee that it has come to.
    pub(super) fn observe_committee(&mut self, index: usize) {
        if let Some(replica) = &self.members[index].replica
            && !self.is_byzantine(index)
        {
            self.invariants.sits(replica.committee());
        }
    }

    /// Records of a member's log are durable: only now may others see what they hold.
    pub(super) fn record_durable(&mut self, index: usize, records: &[TestRecord]) {
        let id = self.members[index].id;
        for record in records {
            self.invariants.durable(id, record);
            self.recording.durable(id, record);
        }
    }

    /// Hands the log of the run to the checker.
    pub(super) fn check_log(&mut self) {
        let log = self.recording.finish();
        self.report.log = log.to_wire();
        let findings = match checker::check(&self.report.log) {
            Ok(findings) => findings,
            Err(error) => {
                self.invariants.add([Violation::UnreadableLog { error }]);
                return;
            }
        };
        let faults = findings.faults.into_iter().map(Violation::BrokenRule);
        self.invariants.add(faults);
        let blamed = self.credit.blamed(&log, &findings.lost_turns);
        self.invariants.add(blamed);
        self.report.culprits = findings.culprits;
    }

    pub(super) fn report_credit(&mut self) {
        let longest = self.honest().max_by_key(|member| member.disk.height());
        let Some(disk) = longest.map(|member| &member.disk) else {
            return;
        };
        let record = disk.tip().record;
        let blocks = (1..=disk.height().0).filter_map(|height| {
            let proposal = &disk.block(Height(height))?.proposal;
            let (header, votes) = (proposal.header.clone(), proposal.attestations.clone());
            Some((header, votes, proposal.payload.facts()))
        });
        self.report.blocks = blocks.collect();
        let members = self.scenario.setting.members().seats();
        self.report.standings = members.map(|seat| (seat, record.standing(seat))).collect();
    }
}

/// Members answer for their turns once messages have come in time for a while, unless all of them may
/// stop or lose their disks.
pub(super) fn credit_of(scenario: &Scenario) -> CreditInvariants {
    let setting = &scenario.setting;
    let mut excused = scenario.byzantine();
    excused.extend(scenario.lost_disk.map(|lost| lost.replica));
    excused.extend(scenario.wrong_clock.map(|(replica, _)| replica));
    let f = setting.committee().quorum().faulty();
    let is_borne = excused.len() <= f;
    // They follow by ticks, and may still be behind at their first turns.
    let seats = setting.committee().members().len();
    excused.extend(setting.members().seats().skip(seats));
    let faults = &scenario.faults;
    let cuts = faults.partition_per_mille + faults.one_way_per_mille;
    let is_rough = faults.drop_per_mille + faults.crash_per_mille + cuts > 0
        || faults.delay_ms > Faults::NONE.delay_ms
        || faults.work_ms > Faults::NONE.work_ms
        || scenario.isolated.is_some();
    let from_ms = if is_rough {
        scenario.calm_after_ms + SETTLED_MS
    } else {
        0
    };
    let is_sound = scenario.blackout.is_none()
        && scenario.clocks_ahead.is_none()
        && scenario.stale_after_ms.is_none()
        && scenario.splits.sides.is_empty();
    let calm_from = (is_sound && is_borne).then(|| setting.created().plus_millis(1_000 + from_ms));
    CreditInvariants::new(excused, calm_from)
}
