use medshare_types::id::ReplicaId;

use super::Behaviour;
use crate::setting::Message;
use crate::sim_rng::SimRng;

/// Own votes kept for replay.
const MEMORY: usize = 256;

/// Follows the protocol, and replays votes and view changes of its own, of any age and any life of
/// its process, beside every message.
#[derive(Clone, Debug, Default)]
pub struct OldVoter {
    signed: Vec<Message>,
}

impl Behaviour for OldVoter {
    fn outgoing(&mut self, _: ReplicaId, message: Message, rng: &mut SimRng) -> Vec<Message> {
        let is_signed = matches!(
            message,
            Message::Prepare(_) | Message::Commit(_) | Message::ViewChange(_)
        );
        if is_signed && self.signed.len() < MEMORY {
            self.signed.push(message.clone());
        }
        let old = self.signed.get(rng.index(self.signed.len()));
        old.cloned().into_iter().chain([message]).collect()
    }
}
