//! L37: questions and answers about a block of an undecided height, or what opened its view.

use medshare_types::hash::Digest;
use medshare_types::id::{Height, ReplicaId, View};

use crate::io::Now;
use crate::message::{Message, Recipients};
use crate::proposal::{Payload, Proposal};
use crate::rejected::Rejected;
use crate::replica::Replica;
use crate::replica::slot::Wanted;

impl<P: Payload> Replica<P> {
    pub(super) fn on_fetch_proposal(&mut self, sender: ReplicaId, height: Height, digest: &Digest) {
        if height <= self.tip.height {
            self.inform(sender);
            return;
        }
        let is_current = height == self.tip.height.next();
        let block = self.current.block(digest).filter(|_| is_current).cloned();
        if let Some(block) = block
            && self.serving.may_send_proposal(sender)
        {
            let to = Recipients::Only(vec![sender]);
            self.send(to, Message::Proposal(block));
        }
    }

    /// Answers with the NEW-VIEW that the own prepare rests on.
    pub(super) fn on_fetch_new_view(
        &mut self,
        sender: ReplicaId,
        (height, view): (Height, View),
        digest: &Digest,
    ) {
        if height <= self.tip.height {
            self.inform(sender);
            return;
        }
        let slot = &self.current;
        let own = slot.own_prepare.map(|own| own.vote.ballot);
        let asked = Some((height, view, *digest));
        if own.map(|own| (own.height, own.view, own.digest)) != asked {
            return;
        }
        let opened = slot.opening.clone().zip(slot.accepted.clone());
        if let Some((opening, block)) = opened
            && self.serving.may_send_proposal(sender)
        {
            let to = Recipients::Only(vec![sender]);
            self.send(to, Message::NewView(opening.with(view, block)));
        }
    }

    pub(super) fn on_proposal(
        &mut self,
        now: Now,
        sender: ReplicaId,
        proposal: Proposal<P>,
    ) -> Result<(), Rejected> {
        let digest = proposal.header.digest();
        let open = |wanted: &&Wanted<P>| wanted.block.is_none() && wanted.holders.was_asked(sender);
        if self.current.wanted.get(&digest).filter(open).is_none() {
            return Err(Rejected::Unsolicited { sender });
        }
        // Hashes the payload, which a member that was not asked must not bring about.
        if let Some(fault) = self.fault_of_link(&proposal) {
            return Err(Rejected::InvalidBlock { sender, fault });
        }
        if let Some(wanted) = self.current.wanted.get_mut(&digest) {
            wanted.block = Some(proposal);
        }
        self.advance(now.monotonic_ms)
    }
}
