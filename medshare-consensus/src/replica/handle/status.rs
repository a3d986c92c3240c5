//! Line 24: a member says how far it is.

use medshare_types::id::{Height, ReplicaId};

use crate::message::{Message, Recipients};
use crate::proposal::Payload;
use crate::replica::Replica;
use crate::replica::sync::BATCH;

impl<P: Payload> Replica<P> {
    pub(in crate::replica) fn on_status(&mut self, sender: ReplicaId, height: Height) {
        self.peers.note(sender, height);
        let own = self.tip.height;
        if height < own && self.peers.may_tell(sender) {
            let to = Recipients::Only(vec![sender]);
            self.send(to, Message::Status { height: own });
        }
        self.ask_when_behind(1);
    }

    /// Asks somebody who claims to be `lead` heights ahead for decided blocks, unless a question
    /// is open or execution has to keep up first.
    pub(in crate::replica) fn ask_when_behind(&mut self, lead: u64) {
        let own = self.tip.height;
        if own.0.saturating_sub(self.executed.height.0) > BATCH {
            return;
        }
        let claimed = Height(own.0.saturating_add(lead));
        if let Some(peer) = self.peers.ask(own.next(), claimed) {
            let message = Message::Fetch { from: own.next() };
            self.send(Recipients::Only(vec![peer]), message);
        }
    }
}
