//! Crashes of single members, outages of all, and restarts.

#[cfg(feature = "mutants")]
use medshare_consensus::Mutant;
use medshare_consensus::{Output, Replica};

use super::Simulation;
use super::events::{Event, is_proposal};
use crate::disk::TestRecord;
use crate::setting::TestPayload;

/// Longer than any message is under way.
const ALL_ARRIVED_MS: u64 = 100;

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

    /// True when a member has recorded the prepare after which it loses its disk.
    pub(super) fn loses_after(&self, index: usize, records: &[TestRecord]) -> bool {
        let lost = self.scenario.lost_disk;
        let lost = lost.filter(|lost| lost.replica == self.members[index].id);
        is_proposal(
            records,
            lost.and_then(|lost| Some((lost.after_prepare?, 0))),
        ) && self.members[index].life == 0
    }

    pub(super) fn fail(&mut self, index: usize) {
        self.stop(index, ALL_ARRIVED_MS);
    }

    fn stop(&mut self, index: usize, down_ms: u64) {
        let survivors = self.members[index].disk.crash(&mut self.rng);
        self.record_durable(index, &survivors);
        let member = &mut self.members[index];
        let mut down_ms = down_ms;
        let lost = self.scenario.lost_disk;
        if let Some(lost) =
            lost.filter(|lost| lost.replica == member.id && member.life.is_multiple_of(2))
        {
            if self.rng.chance(500) {
                member.disk.lose();
            } else {
                member.disk.restore(&mut self.rng);
            }
            self.report.losses += 1;
            member.loss = lost.abstains.then(|| [member.life.to_le_bytes()[0]; 16]);
            // What it sent before has arrived: channels end with the process.
            down_ms = down_ms.max(ALL_ARRIVED_MS);
        }
        member.replica = None;
        member.life += 1;
        self.report.crashes += 1;
        self.tell(index, || "crashes".to_owned());
        self.note(index, &[b"crash"]);
        self.schedule(down_ms, index, Event::Restart);
    }

    pub(super) fn restart(&mut self, index: usize) {
        let member = &mut self.members[index];
        let mut config = self.scenario.setting.config(member.id);
        config.resend_ms = self.scenario.resend_ms;
        let tip = member.disk.tip();
        let epoch = tip.record.committee().epoch();
        let kept = [epoch, epoch.next()];
        let kept = kept.map(|epoch| self.scenario.setting.key_in(member.id, epoch));
        config.signing_keys.extend(kept);
        member.record = Some(tip.record.clone());
        member.keys_of = None;
        let log = member.disk.log();
        self.invariants.restarted(member.id, tip.height);
        self.credit.restarted(member.id);
        self.recording.restarted(member.id);
        member.executed = tip.height;
        member.executed_since = self.clock_ms;
        let recovered = match member.loss {
            #[cfg(feature = "mutants")]
            loss if self.scenario.mutant.is_some() => {
                let mutant = self.scenario.mutant.unwrap_or(Mutant::ALL[0]);
                Replica::recover_mutant(config, tip, log, loss, mutant)
            }
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
