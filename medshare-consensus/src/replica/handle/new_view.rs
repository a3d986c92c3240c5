//! L11 to L15: the proposal of a later view arrives.

use medshare_types::certificate::Phase;
use medshare_types::id::ReplicaId;

use crate::io::Now;
use crate::mutation::Mutant;
use crate::proposal::Payload;
use crate::rejected::Rejected;
use crate::replica::Replica;
use crate::replica::route::Route;
use crate::view_change::{Claim, NewView};
use crate::vote::PrePrepare;

impl<P: Payload> Replica<P> {
    pub(super) fn on_new_view(
        &mut self,
        now: Now,
        sender: ReplicaId,
        new_view: NewView<P>,
    ) -> Result<(), Rejected> {
        let header = &new_view.pre_prepare.proposal.header;
        let view = new_view.pre_prepare.view;
        let height = header.height;
        // L11: the primaries of the height after the next are not known yet; it sends again.
        if self.route(sender, header.epoch, height)? != Some(Route::Current) {
            return Ok(());
        }
        // Likewise those of this height, while blocks wait for execution.
        let Some(primary) = self.primary_of(view) else {
            return Ok(());
        };
        if sender != primary {
            return Err(Rejected::NotThePrimary { sender });
        }
        let prepared = self.current.own_prepare;
        let answered = prepared.is_some_and(|own| own.vote.ballot.view >= view);
        let held = view == self.current.view && self.current.candidate.is_some();
        if view < self.current.view || answered || held {
            return Err(Rejected::ViewOver { sender, view });
        }
        let (chain, committee) = (&self.config.chain, &self.config.committee);
        if !self.mutation.is(Mutant::NewViewUnproven)
            && !new_view.verify_claim(self.claim_of(&new_view), height, chain, committee)
        {
            return Err(Rejected::UnprovenView { sender, view });
        }
        let vote = new_view.pre_prepare.vote();
        if !self.config.verifies(Phase::Prepare, sender, &vote) {
            self.suspects.insert(sender);
            return Err(Rejected::BadSignature { sender });
        }
        self.cast(sender, Phase::Prepare, Route::Current, vote, true)?;
        let claim = self.claim_of(&new_view);
        let claim = claim.filter(|_| {
            !self.mutation.is(Mutant::NewViewUnproven) || new_view.certificate.is_some()
        });
        let outcome = self.open_view(now, claim, new_view.pre_prepare);
        outcome.and(self.advance(now.monotonic_ms))
    }

    /// L11: the claim whose block has to be proposed again.
    fn claim_of(&self, new_view: &NewView<P>) -> Option<Claim> {
        if self.mutation.is(Mutant::LowestCertificate) {
            let votes = new_view.view_changes.iter();
            votes.filter_map(|(_, vote)| vote.claim).min()
        } else {
            new_view.highest_claim()
        }
    }

    /// L12, L13 and L15: enters the view, and judges or prepares its proposal.
    fn open_view(
        &mut self,
        now: Now,
        claim: Option<Claim>,
        pre_prepare: PrePrepare<P>,
    ) -> Result<(), Rejected> {
        let view = pre_prepare.view;
        let proposer = pre_prepare.proposal.header.proposer;
        let sender = self.record.primary(view);
        let Some(claim) = claim else {
            self.enter(view);
            self.arm_view_timer();
            return self.take_first_proposal(now.wall, pre_prepare);
        };
        let proposal = pre_prepare.proposal;
        if proposal.header.digest() != claim.digest {
            return Err(Rejected::UnprovenView { sender, view });
        }
        if let Some(fault) = self.fault_of_link(&proposal) {
            return Err(Rejected::InvalidProposal { proposer, fault });
        }
        self.enter(view);
        self.arm_view_timer();
        self.prepare_again(view, proposal);
        Ok(())
    }
}
