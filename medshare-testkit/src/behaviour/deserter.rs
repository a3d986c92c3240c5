use medshare_types::id::ReplicaId;

use super::Behaviour;
use crate::setting::Message;
use crate::sim_rng::SimRng;

/// Helps to give up views and never votes; after a number of messages it falls silent, so that those
/// it helped need the members that it left behind.
#[derive(Clone, Copy, Debug)]
pub struct Deserter {
    left: u64,
}

impl Deserter {
    /// Falls silent after `messages` messages, one an addressee.
    #[must_use]
    pub const fn new(messages: u64) -> Self {
        Self { left: messages }
    }
}

impl Behaviour for Deserter {
    fn outgoing(&mut self, _: ReplicaId, message: Message, _: &mut SimRng) -> Vec<Message> {
        if matches!(message, Message::Prepare(_) | Message::Commit(_)) || self.left == 0 {
            return Vec::new();
        }
        self.left -= 1;
        vec![message]
    }
}
