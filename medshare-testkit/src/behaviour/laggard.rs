use medshare_types::id::ReplicaId;

use super::Behaviour;
use crate::setting::Message;
use crate::sim_rng::SimRng;

/// Keeps to the protocol behind a slow line: an honest member that others may find late.
#[derive(Clone, Copy, Debug)]
pub struct Laggard {
    late_ms: u64,
}

impl Laggard {
    /// All messages leave `late_ms` milliseconds late.
    #[must_use]
    pub const fn new(late_ms: u64) -> Self {
        Self { late_ms }
    }
}

impl Behaviour for Laggard {
    fn outgoing(&mut self, _: ReplicaId, message: Message, _: &mut SimRng) -> Vec<Message> {
        vec![message]
    }

    fn delay_ms(&self, _: &Message) -> u64 {
        self.late_ms
    }
}
