//! Replicas, disks and a network on one thread and one clock.

mod outage;

use std::collections::BTreeMap;

use medshare_consensus::{
    Authenticated, Decided, Input, LogPosition, Output, Recipients, Replica, Timer, Verdict,
};
use medshare_types::hash::{Digest, digest};
use medshare_types::header::ExecutedRoots;
use medshare_types::id::{Height, ReplicaId};
use medshare_types::time::Timestamp;
use medshare_types::wire::Wire;

use crate::disk::Disk;
use crate::invariants::Invariants;
use crate::scenario::{Faults, Report, Scenario};
use crate::setting::{Batch, Message};
use crate::sim_rng::SimRng;

/// How often the primary's node looks whether it may propose, milliseconds.
const LOAD_MS: u64 = 20;
/// The longest sync, verdict and execution, milliseconds.
const WORK_MS: u64 = 8;

#[derive(Debug)]
enum Event {
    Deliver {
        from: ReplicaId,
        bytes: Vec<u8>,
    },
    /// For one life of the member only: gone after a crash.
    Local {
        life: u32,
        local: Local,
    },
    Restart,
    Load,
}

#[derive(Debug)]
enum Local {
    Timer { generation: u64 },
    Synced(LogPosition),
    Judged(Digest, Verdict),
    Executed(ExecutedRoots),
    Checkpoint,
}

struct Member {
    id: ReplicaId,
    /// None while it is down.
    replica: Option<Replica<Batch>>,
    disk: Disk,
    life: u32,
    generation: u64,
    skew: i64,
    /// Execution is in order, whatever the delays.
    executed_at: u64,
}

pub(crate) struct Simulation {
    scenario: Scenario,
    rng: SimRng,
    clock_ms: u64,
    queue: BTreeMap<(u64, u64), (usize, Event)>,
    sequence: u64,
    members: Vec<Member>,
    invariants: Invariants,
    report: Report,
}

impl Simulation {
    pub(crate) fn new(scenario: Scenario) -> Self {
        let mut rng = SimRng::new(scenario.seed);
        let setting = &scenario.setting;
        let skew_ms = scenario.faults.skew_ms;
        let members = setting.committee.replicas().map(|id| Member {
            id,
            replica: None,
            disk: Disk::new(scenario.disk, setting.genesis()),
            life: 0,
            generation: 0,
            skew: i64::try_from(rng.below(2 * skew_ms + 1)).unwrap_or(0)
                - i64::try_from(skew_ms).unwrap_or(0),
            executed_at: 0,
        });
        let members = members.collect();
        let invariants = Invariants::new(setting.clone(), scenario.byzantine());
        Self {
            scenario,
            rng,
            clock_ms: 1_000,
            queue: BTreeMap::new(),
            sequence: 0,
            members,
            invariants,
            report: Report {
                trace: Digest::ZERO,
                violations: Vec::new(),
                heights: BTreeMap::new(),
                evidence: Vec::new(),
                rejected: Vec::new(),
                crashes: 0,
            },
        }
    }

    pub(crate) fn run(mut self) -> Report {
        for index in 0..self.members.len() {
            self.schedule(0, index, Event::Restart);
        }
        self.schedule(LOAD_MS, 0, Event::Load);
        while let Some(((at, _), (index, event))) = self.queue.pop_first() {
            self.clock_ms = at;
            if at > self.scenario.deadline_ms || self.is_over() {
                break;
            }
            self.note(&format!("{at} {index} {event:?}"));
            self.happen(index, event);
        }
        self.report.violations = self.invariants.violations().to_vec();
        self.report.heights = self
            .honest()
            .map(|member| (member.id, member.disk.height()))
            .collect();
        self.report
    }

    fn is_over(&self) -> bool {
        !self.invariants.violations().is_empty()
            || self
                .honest()
                .all(|member| member.disk.height().0 >= self.scenario.heights)
    }

