//! L33, L34 and L36: questions about lost votes, and their answers.

use medshare_types::id::ReplicaId;
use medshare_types::time::Timestamp;

use crate::message::{LossId, Message, PrePrepare, Recalled, Recipients};
use crate::proposal::Payload;
use crate::rejected::Rejected;
use crate::replica::Replica;

impl<P: Payload> Replica<P> {
    /// L33: tells how far the sender's lost votes may reach, and returns its proposals. A member
    /// that lost its own votes knows nothing of the kind.
    pub(super) fn on_recall(&mut self, sender: ReplicaId, loss: LossId) {
        if self.is_lost() || !self.serving.may_recall(sender) {
            return;
        }
        let candidate = self.current.candidate.as_ref();
        let candidate = candidate.map(|candidate| &candidate.pre_prepare);
        let buffered = self.next.buffered.as_ref();
        let buffered = buffered.map(|(_, pre_prepare)| pre_prepare);
        let held: Vec<PrePrepare<P>> = candidate
            .into_iter()
            .chain(buffered)
            .filter(|held| held.proposal.header.proposer == sender)
            .cloned()
            .collect();
        let answer = Message::Recalled(Recalled {
            loss,
            height: self.tip.height,
            voted: self.current.own_prepare.is_some() || self.current.own_commit.is_some(),
            proposals: held.iter().map(PrePrepare::vote).collect(),
        });
        let to = Recipients::Only(vec![sender]);
        self.send(to.clone(), answer);
        for pre_prepare in held {
            self.send(to.clone(), Message::Returned(pre_prepare));
        }
    }

    /// L34: what the sender has decided can be fetched from it.
    pub(super) fn on_recalled(
        &mut self,
        sender: ReplicaId,
        answer: Recalled,
    ) -> Result<(), Rejected> {
        self.sync.record_claim(sender, answer.height);
        self.take_recalled(sender, &answer)?;
        self.fetch_when_behind(1);
        self.advance()
    }

    /// L36: the signature is this replica's own, so it was not asked for in vain.
    pub(super) fn on_returned(
        &mut self,
        now: Timestamp,
        sender: ReplicaId,
        pre_prepare: PrePrepare<P>,
    ) -> Result<(), Rejected> {
        let own = self.config.replica;
        let header = &pre_prepare.proposal.header;
        let here = header.chain == self.config.chain
            && header.epoch == self.config.committee.epoch()
            && header.view == self.view
            && header.proposer == own;
        if !self.is_lost() || self.primary() != own || !here {
            return Err(Rejected::Unasked { sender });
        }
        let vote = pre_prepare.vote();
        let phase = medshare_types::certificate::Phase::Prepare;
        if !self.config.verifies(phase, own, &vote) {
            return Err(Rejected::BadSignature { sender });
        }
        self.take_returned(now, pre_prepare)?;
        self.advance()
    }
}
