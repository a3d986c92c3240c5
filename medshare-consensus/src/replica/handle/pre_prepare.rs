//! L9 and L10: the proposal of view 0 arrives.

use medshare_types::certificate::Phase;
use medshare_types::id::{ReplicaId, View};

use crate::io::Now;
use crate::mutation::Mutant;
use crate::proposal::Payload;
use crate::rejected::Rejected;
use crate::replica::Replica;
use crate::replica::route::Route;
use crate::vote::PrePrepare;

impl<P: Payload> Replica<P> {
    pub(super) fn on_pre_prepare(
        &mut self,
        now: Now,
        sender: ReplicaId,
        pre_prepare: PrePrepare<P>,
    ) -> Result<(), Rejected> {
        let header = &pre_prepare.proposal.header;
        // L9: later views are opened by a NEW-VIEW.
        if pre_prepare.view != View(0) || header.proposer != sender {
            return Err(Rejected::NotThePrimary { sender });
        }
        let Some(route) = self.route(sender, header.epoch, header.height)? else {
            return Ok(());
        };
        let expected = match route {
            Route::Current => self.primary_of(View(0)),
            Route::Next => self.next_primary(),
        };
        if expected.is_some_and(|primary| primary != sender) {
            return Err(Rejected::NotThePrimary { sender });
        }
        let vote = pre_prepare.vote();
        if !self.config.verifies(Phase::Prepare, sender, &vote) {
            self.suspects.insert(sender);
            return Err(Rejected::BadSignature { sender });
        }
        let cast = self.cast(sender, Phase::Prepare, route, vote, true);
        if !self.mutation.is(Mutant::TwoVotesInAView) {
            cast?;
        }
        // L10
        if route == Route::Next {
            let buffered = self.next.buffered.entry(sender);
            buffered.or_insert((now.wall, pre_prepare));
            return Ok(());
        }
        if self.current.view > View(0) && !self.mutation.is(Mutant::VotesInOlderViews) {
            return Err(Rejected::ViewOver {
                sender,
                view: View(0),
            });
        }
        let outcome = self.take_first_proposal(now.wall, pre_prepare, None);
        outcome.and(self.advance(now.monotonic_ms))
    }

    /// The primary of view 0 at the height after the next one, once a block of that height is known:
    /// a block that is proposed again keeps its proposer, and one that records votes may bar a seat.
    fn next_primary(&self) -> Option<ReplicaId> {
        let slot = &self.current;
        let candidate = slot.candidate.as_ref().map(|held| &held.proposal);
        let known = candidate.or(slot.accepted.as_ref())?;
        if !self.unrecorded.is_empty() {
            return None;
        }
        self.record
            .primary_after_next(&known.header, &known.attestations)
    }
}