    fn honest(&self) -> impl Iterator<Item = &Member> {
        let byzantine = &self.scenario.byzantine;
        self.members
            .iter()
            .filter(|member| !byzantine.contains_key(&member.id))
    }

    fn is_byzantine(&self, index: usize) -> bool {
        self.scenario
            .byzantine
            .contains_key(&self.members[index].id)
    }

    /// The faults of the moment: none any more once things are calm.
    const fn faults(&self) -> Faults {
        if self.clock_ms < self.scenario.calm_after_ms {
            self.scenario.faults
        } else {
            Faults::NONE
        }
    }

    fn note(&mut self, text: &str) {
        let trace = self.report.trace;
        let tag = "medshare/testkit/trace/v1";
        self.report.trace = digest(tag, &[trace.as_ref(), text.as_bytes()]);
    }

    fn schedule(&mut self, after_ms: u64, index: usize, event: Event) {
        self.sequence += 1;
        let at = (self.clock_ms + after_ms, self.sequence);
        self.queue.insert(at, (index, event));
    }

    fn schedule_local(&mut self, after_ms: u64, index: usize, local: Local) {
        let life = self.members[index].life;
        self.schedule(after_ms, index, Event::Local { life, local });
    }

    fn happen(&mut self, index: usize, event: Event) {
        match event {
            Event::Deliver { from, bytes } => {
                let Ok(message) = Message::from_wire(&bytes) else {
                    return;
                };
                let id = self.members[index].id;
                if let Some(behaviour) = self.scenario.byzantine.get_mut(&id) {
                    behaviour.incoming(&message);
                }
                let sender = from;
                self.give(index, Input::Message(Authenticated { sender, message }));
            }
            Event::Local { life, local } => {
                let member = &self.members[index];
                if member.life == life && member.replica.is_some() {
                    self.happen_inside(index, local);
                }
            }
            Event::Restart => self.restart(index),
            Event::Load => {
                self.propose(index);
                self.schedule(LOAD_MS, index, Event::Load);
            }
        }
    }

    fn happen_inside(&mut self, index: usize, local: Local) {
        match local {
            Local::Timer { generation } => {
                let stale = generation != self.members[index].generation;
                let spurious = self.faults().spurious_per_mille;
                if !stale || self.rng.chance(spurious) {
                    self.give(index, Input::Timer(Timer::Resend));
                }
            }
            Local::Synced(position) => {
                let id = self.members[index].id;
                let records = self.members[index].disk.sync(position);
                for record in &records {
                    self.invariants.durable(id, record);
                }
                if self.is_blackout(index, &records) {
                    self.black_out();
                } else {
                    self.give(index, Input::Persisted(position));
                }
            }
            Local::Judged(digest, verdict) => {
                self.give(index, Input::Validated { digest, verdict });
            }
            Local::Executed(roots) => self.give(index, Input::Executed { roots }),
            Local::Checkpoint => self.members[index].disk.checkpoint(),
        }
    }

    fn propose(&mut self, index: usize) {
        let (now, heights) = (self.now(index), self.scenario.heights);
        let Some(replica) = &self.members[index].replica else {
            return;
        };
        if replica.height().0 < heights && replica.may_propose(now).is_ok() {
            let batch = Batch(self.rng.next_u64().to_le_bytes().to_vec());
            self.give(index, Input::Request(batch));
        }
    }

    fn now(&self, index: usize) -> Timestamp {
        let base = self.scenario.setting.created.plus_millis(self.clock_ms);
        let millis = base.as_millis();
        let skew = self.members[index].skew;
        Timestamp::from_millis(millis.saturating_add_signed(skew))
    }

    fn give(&mut self, index: usize, input: Input<Batch>) {
        let now = self.now(index);
        let byzantine = self.is_byzantine(index);
        let member = &mut self.members[index];
        let Some(replica) = &mut member.replica else {
            return;
        };
        if let Err(rejected) = replica.handle(now, input)
            && !byzantine
        {
            self.report.rejected.push((member.id, rejected));
        }
        self.drain(index);
    }

