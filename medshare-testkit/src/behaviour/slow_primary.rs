use medshare_types::id::ReplicaId;

use super::{Behaviour, proposed};
use crate::setting::Message;
use crate::sim_rng::SimRng;

/// Holds its proposals back, as long as it dares.
#[derive(Clone, Copy, Debug)]
pub struct SlowPrimary {
    late_ms: u64,
}

impl SlowPrimary {
    /// Proposals leave `late_ms` milliseconds late, everything else in time.
    #[must_use]
    pub const fn new(late_ms: u64) -> Self {
        Self { late_ms }
    }
}

impl Behaviour for SlowPrimary {
    fn outgoing(&mut self, _: ReplicaId, message: Message, _: &mut SimRng) -> Vec<Message> {
        vec![message]
    }

    fn delay_ms(&self, message: &Message) -> u64 {
        if proposed(message).is_some() {
            self.late_ms
        } else {
            0
        }
    }
}
