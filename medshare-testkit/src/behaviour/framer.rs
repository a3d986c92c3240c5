use medshare_types::attestation::{Attestation, Attested, attestations_root};
use medshare_types::id::{Epoch, Height, ReplicaId, View};

use super::{Behaviour, Signer};
use crate::setting::{Message, Setting};
use crate::sim_rng::SimRng;

/// Records late votes in the name of every other member, under its own signature.
#[derive(Clone, Debug)]
pub struct Framer {
    signer: Signer,
    others: Vec<ReplicaId>,
}

impl Framer {
    /// Takes `replica`'s seat and signs with its key.
    #[must_use]
    pub fn new(setting: &Setting, replica: ReplicaId) -> Self {
        let others = setting.committee().replicas();
        Self {
            signer: Signer::of(setting, replica),
            others: others.filter(|other| *other != replica).collect(),
        }
    }

    /// The late votes of all others for view 0 of the height before `height`.
    fn forged(&self, epoch: Epoch, height: Height) -> Option<Vec<Attestation>> {
        let before = height.previous().filter(|before| *before > Height(0))?;
        let subject = (epoch, before, View(0));
        let own = self.signer.late(subject);
        let others = self.others.iter();
        let forged = others.map(|signer| Attestation {
            height: before,
            attested: Attested::Late,
            view: View(0),
            signer: *signer,
            signature: own.signature,
        });
        Some(forged.collect())
    }
}

impl Behaviour for Framer {
    fn outgoing(&mut self, _: ReplicaId, message: Message, _: &mut SimRng) -> Vec<Message> {
        let message = self.signer.change(message, |mut proposal| {
            let header = &proposal.header;
            if let Some(forged) = self.forged(header.epoch, header.height) {
                let votes = &mut proposal.attestations;
                votes.extend(forged);
                votes.sort_unstable_by_key(Attestation::key);
                votes.dedup_by_key(|vote| vote.key());
                proposal.header.attestations = attestations_root(votes);
            }
            proposal
        });
        vec![message]
    }
}
