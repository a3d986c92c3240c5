use medshare_types::id::ReplicaId;

use super::Behaviour;
use crate::setting::Message;
use crate::sim_rng::SimRng;

/// Sends each message to about half of the members, to others each time.
#[derive(Clone, Copy, Debug)]
pub struct SelectiveSender;

impl Behaviour for SelectiveSender {
    fn outgoing(&mut self, _: ReplicaId, message: Message, rng: &mut SimRng) -> Vec<Message> {
        if rng.chance(500) {
            vec![message]
        } else {
            Vec::new()
        }
    }
}
