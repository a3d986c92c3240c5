//! Lines 26–27: a decided block arrives.

use medshare_types::id::ReplicaId;

use crate::error::{ProposalFault, Rejected};
use crate::message::Decided;
use crate::proposal::Payload;
use crate::replica::Replica;
use crate::replica::sync::BATCH;

impl<P: Payload> Replica<P> {
    pub(in crate::replica) fn on_decided(
        &mut self,
        sender: ReplicaId,
        decided: Decided<P>,
    ) -> Result<(), Rejected> {
        let height = decided.proposal.header.height;
        self.peers.note(sender, height);
        if height <= self.tip.height {
            return Ok(());
        }
        if height > self.tip.height.next() {
            return Err(Rejected::TooFarAhead { sender, height });
        }
        if height.0.saturating_sub(self.executed.height.0) > 2 * BATCH {
            let height = self.executed.height.next();
            return Err(Rejected::NotExecuted { height });
        }
        // L26
        if let Some(fault) = self.fault_of_block(&decided) {
            return Err(Rejected::InvalidBlock { sender, fault });
        }
        let certificate = &decided.certificate;
        certificate
            .verify(&self.config.chain, &self.config.committee)
            .map_err(|source| Rejected::InvalidCertificate { sender, source })?;
        // L27
        self.settle(decided);
        let outcome = self.take_up_early().and(self.advance());
        self.ask_when_behind(1);
        outcome
    }

    /// The hash links of a block; all else is vouched for by its certificate.
    fn fault_of_block(&self, decided: &Decided<P>) -> Option<ProposalFault> {
        let (header, ballot) = (&decided.proposal.header, &decided.certificate.ballot);
        let named = (ballot.height, ballot.epoch, ballot.digest);
        let fault = if header.chain != self.config.chain {
            ProposalFault::WrongChain
        } else if named != (header.height, header.epoch, header.digest()) {
            ProposalFault::WrongBallot
        } else if header.previous != self.tip.digest {
            ProposalFault::WrongParent
        } else if header.transactions != decided.proposal.payload.root() {
            ProposalFault::WrongPayload
        } else {
            return None;
        };
        Some(fault)
    }
}
