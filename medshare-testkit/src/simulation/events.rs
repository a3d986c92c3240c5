//! What happens in a run, and when.

use std::collections::BTreeMap;

use medshare_consensus::{
    Authenticated, ChainRecord, Input, LogPosition, LogRecord, LossId, Replica, Timer, Verdict,
};
use medshare_types::hash::Digest;
use medshare_types::header::ExecutedRoots;
use medshare_types::id::{Epoch, Height, ReplicaId};
use medshare_types::wire::Wire as _;

use super::Simulation;
use crate::disk::{Disk, TestRecord};
use crate::setting::{Message, TestPayload};

/// Milliseconds between two attempts of the primary's node to propose.
pub(super) const LOAD_MS: u64 = 20;
/// Milliseconds in which a durable vote leaves, before its member fails.
const LOST_AFTER_MS: u64 = 30;

#[derive(Debug)]
pub(super) enum Event {
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
pub(super) enum Local {
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
pub(super) struct Member {
    pub(super) id: ReplicaId,
    /// `None` while the member is down.
    pub(super) replica: Option<Replica<TestPayload>>,
    pub(super) disk: Disk,
    /// The mark of a loss, which is durable.
    pub(super) loss: Option<LossId>,
    pub(super) life: u32,
    /// The generation of each timer; older ones are stale.
    pub(super) generations: BTreeMap<Timer, u64>,
    /// From 0 to twice the skew of [`Faults`]; a clock that is right is ahead by the skew.
    pub(super) clock_ahead_ms: u64,
    /// End of the last execution: blocks are executed in order, whatever the delays.
    pub(super) executed_at: u64,
    /// The last height that the replica knows to be executed.
    pub(super) executed: Height,
    /// When it came to know, milliseconds.
    pub(super) executed_since: u64,
    /// What its ledger records, once it has started.
    pub(super) record: Option<ChainRecord>,
    /// The epoch after which it has made its keys.
    pub(super) keys_of: Option<Epoch>,
    /// The most seats of a committee so far.
    pub(super) most_seats: usize,
}

impl Simulation {
    /// Adds an event to the trace.
    pub(super) fn note_event(&mut self, index: usize, event: &Event) {
        match event {
            Event::Deliver { from, bytes } => self.note(index, &[&from.0.to_le_bytes(), bytes]),
            other => self.note(index, &[format!("{other:?}").as_bytes()]),
        }
    }

    pub(super) fn note(&mut self, index: usize, what: &[&[u8]]) {
        self.trace.add(self.clock_ms, index, what);
    }

    /// The duration of a sync, a verdict or an execution.
    pub(super) fn work_ms(&mut self) -> u64 {
        let longest_ms = self.faults().work_ms;
        self.rng.between(1, longest_ms)
    }

    pub(super) fn schedule(&mut self, after_ms: u64, index: usize, event: Event) {
        self.sequence += 1;
        let at = (self.clock_ms + after_ms, self.sequence);
        self.queue.insert(at, (index, event));
    }

    pub(super) fn schedule_local(&mut self, after_ms: u64, index: usize, local: Local) {
        let life = self.members[index].life;
        self.schedule(after_ms, index, Event::Local { life, local });
    }

    pub(super) fn happen(&mut self, index: usize, event: Event) {
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
                let records = self.members[index].disk.sync(position);
                self.record_durable(index, &records);
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
                let facts = self.execute(index, roots.height);
                self.give(index, Input::Executed { roots, facts });
                self.rotate_keys(index);
            }
            Local::Checkpoint => self.members[index].disk.checkpoint(),
            Local::Failure => self.fail(index),
        }
    }
}

/// True when a member has just recorded its prepare for the height of `incident`.
pub(super) fn is_proposal(records: &[TestRecord], incident: Option<(Height, u64)>) -> bool {
    let prepared = |record: &TestRecord| matches!(record, LogRecord::Prepared { .. });
    incident.is_some_and(|(height, _)| {
        let mut records = records.iter();
        records.any(|record| prepared(record) && record.height() == height)
    })
}
