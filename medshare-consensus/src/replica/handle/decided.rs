//! L40 and L41: a decided block arrives.

use medshare_types::id::ReplicaId;

use crate::io::Now;
use crate::message::Decided;
use crate::proposal::{Payload, ProposalFault};
use crate::rejected::Rejected;
use crate::replica::Replica;
use crate::replica::attest::has_root;
use crate::replica::sync::FETCH_BLOCKS;

impl<P: Payload> Replica<P> {
    pub(super) fn on_decided(
        &mut self,
        now: Now,
        sender: ReplicaId,
        decided: Decided<P>,
    ) -> Result<(), Rejected> {
        let height = decided.proposal.header.height;
        self.sync.record_claim(sender, height);
        if height <= self.tip.height {
            return Ok(());
        }
        if height > self.tip.height.next() {
            return Err(Rejected::TooFarAhead { sender, height });
        }
        if height.0.saturating_sub(self.executed.height.0) > 2 * FETCH_BLOCKS {
            let height = self.executed.height.next();
            return Err(Rejected::NotExecuted { height });
        }
        // L65
        if self.awaits_boundary(&decided.proposal.header) {
            let height = self.executed.height.next();
            return Err(Rejected::NotExecuted { height });
        }
        // L40
        if let Some(fault) = self.fault_of_block(&decided) {
            return Err(Rejected::InvalidBlock { sender, fault });
        }
        self.mutation
            .check_certificate(
                &decided.certificate,
                &self.config.chain,
                &self.config.committee,
            )
            .map_err(|source| Rejected::InvalidCertificate { sender, source })?;
        // L41
        self.record_decision(&decided);
        self.decide(decided, now.monotonic_ms);
        let outcome = self
            .replay_buffered_proposal()
            .and(self.advance(now.monotonic_ms));
        self.fetch_when_behind(1);
        outcome
    }

    /// L40: the hash links of a block; its certificate vouches for all else.
    fn fault_of_block(&self, decided: &Decided<P>) -> Option<ProposalFault> {
        let header = &decided.proposal.header;
        let ballot = &decided.certificate.ballot;
        let same_block = ballot.height == header.height
            && ballot.epoch == header.epoch
            && ballot.digest == header.digest();
        let fault = if header.chain != self.config.chain {
            ProposalFault::WrongChain
        } else if !same_block {
            ProposalFault::WrongBallot
        } else if header.previous != self.tip.digest {
            ProposalFault::WrongParent
        } else if header.transactions != decided.proposal.payload.root() {
            ProposalFault::WrongPayload
        } else if !has_root(&decided.proposal) {
            ProposalFault::WrongAttestations
        } else {
            return None;
        };
        Some(fault)
    }
}
