//! The drain rule: no effect leaves before the votes that were written before it are durable.
//!
//! ```text
//!   at_once   Persist, Validate, SetTimer                   -> poll, always
//!   gated     (position of the last vote's record, effect)  -> poll, when durable >= position
//!   settled   (position of the last record, effect)         -> poll, when durable >= position
//! ```
//!
//! Each queue keeps its order. Positions never fall within `gated` or `settled`, so looking at the
//! front is enough. What is settled waits for the sync of a later vote, and is lost in a crash before.

use std::collections::VecDeque;

use crate::io::{Effect, Output};
use crate::log_record::{LogPosition, LogRecord};
use crate::rejected::Rejected;

/// Effects that wait for a final block to be durable; of more the oldest go, since no block could
/// record them any more.
const MOST_SETTLED: usize = 16;

pub(super) struct Outbox<P> {
    written: LogPosition,
    /// The last record that holds a vote.
    voted: LogPosition,
    durable: LogPosition,
    at_once: VecDeque<Output<P>>,
    gated: VecDeque<(LogPosition, Effect<P>)>,
    settled: VecDeque<(LogPosition, Effect<P>)>,
}

impl<P> Outbox<P> {
    pub(super) const fn new() -> Self {
        Self {
            written: LogPosition(0),
            voted: LogPosition(0),
            durable: LogPosition(0),
            at_once: VecDeque::new(),
            gated: VecDeque::new(),
            settled: VecDeque::new(),
        }
    }

    /// Queues a record and returns its position.
    pub(super) fn persist(&mut self, record: LogRecord<P>) -> LogPosition {
        self.written.0 += 1;
        let position = self.written;
        if record.is_vote() {
            self.voted = position;
        }
        self.at_once.push_back(Output::Persist { position, record });
        position
    }

    /// Queues an effect that other members cannot see: a timer or a question to the application.
    pub(super) fn push_at_once(&mut self, effect: Effect<P>) {
        self.at_once.push_back(Output::Effect(effect));
    }

    /// Queues an effect behind every vote written so far.
    pub(super) fn push_gated(&mut self, effect: Effect<P>) {
        self.gated.push_back((self.voted, effect));
    }

    /// Queues an effect behind every record written so far, final blocks included.
    pub(super) fn push_settled(&mut self, effect: Effect<P>) {
        if self.settled.len() == MOST_SETTLED {
            self.settled.pop_front();
        }
        self.settled.push_back((self.written, effect));
    }

    pub(super) fn persisted(&mut self, position: LogPosition) -> Result<(), Rejected> {
        if position > self.written {
            return Err(Rejected::UnknownPosition { position });
        }
        self.durable = self.durable.max(position);
        Ok(())
    }

    pub(super) fn is_durable(&self, position: LogPosition) -> bool {
        position <= self.durable
    }

    /// True while effects wait for the log. Repetitions are then not queued, which bounds memory.
    pub(super) fn is_blocked(&self) -> bool {
        self.durable < self.voted
    }

    pub(super) fn poll(&mut self) -> Option<Output<P>> {
        if let Some(output) = self.at_once.pop_front() {
            return Some(output);
        }
        let durable = self.durable;
        let mut queues = [&mut self.gated, &mut self.settled].into_iter();
        let ready = queues.find_map(|queue| queue.pop_front_if(|(at, _)| *at <= durable));
        ready.map(|(_, effect)| Output::Effect(effect))
    }
}
