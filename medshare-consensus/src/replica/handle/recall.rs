//! L48 and L49: questions about lost votes, and their answers.

use medshare_types::id::{ReplicaId, View};

use crate::io::Now;
use crate::message::{LossId, Message, Recalled, Recipients};
use crate::mutation::Mutant;
use crate::proposal::Payload;
use crate::rejected::Rejected;
use crate::replica::Replica;

impl<P: Payload> Replica<P> {
    /// L48: tells how far the sender's lost votes may reach. A member that lost its own votes knows
    /// nothing of the kind.
    pub(super) fn on_recall(&mut self, sender: ReplicaId, loss: LossId) {
        if self.is_lost() || !self.serving.may_recall(sender) {
            return;
        }
        let slot = &self.current;
        let voted = if self.mutation.is(Mutant::AbstainsByVotesSeen) {
            slot.prepares.has_vote_of(sender, View(0)) || slot.commits.has_vote_of(sender, View(0))
        } else {
            slot.own_prepare.is_some() || slot.own_commit.is_some() || slot.own_change.is_some()
        };
        let answer = Recalled {
            loss,
            height: self.tip.height,
            voted,
        };
        self.send(Recipients::Only(vec![sender]), Message::Recalled(answer));
    }

    /// L49: what the sender has decided can be fetched from it.
    pub(super) fn on_recalled(
        &mut self,
        now: Now,
        sender: ReplicaId,
        answer: &Recalled,
    ) -> Result<(), Rejected> {
        self.sync.record_claim(sender, answer.height);
        self.take_recalled(sender, answer)?;
        self.fetch_when_behind(1);
        self.advance(now.monotonic_ms)
    }
}
