use medshare_types::id::ReplicaId;

use super::Behaviour;
use crate::dice::Dice;
use crate::setting::Message;

/// Says nothing at all.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Behaviour for Silent {
    fn outgoing(&mut self, _: ReplicaId, _: Message, _: &mut Dice) -> Vec<Message> {
        Vec::new()
    }
}
