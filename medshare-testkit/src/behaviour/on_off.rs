use core::fmt;

use medshare_types::id::{Epoch, ReplicaId};

use super::{Behaviour, proposed};
use crate::setting::Message;
use crate::sim_rng::SimRng;

/// Deviates in one epoch of several, and keeps to the protocol in the others.
pub struct OnOff {
    inner: Box<dyn Behaviour>,
    period: u64,
    epoch: Epoch,
}

impl OnOff {
    /// Deviates as `inner` in the last epoch of every `period`.
    #[must_use]
    pub const fn new(inner: Box<dyn Behaviour>, period: u64) -> Self {
        Self {
            inner,
            period,
            epoch: Epoch(0),
        }
    }

    const fn is_on(&self) -> bool {
        (self.epoch.0 + 1).is_multiple_of(self.period)
    }

    fn see(&mut self, message: &Message) {
        if let Some(pre_prepare) = proposed(message) {
            self.epoch = self.epoch.max(pre_prepare.proposal.header.epoch);
        }
    }
}

impl fmt::Debug for OnOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnOff")
            .field("period", &self.period)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

impl Behaviour for OnOff {
    fn outgoing(&mut self, to: ReplicaId, message: Message, rng: &mut SimRng) -> Vec<Message> {
        self.see(&message);
        if self.is_on() {
            self.inner.outgoing(to, message, rng)
        } else {
            vec![message]
        }
    }

    fn delay_ms(&self, message: &Message) -> u64 {
        if self.is_on() {
            self.inner.delay_ms(message)
        } else {
            0
        }
    }

    fn incoming(&mut self, message: &Message) {
        self.see(message);
        self.inner.incoming(message);
    }
}
