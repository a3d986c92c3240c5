//! The run of a scenario: replicas, disks and a network on one thread and one clock.

mod credit;
mod epochs;
mod links;
mod narration;
mod network;
mod outage;

use std::collections::BTreeMap;

use medshare_consensus::{
    Authenticated, ChainRecord, Decided, Effect, Input, LogPosition, LossId, Now, Output, Proposal,
    Recipients, Replica, Timer, Verdict,
};
use medshare_types::hash::{Digest, digest};
use medshare_types::header::ExecutedRoots;
use medshare_types::id::{Epoch, Height, ReplicaId, View};
use medshare_types::time::Timestamp;
use medshare_types::wire::Wire;

use credit::credit_of;
use links::Links;
use outage::is_proposal;

use crate::credit_invariants::CreditInvariants;
use crate::disk::Disk;
use crate::invariants::Invariants;
use crate::narration::Narration;
use crate::report::Report;
use crate::scenario::{Faults, Scenario};
use crate::setting::{Message, TestPayload};
use crate::sim_rng::SimRng;

/// Milliseconds between two attempts of the primary's node to propose.
const LOAD_MS: u64 = 20;
/// Milliseconds in which a durable vote leaves, before its member fails.
const LOST_AFTER_MS: u64 = 30;

#[derive(Debug)]
enum Event {
    Deliver {
        from: ReplicaId,
        bytes: Vec<u8>,
    },
    /// An event within the member, void after a crash.
    Local {
        life: u32,
        local: Local,
    },
    Restart,
    Load,
}

#[derive(Debug)]
enum Local {
    Timer {
        timer: Timer,
        generation: u64,
    },
    Synced(LogPosition),
    Judged(Digest, Verdict),
    Executed(ExecutedRoots),
    Checkpoint,
    /// The machine stops, and its disk is lost.
    Failure,
}

#[derive(Debug)]
struct Member {
    id: ReplicaId,
    /// `None` while the member is down.
    replica: Option<Replica<TestPayload>>,
    disk: Disk,
    /// The mark of a loss, which is durable.
    loss: Option<LossId>,
    life: u32,
    /// The generation of each timer; older ones are stale.
    generations: BTreeMap<Timer, u64>,
    /// From 0 to twice the skew of [`Faults`]; a clock that is right is ahead by the skew.
    clock_ahead_ms: u64,
    /// End of the last execution: blocks are executed in order, whatever the delays.
    executed_at: u64,
    /// The last height that the replica knows to be executed.
    executed: Height,
    /// When it came to know, milliseconds.
    executed_since: u64,
    /// What its ledger records, once it has started.
    record: Option<ChainRecord>,
    /// The epoch after which it has made its keys.
    keys_of: Option<Epoch>,
}

/// A run of a [`Scenario`].
#[derive(Debug)]
pub struct Simulation {
    scenario: Scenario,
    rng: SimRng,
    clock_ms: u64,
    queue: BTreeMap<(u64, u64), (usize, Event)>,
    sequence: u64,
    members: Vec<Member>,
    invariants: Invariants,
    credit: CreditInvariants,
    report: Report,
    links: Links,
}

impl Simulation {
    /// Prepares a run. Members start when it runs.
    #[must_use]
    pub fn new(scenario: Scenario) -> Self {
        let mut rng = SimRng::new(scenario.seed);
        let setting = &scenario.setting;
        let skew_ms = scenario.faults.skew_ms;
        let twins = scenario.twins.iter().copied();
        let organisations = setting.members().seats().chain(twins);
        let members = organisations.map(|id| Member {
            id,
            replica: None,
            disk: Disk::new(scenario.disk, setting.genesis()),
            loss: None,
            life: 0,
            generations: BTreeMap::new(),
            clock_ahead_ms: rng.between(0, 2 * skew_ms),
            executed_at: 0,
            executed: Height(0),
            executed_since: 0,
            record: None,
            keys_of: None,
        });
        let members = members.collect();
        let invariants = Invariants::new(setting.clone(), scenario.byzantine());
        let narration = scenario.narrated.then(Narration::default);
        let credit = credit_of(&scenario);
        Self {
            scenario,
            rng,
            clock_ms: 1_000,
            queue: BTreeMap::new(),
            sequence: 0,
            members,
            invariants,
            credit,
            report: Report {
                trace: Digest::ZERO,
                violations: Vec::new(),
                proposers: Vec::new(),
                heights: BTreeMap::new(),
                evidence: Vec::new(),
                rejected: Vec::new(),
                crashes: 0,
                losses: 0,
                messages: 0,
                disturbed: 0,
                highest_view: View(0),
                narration,
                blocks: Vec::new(),
                standings: BTreeMap::new(),
            },
            links: Links::default(),
        }
    }

