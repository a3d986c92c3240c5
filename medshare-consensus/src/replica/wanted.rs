//! L36 and L37: blocks of the undecided height that others have voted for, and this replica lacks.

use medshare_types::hash::Digest;
use medshare_types::id::ReplicaId;

use super::Replica;
use super::slot::Wanted;
use crate::message::{Message, Recipients};
use crate::proposal::Payload;

/// Blocks asked for at one time: f + 1 votes are needed for each, and views pass on.
const MAX_WANTED: usize = 4;

impl<P: Payload> Replica<P> {
    /// L36: asks one of `holders` for the block, unless it is held or asked for already.
    pub(super) fn want(&mut self, digest: Digest, holders: Vec<ReplicaId>) {
        let own = self.config.replica;
        let slot = &mut self.current;
        let asked_for = slot.wanted.contains_key(&digest) || slot.wanted.len() >= MAX_WANTED;
        if slot.block(&digest).is_some() || asked_for {
            return;
        }
        let holders = holders.into_iter().filter(|holder| *holder != own);
        slot.wanted.insert(digest, Wanted::of(holders));
        self.ask_next_holder(digest);
    }

    /// L35: asks the next holder of each block that did not come.
    pub(super) fn ask_for_wanted(&mut self) {
        let digests: Vec<_> = self.current.wanted.keys().copied().collect();
        for digest in digests {
            self.ask_next_holder(digest);
        }
    }

    fn ask_next_holder(&mut self, digest: Digest) {
        let wanted = self.current.wanted.get_mut(&digest);
        let Some(wanted) = wanted.filter(|wanted| wanted.block.is_none()) else {
            return;
        };
        if let Some(holder) = wanted.next_holder() {
            let height = self.tip.height.next();
            let message = Message::FetchProposal { height, digest };
            self.send(Recipients::Only(vec![holder]), message);
        }
    }
}
