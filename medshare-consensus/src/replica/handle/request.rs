//! L1 to L3: the primary proposes.

use medshare_types::certificate::Phase;
use medshare_types::header::BlockHeader;
use medshare_types::time::Timestamp;

use crate::message::{Message, PrePrepare};
use crate::proposal::{MAX_PAYLOAD_LEN, Payload, Proposal, encoded_length};
use crate::rejected::Rejected;
use crate::replica::Replica;
use crate::replica::slot::{Candidate, Stage};

impl<P: Payload> Replica<P> {
    /// Checks whether a request would be accepted now, so that its payload can be formed as late as
    /// possible.
    ///
    /// # Errors
    /// The [`Rejected`] that the request would get, apart from the check of its length.
    pub fn may_propose(&self) -> Result<(), Rejected> {
        let primary = self.primary();
        if primary != self.config.replica {
            return Err(Rejected::NotPrimary { primary });
        }
        if self.current.own_prepare.is_some() {
            let height = self.tip.height.next();
            return Err(Rejected::InFlight { height });
        }
        if self.executed.height != self.tip.height {
            let height = self.tip.height;
            return Err(Rejected::NotExecuted { height });
        }
        // L35
        if !self.may_propose_anew() {
            let height = self.tip.height.next();
            return Err(Rejected::Abstaining { height });
        }
        Ok(())
    }

    pub(super) fn on_request(&mut self, now: Timestamp, payload: P) -> Result<(), Rejected> {
        // L2
        self.may_propose()?;
        let length = encoded_length(&payload);
        if length > MAX_PAYLOAD_LEN {
            let limit = MAX_PAYLOAD_LEN;
            return Err(Rejected::PayloadTooLong { length, limit });
        }
        // L3
        let header = BlockHeader {
            chain: self.config.chain,
            height: self.tip.height.next(),
            epoch: self.config.committee.epoch(),
            view: self.view,
            proposer: self.config.replica,
            previous: self.tip.digest,
            // Never waits for the clock to pass the parent's time.
            time: now.max(self.tip.time.plus_millis(1)),
            transactions: payload.root(),
            executed: self.executed,
            next_committee: self.config.committee.digest(),
        };
        let proposal = Proposal { header, payload };
        let ballot = proposal.ballot();
        let vote = self.sign(ballot, Phase::Prepare);
        let pre_prepare = PrePrepare {
            proposal,
            signature: vote.signature,
        };
        self.current.candidate = Some(Candidate {
            pre_prepare: pre_prepare.clone(),
            ballot,
            stage: Stage::Prepared,
        });
        let message = Message::PrePrepare(pre_prepare.clone());
        self.record_prepare(pre_prepare, vote, message);
        Ok(())
    }
}
