//! L4 to L9: a proposal arrives.

use medshare_types::certificate::Phase;
use medshare_types::header::BlockHeader;
use medshare_types::id::ReplicaId;
use medshare_types::time::Timestamp;

use crate::message::PrePrepare;
use crate::proposal::{Payload, ProposalFault};
use crate::rejected::Rejected;
use crate::replica::Replica;
use crate::replica::route::Route;

impl<P: Payload> Replica<P> {
    pub(super) fn on_pre_prepare(
        &mut self,
        now: Timestamp,
        sender: ReplicaId,
        pre_prepare: PrePrepare<P>,
    ) -> Result<(), Rejected> {
        let header = &pre_prepare.proposal.header;
        // L5
        if sender != self.primary() {
            return Err(Rejected::NotThePrimary { sender });
        }
        let Some(route) = self.route(sender, header.epoch, header.view, header.height)? else {
            return Ok(());
        };
        self.check_origin(sender, header)?;
        // L6
        let vote = pre_prepare.vote();
        if !self.config.verifies(Phase::Prepare, sender, &vote) {
            self.suspects.insert(sender);
            return Err(Rejected::BadSignature { sender });
        }
        // L7
        self.cast(sender, Phase::Prepare, route, vote, true)?;
        // L8
        if route == Route::Next {
            self.next.buffered.get_or_insert((now, pre_prepare));
            return Ok(());
        }
        // L9
        let outcome = self.examine(now, pre_prepare);
        outcome.and(self.advance())
    }

    /// L5: chain and proposer, which can be checked without the parent.
    fn check_origin(&self, sender: ReplicaId, header: &BlockHeader) -> Result<(), Rejected> {
        let fault = if header.chain != self.config.chain {
            ProposalFault::WrongChain
        } else if header.proposer != sender {
            ProposalFault::WrongProposer
        } else {
            return Ok(());
        };
        Err(Rejected::InvalidProposal {
            proposer: sender,
            fault,
        })
    }
}
