//! L6 to L8: the primary proposes.

use medshare_types::attestation::attestations_root;
use medshare_types::certificate::Phase;
use medshare_types::header::BlockHeader;
use medshare_types::id::View;
use medshare_types::time::Timestamp;

use crate::mutation::Mutant;
use crate::proposal::{MAX_PAYLOAD_LEN, Payload, Proposal, encoded_length};
use crate::rejected::Rejected;
use crate::replica::Replica;
use crate::view_change::ViewProof;

impl<P: Payload> Replica<P> {
    /// Checks whether a request would be accepted now, so that its payload can be formed as late as
    /// possible.
    ///
    /// # Errors
    /// The [`Rejected`] that the request would get, apart from the check of its length.
    pub fn may_propose(&self) -> Result<(), Rejected> {
        self.proof_to_propose().map(drop)
    }

    /// L6 and L7: what a proposal of the current view has to carry: nothing in view 0.
    fn proof_to_propose(&self) -> Result<Option<ViewProof>, Rejected> {
        let primary = self.primary();
        let view = self.current.view;
        if primary != self.config.replica {
            return Err(Rejected::NotPrimary { primary });
        }
        if self.current.has_prepared() {
            let height = self.tip.height.next();
            return Err(Rejected::InFlight { height });
        }
        if self.executed.height != self.tip.height {
            let height = self.tip.height;
            return Err(Rejected::NotExecuted { height });
        }
        // L50
        if self.abstains() {
            let height = self.tip.height.next();
            return Err(Rejected::Abstaining { height });
        }
        if view == View(0) {
            return if self.pacing.is_due() {
                Ok(None)
            } else {
                Err(Rejected::NotDue)
            };
        }
        let quorum = self.config.committee.quorum().quorum();
        let proof = self.current.changes.proof(view, quorum, self.mutation);
        match proof.filter(|proof| proof.certified().is_none()) {
            Some(proof) => Ok(Some(proof)),
            None => Err(Rejected::ViewNotOpen { view }),
        }
    }

    pub(super) fn on_request(&mut self, now: Timestamp, payload: P) -> Result<(), Rejected> {
        let proof = self.proof_to_propose()?;
        let length = encoded_length(&payload);
        if length > MAX_PAYLOAD_LEN {
            let limit = MAX_PAYLOAD_LEN;
            return Err(Rejected::PayloadTooLong { length, limit });
        }
        if self.mutation.is(Mutant::WaitsForClock) && now <= self.tip.time {
            return Err(Rejected::NotDue);
        }
        // L8: a primary whose clock is behind its parent does not wait for it.
        let view = self.current.view;
        let attestations = self.votes_to_record();
        let header = BlockHeader {
            chain: self.config.chain,
            height: self.tip.height.next(),
            epoch: self.config.committee.epoch(),
            view,
            proposer: self.config.replica,
            previous: self.tip.digest,
            time: now.max(self.tip.time.plus_millis(1)),
            transactions: payload.root(),
            attestations: attestations_root(&attestations),
            executed: self.executed,
            next_committee: self.record.next_committee().digest(),
        };
        let proposal = Proposal {
            header,
            payload,
            attestations,
        };
        let Some(vote) = self.sign(proposal.ballot_in(view), Phase::Prepare) else {
            let height = self.tip.height.next();
            return Err(Rejected::Abstaining { height });
        };
        self.record_proposal(proposal, vote, proof);
        Ok(())
    }
}
