//! The outputs of a replica, carried out one by one.

use medshare_consensus::{
    Decided, Effect, Input, Now, Output, Proposal, Recipients, Timer, Verdict,
};
use medshare_types::id::{Height, View};
use medshare_types::time::Timestamp;

use super::Simulation;
use super::events::Local;
use crate::scenario::Faults;
use crate::setting::{Message, TestPayload};

impl Simulation {
    /// Removes the mark of a loss that is over, once every record is durable.
    fn unmark(&mut self, index: usize) {
        let member = &mut self.members[index];
        let over = member
            .replica
            .as_ref()
            .is_some_and(|replica| !replica.is_lost());
        if over && member.disk.is_synced() {
            member.loss = None;
        }
    }

    /// Carries out the outputs in order; a crash may come before any of them.
    pub(super) fn drain(&mut self, index: usize) {
        self.observe_committee(index);
        loop {
            let Some(replica) = &mut self.members[index].replica else {
                return;
            };
            let Some(output) = replica.poll_output() else {
                self.unmark(index);
                self.observe_record(index);
                self.observe_memory(index);
                return;
            };
            let faults = self.faults();
            if self.members[index].life <= faults.crashes && self.rng.chance(faults.crash_per_mille)
            {
                self.crash(index, &output);
                return;
            }
            self.act(index, output);
        }
    }

    fn act(&mut self, index: usize, output: Output<TestPayload>) {
        self.tell_output(index, &output);
        match output {
            Output::Persist { position, record } => {
                self.invariants.written(self.members[index].id, &record);
                let disk = &mut self.members[index].disk;
                disk.append(position, &record);
                if disk.is_hasty() {
                    let replica = &mut self.members[index].replica;
                    if let Some(replica) = replica {
                        let now = Now {
                            wall: Timestamp::MAX,
                            monotonic_ms: self.clock_ms,
                        };
                        let _ = replica.handle(now, Input::Persisted(position));
                    }
                }
                // A final block waits for the next vote.
                if record.is_vote() {
                    let after_ms = self.work_ms();
                    self.schedule_local(after_ms, index, Local::Synced(position));
                }
            }
            Output::Effect(effect) => self.carry_out(index, effect),
        }
    }

    fn carry_out(&mut self, index: usize, effect: Effect<TestPayload>) {
        match effect {
            Effect::Validate(proposal) => {
                let verdict = self.judge(index, &proposal);
                let after_ms = self.work_ms();
                let judged = Local::Judged(proposal.header.digest(), verdict);
                self.schedule_local(after_ms, index, judged);
            }
            Effect::SetTimer { timer, after_ms } => {
                let generation = self.replace_timer(index, timer);
                let member = &self.members[index];
                if timer == Timer::View
                    && let Some(replica) = &member.replica
                    && replica.view() == View(0)
                {
                    let tip = replica.height();
                    self.invariants.timed(member.id, tip, after_ms);
                }
                self.schedule_local(after_ms, index, Local::Timer { timer, generation });
            }
            Effect::CancelTimer(timer) => {
                self.replace_timer(index, timer);
            }
            Effect::Send { to, message } => self.send(index, to, &message),
            Effect::Commit {
                proposal,
                certificate,
            } => self.commit(
                index,
                Decided {
                    proposal,
                    certificate,
                },
            ),
            Effect::Misbehaviour(evidence) => {
                if !self.is_byzantine(index) {
                    self.invariants.exposed(&evidence);
                    self.report.evidence.push(evidence);
                }
            }
            Effect::Serve { to, from, until } => {
                for height in from.0..=until.0 {
                    let block = self.members[index].disk.block(Height(height));
                    if let Some(block) = block.cloned() {
                        let to = Recipients::Only(vec![to]);
                        self.send(index, to, &Message::Decided(block));
                    }
                }
            }
        }
    }

    /// The application's verdict on a first proposal: it may come later, or depend on the time.
    fn judge(&mut self, index: usize, proposal: &Proposal<TestPayload>) -> Verdict {
        let stale_after_ms = self.scenario.stale_after_ms.unwrap_or(u64::MAX);
        let best_before = proposal.header.time.plus_millis(stale_after_ms);
        if self.faults().drop_per_mille > 0 && self.rng.chance(100) {
            Verdict::Deferred
        } else if proposal.payload.is_valid() && self.now(index).wall <= best_before {
            Verdict::Valid
        } else {
            Verdict::Invalid
        }
    }

    fn replace_timer(&mut self, index: usize, timer: Timer) -> u64 {
        let generation = self.members[index].generations.entry(timer).or_default();
        *generation += 1;
        *generation
    }

    fn commit(&mut self, index: usize, block: Decided<TestPayload>) {
        let id = self.members[index].id;
        self.invariants.committed(id, &block);
        let clock_ms = self.clock_ms;
        let decided = self.invariants.proposers().len();
        self.report.decided_ms.resize(decided, clock_ms);
        let at = clock_ms + self.work_ms();
        if !self.is_byzantine(index) {
            self.recording.decided(id, &block);
        }
        let member = &mut self.members[index];
        // The decision waited for the log, for less than this.
        let begun = member.executed_since + self.scenario.faults.work_ms.max(Faults::NONE.work_ms);
        let measured = member.executed.next() == block.proposal.header.height && begun < clock_ms;
        let view = block.certificate.ballot.view;
        self.invariants.decided(id, view, measured, self.clock_ms);
        let roots = member.disk.apply(block);
        member.executed_at = member.executed_at.max(at);
        let after_ms = member.executed_at - self.clock_ms;
        self.schedule_local(after_ms, index, Local::Executed(roots));
        if self.rng.chance(300) {
            let after_ms = self.rng.between(1, 100);
            self.schedule_local(after_ms, index, Local::Checkpoint);
        }
    }
}
