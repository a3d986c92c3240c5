//! Line 21: records are durable.

use crate::error::Rejected;
use crate::log_record::LogPosition;
use crate::proposal::Payload;
use crate::replica::Replica;

impl<P: Payload> Replica<P> {
    pub(in crate::replica) fn on_persisted(
        &mut self,
        position: LogPosition,
    ) -> Result<(), Rejected> {
        self.outbox.persisted(position)?;
        self.advance()
    }
}
