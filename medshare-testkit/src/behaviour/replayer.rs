use medshare_types::id::ReplicaId;

use super::Behaviour;
use crate::setting::Message;
use crate::sim_rng::SimRng;

/// How many messages are remembered.
const MEMORY: usize = 64;

/// Sends with everything it says something old, of its own or of somebody else.
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
        let old = rng.below(self.heard.len() as u64);
        let old = usize::try_from(old).ok().and_then(|n| self.heard.get(n));
        old.cloned().into_iter().chain([message]).collect()
    }

    fn incoming(&mut self, message: &Message) {
        self.remember(message);
    }
}
