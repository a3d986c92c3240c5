use std::collections::BTreeSet;

use medshare_types::attestation::attestations_root;
use medshare_types::id::ReplicaId;

use super::{Behaviour, Signer};
use crate::setting::{Message, Setting};
use crate::sim_rng::SimRng;

/// Sends its commits to some members only, and records none of its own.
#[derive(Clone, Debug)]
pub struct CommitWithholder {
    signer: Signer,
    own: ReplicaId,
    shown: BTreeSet<ReplicaId>,
}

impl CommitWithholder {
    /// Takes `replica`'s seat and signs with its key; only `shown` members get its commits.
    #[must_use]
    pub fn new(
        setting: &Setting,
        replica: ReplicaId,
        shown: impl IntoIterator<Item = ReplicaId>,
    ) -> Self {
        Self {
            signer: Signer::of(setting, replica),
            own: replica,
            shown: shown.into_iter().collect(),
        }
    }
}

impl Behaviour for CommitWithholder {
    fn outgoing(&mut self, to: ReplicaId, message: Message, _: &mut SimRng) -> Vec<Message> {
        if matches!(message, Message::Commit(_)) && !self.shown.contains(&to) {
            return Vec::new();
        }
        let own = self.own;
        let message = self.signer.change(message, |mut proposal| {
            let votes = &mut proposal.attestations;
            votes.retain(|vote| vote.signer != own);
            proposal.header.attestations = attestations_root(votes);
            proposal
        });
        vec![message]
    }
}
