//! L21 to L23: a vote arrives.

use medshare_types::certificate::Phase;
use medshare_types::id::ReplicaId;

use crate::io::Now;
use crate::proposal::Payload;
use crate::rejected::Rejected;
use crate::replica::Replica;
use crate::vote::Vote;

impl<P: Payload> Replica<P> {
    pub(super) fn on_vote(
        &mut self,
        now: Now,
        sender: ReplicaId,
        phase: Phase,
        vote: Vote,
    ) -> Result<(), Rejected> {
        let ballot = &vote.ballot;
        // L22
        let Some(route) = self.route(sender, ballot.epoch, ballot.height)? else {
            if phase == Phase::Commit {
                self.keep_open_commit(sender, &vote);
            }
            return Ok(());
        };
        // L23
        self.cast(sender, phase, route, vote, false)?;
        self.advance(now.monotonic_ms)
    }
}
