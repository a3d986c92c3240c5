//! L36 and L37: blocks of the undecided height that others have voted for, and this replica lacks,
//! and what opened their views.

use medshare_types::hash::Digest;
use medshare_types::id::{ReplicaId, View};

use super::Replica;
use super::slot::{Holders, Wanted, WantedView};
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

    /// L16: asks one of `holders`, which prepared the block in `view`, for what opened it.
    pub(super) fn want_opening(&mut self, view: View, digest: Digest, holders: Vec<ReplicaId>) {
        let wanted = self.current.wanted_view.as_ref();
        if wanted.is_none_or(|of| (of.view, of.digest) != (view, digest)) {
            let own = self.config.replica;
            let holders = holders.into_iter().filter(|holder| *holder != own);
            let holders = Holders::of(holders);
            self.current.wanted_view = Some(WantedView {
                view,
                digest,
                holders,
            });
            self.ask_for_opening();
        }
    }

    fn ask_for_opening(&mut self) {
        let height = self.tip.height.next();
        let Some(wanted) = &mut self.current.wanted_view else {
            return;
        };
        let WantedView { view, digest, .. } = *wanted;
        if let Some(holder) = wanted.holders.next() {
            let message = Message::FetchNewView {
                height,
                view,
                digest,
            };
            self.send(Recipients::Only(vec![holder]), message);
        }
    }

    /// L35: asks the next holder of whatever did not come.
    pub(super) fn ask_for_wanted(&mut self) {
        self.ask_for_opening();
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
        if let Some(holder) = wanted.holders.next() {
            let height = self.tip.height.next();
            let message = Message::FetchProposal { height, digest };
            self.send(Recipients::Only(vec![holder]), message);
        }
    }
}
