//! L34: a block is executed.

use medshare_types::header::ExecutedRoots;

use crate::io::Now;
use crate::proposal::Payload;
use crate::record::ChainFact;
use crate::rejected::Rejected;
use crate::replica::Replica;

impl<P: Payload> Replica<P> {
    pub(super) fn on_executed(
        &mut self,
        now: Now,
        roots: ExecutedRoots,
        facts: &[ChainFact],
    ) -> Result<(), Rejected> {
        let height = roots.height;
        if height != self.executed.height.next() || height > self.tip.height {
            return Err(Rejected::UnexpectedRoots { height });
        }
        self.executed = roots;
        self.record.learn(height, facts);
        self.record_blocks();
        self.fetch_when_behind(2);
        let outcome = self.replay_buffered_proposal();
        let outcome = outcome.and(self.validate_when_executed());
        outcome.and(self.advance(now.monotonic_ms))
    }
}
