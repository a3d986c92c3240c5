//! L15 to L17: a vote arrives.

use medshare_types::certificate::Phase;
use medshare_types::id::ReplicaId;

use crate::message::Vote;
use crate::proposal::Payload;
use crate::rejected::Rejected;
use crate::replica::Replica;

impl<P: Payload> Replica<P> {
    pub(super) fn on_vote(
        &mut self,
        sender: ReplicaId,
        phase: Phase,
        vote: Vote,
    ) -> Result<(), Rejected> {
        let ballot = &vote.ballot;
        // L16
        let Some(route) = self.route(sender, ballot.epoch, ballot.view, ballot.height)? else {
            return Ok(());
        };
        // L17
        self.cast(sender, phase, route, vote, false)?;
        self.advance()
    }
}
