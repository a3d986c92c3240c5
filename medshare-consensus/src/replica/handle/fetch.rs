//! L39: a member asks for decided blocks.

use medshare_types::id::{Height, ReplicaId};

use crate::io::Effect;
use crate::proposal::Payload;
use crate::replica::Replica;
use crate::replica::sync::FETCH_BLOCKS;

impl<P: Payload> Replica<P> {
    pub(super) fn on_fetch(&mut self, sender: ReplicaId, from: Height) {
        let own = self.tip.height;
        let until = own.min(Height(from.0.saturating_add(FETCH_BLOCKS - 1)));
        if from == Height(0) || from > own || !self.serving.may_serve(sender, from, until) {
            return;
        }
        self.outbox.push_gated(Effect::Serve {
            to: sender,
            from,
            until,
        });
    }
}
