//! L30: a member gives up a view.

use medshare_types::id::ReplicaId;

use crate::evidence::Offence;
use crate::io::Now;
use crate::log_record::LogRecord;
use crate::message::{Message, Recipients};
use crate::mutation::Mutant;
use crate::proposal::Payload;
use crate::rejected::Rejected;
use crate::replica::Replica;
use crate::replica::route::Route;
use crate::view_change::{ViewChange, ViewChangeVote};

impl<P: Payload> Replica<P> {
    pub(super) fn on_view_change(
        &mut self,
        now: Now,
        sender: ReplicaId,
        change: ViewChange,
    ) -> Result<(), Rejected> {
        let vote = change.vote;
        let Some(route) = self.route(sender, vote.epoch, vote.height)? else {
            // The sender may not know that the height is decided.
            self.inform(sender);
            self.join_decided(&vote);
            return Ok(());
        };
        let slot = match route {
            Route::Current => &self.current,
            Route::Next => &self.next,
        };
        if self.mutation.is(Mutant::ViewChangesBound) && vote.view > slot.view.next() {
            return Ok(());
        }
        let held = slot.changes.of(sender).map(|held| held.vote);
        let contradicted = slot.changes_of(sender).find(|held| held.contradicts(&vote));
        if contradicted.is_none() && held.is_some_and(|held| held.view >= vote.view) {
            return Ok(());
        }
        let commit = slot.commits.highest_of(sender).copied();
        self.check_view_change(sender, &change)?;
        if let Some(first) = contradicted {
            let offence = Offence::TwoViewChanges {
                first,
                second: vote,
            };
            return self.expose(sender, vote.height, offence);
        }
        let slot = match route {
            Route::Current => &mut self.current,
            Route::Next => &mut self.next,
        };
        slot.changes.keep(sender, change);
        let outcome = match commit.filter(|commit| vote.forgets(&commit.ballot)) {
            Some(commit) => self.expose_forgotten(sender, commit, vote),
            None => Ok(()),
        };
        outcome.and(self.advance(now.monotonic_ms))
    }

    /// Joins a view change of the decided height, in tests only.
    fn join_decided(&mut self, vote: &ViewChangeVote) {
        if !self.mutation.is(Mutant::DecidedHeightJoined) || vote.height != self.tip.height {
            return;
        }
        let subject = (vote.epoch, vote.height, vote.view);
        let chain = &self.config.chain;
        let Some(key) = &self.config.signing_key else {
            return;
        };
        let vote = ViewChangeVote::sign(chain, subject, None, key);
        let certificate = None;
        let change = ViewChange { vote, certificate };
        self.outbox.persist(LogRecord::ViewChanged(change.clone()));
        self.send(Recipients::All, Message::ViewChange(change));
    }

    fn check_view_change(&self, sender: ReplicaId, change: &ViewChange) -> Result<(), Rejected> {
        let ViewChangeVote { view, .. } = change.vote;
        let (chain, committee) = (&self.config.chain, &self.config.committee);
        let member = committee.member(sender);
        if member.is_some_and(|member| change.verify(chain, committee, &member.key)) {
            Ok(())
        } else {
            Err(Rejected::UnprovenView { sender, view })
        }
    }

    /// L38: tells a member that is behind how far this one is, once between two ticks.
    pub(super) fn inform(&mut self, sender: ReplicaId) {
        let height = self.tip.height;
        if self.serving.may_inform(sender) {
            let to = Recipients::Only(vec![sender]);
            self.send(to, Message::Status { height });
        }
    }
}