    /// Runs until every honest member has all blocks, a property is broken, or time is up.
    #[must_use]
    pub fn run(mut self) -> Report {
        for index in 0..self.members.len() {
            self.schedule(0, index, Event::Restart);
        }
        for index in 0..self.members.len() {
            self.schedule(LOAD_MS, index, Event::Load);
        }
        while let Some(((at, _), (index, event))) = self.queue.pop_first() {
            self.clock_ms = at;
            if at > self.scenario.deadline_ms || self.is_over() {
                break;
            }
            self.note_event(index, &event);
            self.tell_event(index, &event);
            self.happen(index, event);
        }
        self.mark_bad_step();
        self.report.violations = self.invariants.violations().to_vec();
        self.report.proposers = self.invariants.proposers().to_vec();
        self.report.heights = self
            .honest()
            .map(|member| (member.id, member.disk.height()))
            .collect();
        self.report_credit();
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

    /// The present faults: none after the first four seconds.
    const fn faults(&self) -> Faults {
        if self.clock_ms < self.scenario.calm_after_ms {
            self.scenario.faults
        } else {
            Faults::NONE
        }
    }

    /// Adds an event to the trace.
    fn note_event(&mut self, index: usize, event: &Event) {
        match event {
            Event::Deliver { from, bytes } => self.note(index, &[&from.0.to_le_bytes(), bytes]),
            other => self.note(index, &[format!("{other:?}").as_bytes()]),
        }
    }

    fn note(&mut self, index: usize, what: &[&[u8]]) {
        let trace = self.report.trace;
        let at = self.clock_ms.to_le_bytes();
        let index = (index as u64).to_le_bytes();
        let head: [&[u8]; 3] = [trace.as_ref(), &at, &index];
        self.report.trace = digest("medshare/testkit/trace/v1", &[&head, what].concat());
    }

    /// The duration of a sync, a verdict or an execution.
    fn work_ms(&mut self) -> u64 {
        let longest_ms = self.faults().work_ms;
        self.rng.between(1, longest_ms)
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
            Local::Timer { timer, generation } => {
                let current = self.members[index].generations.get(&timer);
                let stale = current != Some(&generation);
                let spurious = self.faults().spurious_per_mille;
                if !stale || self.rng.chance(spurious) {
                    self.give(index, Input::Timer(timer));
                }
            }
            Local::Synced(position) => {
                let id = self.members[index].id;
                let records = self.members[index].disk.sync(position);
                for record in &records {
                    self.invariants.durable(id, record);
                }
                if is_proposal(&records, self.scenario.clocks_ahead) {
                    self.scenario.clocks_ahead = None;
                }
                if self.loses_after(index, &records) {
                    self.schedule_local(LOST_AFTER_MS, index, Local::Failure);
                }
                if is_proposal(&records, self.scenario.blackout) {
                    self.black_out();
                } else {
                    self.give(index, Input::Persisted(position));
                }
            }
            Local::Judged(digest, verdict) => {
                self.give(index, Input::Validated { digest, verdict });
            }
            Local::Executed(roots) => {
                let member = &mut self.members[index];
                member.executed = roots.height;
                member.executed_since = self.clock_ms;
                let mut facts = Vec::new();
                if let Some(Decided { proposal, .. }) = member.disk.block(roots.height) {
                    facts = proposal.payload.facts();
                    let record = member.record.as_mut();
                    let record = record.expect("a member that runs has a record");
                    record.follow(&proposal.header, &proposal.attestations, &facts);
                    // A log begins in the epoch of its ledger's tip, or the one after.
                    if record.ends_epoch() {
                        member.disk.checkpoint();
                    }
                }
                self.give(index, Input::Executed { roots, facts });
                self.rotate_keys(index);
            }
            Local::Checkpoint => self.members[index].disk.checkpoint(),
            Local::Failure => self.fail(index),
        }
    }

    /// Something waits until a member has all blocks; the one whose turn it is proposes.
    fn propose(&mut self, index: usize) {
        let heights = self.scenario.heights;
        let Some(replica) = &self.members[index].replica else {
            return;
        };
        let waiting = replica.height().0 < heights;
        self.give(index, Input::Waiting(waiting));
        let replica = self.members[index].replica.as_ref();
        if waiting && replica.is_some_and(|replica| replica.may_propose().is_ok()) {
            let batch = self.batch(index);
            self.give(index, Input::Request(batch));
        }
    }

    fn now(&self, index: usize) -> Now {
        let base = self.scenario.setting.created().plus_millis(self.clock_ms);
        let all_ahead_ms = self
            .scenario
            .clocks_ahead
            .map_or(0, |(_, ahead_ms)| ahead_ms);
        let ahead = base.plus_millis(self.members[index].clock_ahead_ms + all_ahead_ms);
        let wrong = self.scenario.wrong_clock;
        let wrong = wrong.filter(|(id, _)| *id == self.members[index].id);
        let ahead = ahead.plus_millis(wrong.map_or(0, |(_, ahead_ms)| ahead_ms));
        Now {
            wall: ahead.minus_millis(self.scenario.faults.skew_ms),
            monotonic_ms: self.clock_ms,
        }
    }

    fn give(&mut self, index: usize, input: Input<TestPayload>) {
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
        if !byzantine {
            let view = replica.view();
            self.report.highest_view = self.report.highest_view.max(view);
        }
        self.drain(index);
    }

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
    fn drain(&mut self, index: usize) {
        loop {
            let Some(replica) = &mut self.members[index].replica else {
                return;
            };
            let Some(output) = replica.poll_output() else {
                self.unmark(index);
                self.observe_record(index);
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
                let first = member.replica.as_ref().is_some_and(|r| r.view() == View(0));
                if timer == Timer::View && first {
                    self.invariants.timed(member.id, after_ms);
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
        let at = clock_ms + self.work_ms();
        if !self.is_byzantine(index) {
            let violations = self.credit.committed(&block);
            self.invariants.add(violations);
            self.invariants.sits(self.credit.committee());
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
