//! L21: records are durable.

use crate::log_record::LogPosition;
use crate::proposal::Payload;
use crate::rejected::Rejected;
use crate::replica::Replica;

impl<P: Payload> Replica<P> {
    pub(super) fn on_persisted(&mut self, position: LogPosition) -> Result<(), Rejected> {
        self.outbox.persisted(position)?;
        self.advance()
    }
}
