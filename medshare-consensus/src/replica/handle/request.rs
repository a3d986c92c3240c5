//! Lines 1–3: the primary proposes.

use medshare_types::certificate::Phase;
use medshare_types::header::BlockHeader;
use medshare_types::time::Timestamp;

use crate::error::Rejected;
use crate::log_record::LogRecord;
use crate::message::{Message, PrePrepare, Recipients, Vote};
use crate::proposal::{MAX_PAYLOAD_LEN, Payload, Proposal, encoded_length};
use crate::replica::Replica;
use crate::replica::slot::{Candidate, OwnVote, Stage};

impl<P: Payload> Replica<P> {
    /// Whether a request would be taken now, so that a batch is formed as late as possible.
    ///
    /// # Errors
    /// [`Rejected`] as the request would get it, but for the payload's length.
    pub fn may_propose(&self, now: Timestamp) -> Result<(), Rejected> {
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
        if now <= self.tip.time {
            let earliest = self.tip.time.plus_millis(1);
            return Err(Rejected::ClockBehind { earliest });
        }
        Ok(())
    }

    pub(in crate::replica) fn on_request(
        &mut self,
        now: Timestamp,
        payload: P,
    ) -> Result<(), Rejected> {
        // L2
        self.may_propose(now)?;
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
            time: now,
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

    /// Lines 3 and 12: log first, then `message` to all.
    pub(in crate::replica) fn record_prepare(
        &mut self,
        pre_prepare: PrePrepare<P>,
        vote: Vote,
        message: Message<P>,
    ) {
        let record = LogRecord::Prepared { pre_prepare, vote };
        let position = self.outbox.persist(record);
        self.current.own_prepare = Some(OwnVote { vote, position });
        self.send(Recipients::All, message);
        self.rearm();
    }
}
