use medshare_types::id::ReplicaId;

use super::Behaviour;
use crate::setting::Message;
use crate::sim_rng::SimRng;

/// Runs a replica and sends none of its messages.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Behaviour for Silent {
    fn outgoing(&mut self, _: ReplicaId, _: Message, _: &mut SimRng) -> Vec<Message> {
        Vec::new()
    }

    fn follows(&self) -> bool {
        false
    }
}
