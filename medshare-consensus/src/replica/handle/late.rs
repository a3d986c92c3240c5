//! L56 and L59: a late vote arrives.

use medshare_types::attestation::{Attestation, Attested};
use medshare_types::id::ReplicaId;

use crate::late::LateVote;
use crate::proposal::Payload;
use crate::rejected::Rejected;
use crate::replica::Replica;
use crate::replica::late::Held;
use crate::replica::route::Route;

impl<P: Payload> Replica<P> {
    pub(super) fn on_late(&mut self, sender: ReplicaId, vote: LateVote) -> Result<(), Rejected> {
        let route = self.route(sender, vote.epoch, vote.height)?;
        let verified = self.suspects.contains(&sender);
        if verified {
            self.verify_late(sender, &vote)?;
        }
        let held = Held {
            signature: vote.signature,
            verified,
        };
        match route {
            Some(Route::Current) => self.current.late.keep(sender, vote.view, held),
            Some(Route::Next) => self.next.late.keep(sender, vote.view, held),
            // L59
            None => {
                let vote = Attestation {
                    height: vote.height,
                    attested: Attested::Late,
                    view: vote.view,
                    signer: sender,
                    signature: vote.signature,
                };
                self.keep_open_vote(&vote, verified);
            }
        }
        Ok(())
    }

    fn verify_late(&self, sender: ReplicaId, vote: &LateVote) -> Result<(), Rejected> {
        let member = self.config.committee.member(sender);
        let good =
            member.is_some_and(|member| vote.verify(&self.config.chain, &member.key).is_ok());
        if good {
            Ok(())
        } else {
            Err(Rejected::BadSignature { sender })
        }
    }
}
