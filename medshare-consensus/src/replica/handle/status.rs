//! L38: a member reports its progress.

use medshare_types::id::{Height, ReplicaId};

use crate::proposal::Payload;
use crate::replica::Replica;

impl<P: Payload> Replica<P> {
    pub(super) fn on_status(&mut self, sender: ReplicaId, height: Height) {
        self.sync.record_claim(sender, height);
        let own = self.tip.height;
        if height < own {
            self.inform(sender);
        }
        self.fetch_when_behind(1);
    }
}
