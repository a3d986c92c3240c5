//! The run of a scenario: replicas, disks and a network on one thread and one clock.

mod credit;
mod epochs;
mod events;
mod links;
mod narration;
mod network;
mod outage;
mod outputs;
mod trace;

use std::collections::{BTreeMap, BTreeSet};

use medshare_consensus::{Input, Now};
use medshare_types::hash::Digest;
use medshare_types::id::{Height, View};

use credit::credit_of;
use events::{Event, LOAD_MS, Member};
use links::Links;
use trace::Trace;

use crate::credit_invariants::CreditInvariants;
use crate::disk::Disk;
use crate::invariants::Invariants;
use crate::narration::Narration;
use crate::recording::Recording;
use crate::report::Report;
use crate::scenario::{Faults, Scenario};
use crate::setting::TestPayload;
use crate::sim_rng::SimRng;

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
    recording: Recording,
    report: Report,
    links: Links,
    trace: Trace,
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
            most_seats: 0,
        });
        let members = members.collect();
        let invariants = Invariants::new(setting.clone(), scenario.byzantine());
        let organisations = setting.members().seats();
        let honest = organisations.filter(|id| !scenario.byzantine.contains_key(id));
        let recording = Recording::new(setting, honest);
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
            recording,
            report: Report {
                trace: Digest::ZERO,
                violations: Vec::new(),
                proposers: Vec::new(),
                heights: BTreeMap::new(),
                decided_ms: Vec::new(),
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
                log: Vec::new(),
                culprits: BTreeSet::new(),
            },
            links: Links::default(),
            trace: Trace::new(),
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
        self.report.trace = self.trace.finish();
        self.check_log();
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
}
