use medshare_types::id::ReplicaId;

use super::Behaviour;
use crate::setting::Message;
use crate::sim_rng::SimRng;

/// Follows the protocol. Two replicas with one key do, and know nothing of each other.
#[derive(Clone, Copy, Debug)]
pub struct Twin;

impl Behaviour for Twin {
    fn outgoing(&mut self, _: ReplicaId, message: Message, _: &mut SimRng) -> Vec<Message> {
        vec![message]
    }
}
