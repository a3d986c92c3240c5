//! L23: the tick, which sends again whatever may be lost.

use medshare_types::time::Timestamp;

use crate::message::{Message, Recipients};
use crate::proposal::Payload;
use crate::replica::Replica;

impl<P: Payload> Replica<P> {
    pub(super) fn on_resend(&mut self, now: Timestamp) {
        if !self.outbox.is_blocked() {
            self.sync.abandon_fetch();
            self.sync.reset_limits();
            self.resend_votes();
            self.ask_application_again();
            self.extend_late_bound(now);
            let height = self.tip.height;
            self.send(Recipients::All, Message::Status { height });
            self.fetch_when_behind(1);
        }
        self.restart_timer();
    }
}
