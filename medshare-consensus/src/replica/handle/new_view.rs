//! L11 to L15: the proposal of a later view arrives.

use medshare_types::certificate::Phase;
use medshare_types::hash::Digest;
use medshare_types::id::{ReplicaId, View};

use crate::evidence::Offence;
use crate::io::Now;
use crate::mutation::Mutant;
use crate::proposal::Payload;
use crate::rejected::Rejected;
use crate::replica::Replica;
use crate::replica::route::Route;
use crate::replica::slot::Stage;
use crate::view_change::{Claim, NewView, Opening, ViewProof};

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
        let digest = header.digest();
        let answers = self.asked_for_opening(sender, view, digest);
        if sender != primary && !answers {
            // Maybe the late answer to an earlier question.
            return Err(Rejected::Unsolicited { sender });
        }
        let prepared = self.current.own_prepare;
        let answered = prepared.is_some_and(|own| own.vote.ballot.view >= view);
        let candidate = self.current.candidate.as_ref();
        // L16: f+1 members prepared another block than an untimely one.
        let held = candidate.is_some_and(|held| !answers || held.stage != Stage::Untimely);
        if view < self.current.view || answered || (view == self.current.view && held) {
            return Err(Rejected::ViewOver { sender, view });
        }
        let (chain, committee) = (&self.config.chain, &self.config.committee);
        let claim = self.claim_of(&new_view.proof);
        if !self.mutation.is(Mutant::NewViewUnproven)
            && !(new_view.proof).verify_claim(claim, (height, view), chain, committee)
        {
            return Err(Rejected::UnprovenView { sender, view });
        }
        let vote = new_view.pre_prepare.vote();
        if !self.config.verifies(Phase::Prepare, primary, &vote) {
            self.suspects.insert(sender);
            return Err(Rejected::BadSignature { sender });
        }
        if sender != primary
            && let Some(fault) = self.fault_of_link(&new_view.pre_prepare.proposal)
        {
            return Err(Rejected::InvalidBlock { sender, fault });
        }
        let cast = self.cast(primary, Phase::Prepare, Route::Current, vote, true);
        if sender == primary {
            cast.clone()?;
        }
        let compared = self.compare_view_changes(&new_view.proof);
        let claim = claim.filter(|_| {
            !self.mutation.is(Mutant::NewViewUnproven) || new_view.proof.certificate.is_some()
        });
        let outcome = match self.open_view(now, sender, claim, new_view) {
            // L16: f+1 members found it in time.
            Err(Rejected::Untimely { .. }) if answers => Ok(()),
            outcome => outcome,
        };
        let outcome = outcome.and(cast).and(compared);
        outcome.and(self.advance(now.monotonic_ms))
    }

    /// L37: true where this replica asked `sender` what opened the view with this block.
    fn asked_for_opening(&self, sender: ReplicaId, view: View, digest: Digest) -> bool {
        let wanted = self.current.wanted_view.as_ref();
        wanted.is_some_and(|of| {
            (of.view, of.digest) == (view, digest) && of.holders.was_asked(sender)
        })
    }

    /// L11: view changes of a proof that their senders contradict, as in L30.
    fn compare_view_changes(&mut self, proof: &ViewProof) -> Result<(), Rejected> {
        let mut outcome = Ok(());
        for (seat, vote) in &proof.view_changes {
            let slot = &self.current;
            let contradicted = slot.changes_of(*seat).find(|held| held.contradicts(vote));
            let commit = slot.commits.highest_of(*seat).copied();
            outcome = outcome.and(match (contradicted, commit) {
                (Some(first), _) => {
                    let second = *vote;
                    let offence = Offence::TwoViewChanges { first, second };
                    self.expose(*seat, vote.height, offence)
                }
                (None, Some(commit)) if vote.forgets(&commit.ballot) => {
                    self.expose_forgotten(*seat, commit, *vote)
                }
                _ => Ok(()),
            });
        }
        outcome
    }

    /// L11: the claim whose block has to be proposed again.
    fn claim_of(&self, proof: &ViewProof) -> Option<Claim> {
        if self.mutation.is(Mutant::LowestCertificate) {
            let votes = proof.view_changes.iter();
            votes.filter_map(|(_, vote)| vote.claim).min()
        } else {
            proof.highest_claim()
        }
    }

    /// L12, L13 and L15: enters the view, and judges or prepares its proposal.
    fn open_view(
        &mut self,
        now: Now,
        sender: ReplicaId,
        claim: Option<Claim>,
        new_view: NewView<P>,
    ) -> Result<(), Rejected> {
        let NewView { proof, pre_prepare } = new_view;
        let view = pre_prepare.view;
        let opening = Some(Opening {
            proof,
            signature: pre_prepare.signature,
        });
        let Some(claim) = claim else {
            self.enter_opened(view);
            return self.take_first_proposal(now.wall, pre_prepare, opening);
        };
        let proposal = pre_prepare.proposal;
        if proposal.header.digest() != claim.digest {
            return Err(Rejected::UnprovenView { sender, view });
        }
        // A quorum prepared its header: the rest is the sender's.
        if let Some(fault) = self.fault_of_link(&proposal) {
            return Err(Rejected::InvalidBlock { sender, fault });
        }
        self.enter_opened(view);
        self.prepare_again(view, proposal, opening);
        Ok(())
    }

    /// L12 and L13: the proposal of `view` takes the place of an untimely one, and is asked for no
    /// more.
    fn enter_opened(&mut self, view: View) {
        self.enter(view);
        let slot = &mut self.current;
        slot.candidate = slot.candidate.take().filter(|of| of.ballot.view != view);
        slot.wanted_view = slot.wanted_view.take().filter(|of| of.view > view);
        self.arm_view_timer();
    }
}
