//! Line 25: a member asks for decided blocks.

use medshare_types::id::{Height, ReplicaId};

use crate::io::Output;
use crate::proposal::Payload;
use crate::replica::Replica;
use crate::replica::sync::BATCH;

impl<P: Payload> Replica<P> {
    pub(in crate::replica) fn on_fetch(&mut self, sender: ReplicaId, from: Height) {
        let own = self.tip.height;
        let until = own.min(Height(from.0.saturating_add(BATCH - 1)));
        if from == Height(0) || from > own || !self.peers.may_serve(sender, from, until) {
            return;
        }
        self.outbox.push_gated(Output::Serve {
            to: sender,
            from,
            until,
        });
    }
}
