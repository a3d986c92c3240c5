use medshare_types::id::ReplicaId;

use super::Behaviour;
use crate::setting::Message;
use crate::sim_rng::SimRng;

/// Proposes, changes views and serves blocks, and never sends a vote.
#[derive(Clone, Copy, Debug)]
pub struct VoteWithholder;

impl Behaviour for VoteWithholder {
    fn outgoing(&mut self, _: ReplicaId, message: Message, _: &mut SimRng) -> Vec<Message> {
        match message {
            Message::Prepare(_) | Message::Commit(_) => Vec::new(),
            other => vec![other],
        }
    }
}
