//! Votes: signing and recording this replica's own, keeping those of others.

use medshare_types::certificate::{Ballot, Phase};
use medshare_types::id::ReplicaId;

use super::Replica;
use super::route::Route;
use super::slot::OwnVote;
use super::tally::Cast;
use crate::evidence::Evidence;
use crate::io::Effect;
use crate::log_record::LogRecord;
use crate::message::{Message, PrePrepare, Recipients, Vote};
use crate::proposal::Payload;
use crate::rejected::Rejected;

impl<P: Payload> Replica<P> {
    pub(super) fn sign(&self, ballot: Ballot, phase: Phase) -> Vote {
        Vote::sign(&self.config.chain, ballot, phase, &self.config.signing_key)
    }

    /// L3 and L12: the record first, then `message` to all.
    pub(super) fn record_prepare(
        &mut self,
        pre_prepare: PrePrepare<P>,
        vote: Vote,
        message: Message<P>,
    ) {
        let record = LogRecord::Prepared { pre_prepare, vote };
        let position = self.outbox.persist(record);
        self.current.own_prepare = Some(OwnVote { vote, position });
        self.send(Recipients::All, message);
        self.restart_timer();
    }

    /// L17: keeps one vote a sender, phase and height; a contradiction becomes evidence, once.
    /// `verified` votes have a signature that is known to be good.
    pub(super) fn cast(
        &mut self,
        sender: ReplicaId,
        phase: Phase,
        route: Route,
        vote: Vote,
        verified: bool,
    ) -> Result<(), Rejected> {
        let height = vote.ballot.height;
        let slot = match route {
            Route::Current => &mut self.current,
            Route::Next => &mut self.next,
        };
        let tally = slot.tally(phase);
        match tally.cast(&self.config, &mut self.suspects, sender, vote, verified) {
            Cast::Held => Ok(()),
            Cast::BadSignature => Err(Rejected::BadSignature { sender }),
            Cast::ContradictsAgain => Err(Rejected::Equivocation { sender, height }),
            Cast::Contradicts { first } => {
                self.outbox.push_gated(Effect::Misbehaviour(Evidence {
                    culprit: sender,
                    phase,
                    first,
                    second: vote,
                }));
                Err(Rejected::Equivocation { sender, height })
            }
        }
    }

    /// L21: the replica's own votes count once they are durable.
    pub(super) fn count_own_votes(&mut self) {
        for phase in [Phase::Prepare, Phase::Commit] {
            let own = match phase {
                Phase::Prepare => self.current.own_prepare,
                Phase::Commit => self.current.own_commit,
            };
            if let Some(own) = own.filter(|own| self.outbox.is_durable(own.position)) {
                self.count_verified(phase, self.config.replica, own.vote);
            }
        }
    }

    /// Counts a vote for `current` that was verified before, or that this replica signed.
    pub(super) fn count_verified(&mut self, phase: Phase, voter: ReplicaId, vote: Vote) {
        let tally = self.current.tally(phase);
        // A verified vote of a seat that has none yet, or the same one again, is always held.
        let _ = tally.cast(&self.config, &mut self.suspects, voter, vote, true);
    }
}
