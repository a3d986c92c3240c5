use std::collections::BTreeSet;

use medshare_types::attestation::attestations_root;
use medshare_types::id::ReplicaId;

use super::{Behaviour, Signer};
use crate::setting::{Message, Setting};
use crate::sim_rng::SimRng;

/// Records no votes of some members in its blocks.
#[derive(Clone, Debug)]
pub struct Omitter {
    signer: Signer,
    omitted: BTreeSet<ReplicaId>,
}

impl Omitter {
    /// Takes `replica`'s seat and signs with its key.
    #[must_use]
    pub fn new(
        setting: &Setting,
        replica: ReplicaId,
        omitted: impl IntoIterator<Item = ReplicaId>,
    ) -> Self {
        Self {
            signer: Signer::of(setting, replica),
            omitted: omitted.into_iter().collect(),
        }
    }
}

impl Behaviour for Omitter {
    fn outgoing(&mut self, _: ReplicaId, message: Message, _: &mut SimRng) -> Vec<Message> {
        let omitted = &self.omitted;
        let message = self.signer.change(message, |mut proposal| {
            let votes = &mut proposal.attestations;
            votes.retain(|vote| !omitted.contains(&vote.signer));
            proposal.header.attestations = attestations_root(votes);
            proposal
        });
        vec![message]
    }
}
