//! Routing of messages to the two heights that are kept.

use medshare_types::id::{Epoch, Height, ReplicaId};

use super::Replica;
use crate::proposal::Payload;
use crate::rejected::Rejected;

/// The slot that a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// The height after the tip.
    Current,
    /// The height after `Current`.
    Next,
}

impl<P: Payload> Replica<P> {
    /// L9, L11, L22 and L30: the slot of a message; `None` when its height is decided already. A member that
    /// works on a height has decided the one before.
    pub(super) fn route(
        &mut self,
        sender: ReplicaId,
        epoch: Epoch,
        height: Height,
    ) -> Result<Option<Route>, Rejected> {
        let Some(before) = height.previous() else {
            return Ok(None);
        };
        self.sync.record_claim(sender, before);
        if epoch != self.config.committee.epoch() {
            if height.0 > self.tip.height.next().0 {
                self.fetch_when_behind(2);
            }
            return Err(Rejected::WrongEpoch { sender, epoch });
        }
        match height.0.saturating_sub(self.tip.height.0) {
            0 => Ok(None),
            1 => Ok(Some(Route::Current)),
            2 => Ok(Some(Route::Next)),
            _ => {
                self.fetch_when_behind(2);
                Err(Rejected::TooFarAhead { sender, height })
            }
        }
    }
}
