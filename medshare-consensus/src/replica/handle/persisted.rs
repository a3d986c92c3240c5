//! L27: records are durable.

use crate::io::Now;
use crate::log_record::LogPosition;
use crate::proposal::Payload;
use crate::rejected::Rejected;
use crate::replica::Replica;

impl<P: Payload> Replica<P> {
    pub(super) fn on_persisted(&mut self, now: Now, position: LogPosition) -> Result<(), Rejected> {
        self.outbox.persisted(position)?;
        self.advance(now.monotonic_ms)
    }
}