    /// Acts on outputs in order; a crash may come before any of them.
    fn drain(&mut self, index: usize) {
        loop {
            let Some(replica) = &mut self.members[index].replica else {
                return;
            };
            let Some(output) = replica.poll_output() else {
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

    fn act(&mut self, index: usize, output: Output<Batch>) {
        match output {
            Output::Persist { position, record } => {
                let disk = &mut self.members[index].disk;
                disk.append(position, &record);
                if disk.is_hasty() {
                    let replica = &mut self.members[index].replica;
                    if let Some(replica) = replica {
                        let _ = replica.handle(Timestamp::MAX, Input::Persisted(position));
                    }
                }
                let after_ms = self.rng.between(1, WORK_MS);
                self.schedule_local(after_ms, index, Local::Synced(position));
            }
            Output::Validate(proposal) => {
                let deferred = self.faults().drop_per_mille > 0 && self.rng.chance(100);
                let verdict = if deferred {
                    Verdict::Deferred
                } else {
                    Verdict::Valid
                };
                let after_ms = self.rng.between(1, WORK_MS);
                let judged = Local::Judged(proposal.header.digest(), verdict);
                self.schedule_local(after_ms, index, judged);
            }
            Output::SetTimer { after_ms, .. } => {
                let member = &mut self.members[index];
                member.generation += 1;
                let generation = member.generation;
                self.schedule_local(after_ms, index, Local::Timer { generation });
            }
            Output::Send { to, message } => self.send(index, to, &message),
            Output::Commit {
                proposal,
                certificate,
            } => self.commit(
                index,
                Decided {
                    proposal,
                    certificate,
                },
            ),
            Output::Misbehaviour(evidence) => {
                if !self.is_byzantine(index) {
                    self.invariants.accused(&evidence);
                    self.report.evidence.push(evidence);
                }
            }
            Output::Serve { to, from, until } => {
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

    fn commit(&mut self, index: usize, block: Decided<Batch>) {
        let id = self.members[index].id;
        self.invariants.committed(id, &block);
        let at = self.clock_ms + self.rng.between(1, WORK_MS);
        let member = &mut self.members[index];
        let roots = member.disk.apply(block);
        member.executed_at = member.executed_at.max(at);
        let after_ms = member.executed_at - self.clock_ms;
        self.schedule_local(after_ms, index, Local::Executed(roots));
        if self.rng.chance(300) {
            let after_ms = self.rng.between(1, 100);
            self.schedule_local(after_ms, index, Local::Checkpoint);
        }
    }

    fn send(&mut self, index: usize, to: Recipients, message: &Message) {
        let from = self.members[index].id;
        self.invariants.sent(from, message);
        let to: Vec<_> = match to {
            Recipients::All => self.members.iter().map(|member| member.id).collect(),
            Recipients::Only(some) => some,
        };
        for to in to.into_iter().filter(|to| *to != from) {
            let behaviour = self.scenario.byzantine.get_mut(&from);
            let messages = match behaviour {
                Some(behaviour) => behaviour.outgoing(to, message.clone(), &mut self.rng),
                None => vec![message.clone()],
            };
            for message in messages {
                self.transmit(from, to, &message.to_wire());
            }
        }
    }

    fn transmit(&mut self, from: ReplicaId, to: ReplicaId, bytes: &[u8]) {
        let faults = self.faults();
        if self.rng.chance(faults.drop_per_mille) {
            return;
        }
        let copies = 1 + u64::from(self.rng.chance(faults.duplicate_per_mille));
        for _ in 0..copies {
            let after_ms = self.rng.between(1, faults.delay_ms);
            let bytes = bytes.to_vec();
            self.schedule(after_ms, to.index(), Event::Deliver { from, bytes });
        }
    }
}
