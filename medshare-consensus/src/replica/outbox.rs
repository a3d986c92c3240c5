//! The drain rule: nothing leaves before what it rests on is durable.
//!
//! ```text
//!   at_once   Persist, Validate, SetTimer            -> poll, always
//!   gated     (position of the last Persist, output) -> poll, when durable >= position
//! ```
//!
//! Each queue keeps its order; within `gated` positions never fall, so looking at the front is
//! enough.

use std::collections::VecDeque;

use crate::error::Rejected;
use crate::io::Output;
use crate::log_record::{LogPosition, LogRecord};

pub(super) struct Outbox<P> {
    written: LogPosition,
    durable: LogPosition,
    at_once: VecDeque<Output<P>>,
    gated: VecDeque<(LogPosition, Output<P>)>,
}

impl<P> Outbox<P> {
    pub(super) const fn new() -> Self {
        Self {
            written: LogPosition(0),
            durable: LogPosition(0),
            at_once: VecDeque::new(),
            gated: VecDeque::new(),
        }
    }

    /// Writes a record and says where.
    pub(super) fn persist(&mut self, record: LogRecord<P>) -> LogPosition {
        self.written.0 += 1;
        let position = self.written;
        self.push_at_once(Output::Persist { position, record });
        position
    }

    /// Queues a timer or a question to the application, which show nothing to anybody else.
    pub(super) fn push_at_once(&mut self, output: Output<P>) {
        self.at_once.push_back(output);
    }

    /// Queues an output behind every record written so far.
    pub(super) fn push_gated(&mut self, output: Output<P>) {
        self.gated.push_back((self.written, output));
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

    /// Whether the log lags: what is only a repetition is then not queued, which bounds memory.
    pub(super) fn is_blocked(&self) -> bool {
        self.durable < self.written
    }

    pub(super) fn poll(&mut self) -> Option<Output<P>> {
        if let Some(output) = self.at_once.pop_front() {
            return Some(output);
        }
        let (position, _) = self.gated.front()?;
        if self.is_durable(*position) {
            self.gated.pop_front().map(|(_, output)| output)
        } else {
            None
        }
    }
}
