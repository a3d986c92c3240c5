//! Line 21: records are durable.

use crate::error::Rejected;
use crate::proposal::Payload;
use crate::record::LogPosition;
use crate::replica::Replica;

impl<P: Payload> Replica<P> {
    pub(crate) fn on_persisted(&mut self, position: LogPosition) -> Result<(), Rejected> {
        self.outbox.persisted(position)?;
        self.advance()
    }
}
