use medshare_consensus::{PreparedCertificate, ViewChange, ViewChangeVote};
use medshare_types::id::{Height, ReplicaId, View};

use super::{Behaviour, Signer};
use crate::setting::{Message, Setting};
use crate::sim_rng::SimRng;

/// Sends no vote in view 0, so that it may be the only member with a certificate there, and claims its
/// first certificate of a height in every view change, the first of them into view 2. Of the rest it
/// sends prepares.
#[derive(Clone, Debug)]
pub struct Hoarder {
    signer: Signer,
    hoarded: Option<(Height, PreparedCertificate)>,
}

impl Hoarder {
    /// Takes `replica`'s seat and signs with its key.
    #[must_use]
    pub fn new(setting: &Setting, replica: ReplicaId) -> Self {
        Self {
            signer: Signer::of(setting, replica),
            hoarded: None,
        }
    }

    fn claim_first(&mut self, change: ViewChange) -> ViewChange {
        let vote = change.vote;
        let hoarded = self.hoarded.take().filter(|(of, _)| *of == vote.height);
        let certificate = hoarded.map(|(_, held)| held).or(change.certificate);
        self.hoarded = certificate.clone().map(|held| (vote.height, held));
        let subject = (vote.epoch, vote.height, vote.view.max(View(2)));
        let claim = certificate.as_ref().map(PreparedCertificate::claim);
        let key = self.signer.key(vote.epoch);
        ViewChange {
            vote: ViewChangeVote::sign(&self.signer.chain, subject, claim, &key),
            certificate,
        }
    }
}

impl Behaviour for Hoarder {
    fn outgoing(&mut self, _: ReplicaId, message: Message, _: &mut SimRng) -> Vec<Message> {
        match message {
            Message::ViewChange(change) => vec![Message::ViewChange(self.claim_first(change))],
            Message::Prepare(vote) if vote.ballot.view > View(0) => vec![message],
            _ => Vec::new(),
        }
    }
}
