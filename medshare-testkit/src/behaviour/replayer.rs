use medshare_types::id::ReplicaId;

use super::Behaviour;
use crate::setting::Message;
use crate::sim_rng::SimRng;

/// Messages kept for replay.
const MEMORY: usize = 64;

/// Adds an old message, its own or another member's, to every message it sends.
#[derive(Clone, Debug, Default)]
pub struct Replayer {
    heard: Vec<Message>,
}

impl Replayer {
    fn remember(&mut self, message: &Message) {
        if self.heard.len() == MEMORY {
            self.heard.remove(0);
        }
        self.heard.push(message.clone());
    }
}

impl Behaviour for Replayer {
    fn outgoing(&mut self, _: ReplicaId, message: Message, rng: &mut SimRng) -> Vec<Message> {
        self.remember(&message);
        let old = self.heard.get(rng.index(self.heard.len()));
        old.cloned().into_iter().chain([message]).collect()
    }

    fn incoming(&mut self, message: &Message) {
        self.remember(message);
    }
}
