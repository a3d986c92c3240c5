//! Lines 15–17: a vote arrives.

use medshare_types::certificate::Phase;
use medshare_types::id::{Epoch, Height, ReplicaId, View};

use crate::error::Rejected;
use crate::evidence::Evidence;
use crate::io::Output;
use crate::message::Vote;
use crate::proposal::Payload;
use crate::replica::Replica;
use crate::replica::handle::pre_prepare::Place;
use crate::replica::tally::Cast;

impl<P: Payload> Replica<P> {
    pub(in crate::replica) fn on_vote(
        &mut self,
        sender: ReplicaId,
        phase: Phase,
        vote: Vote,
    ) -> Result<(), Rejected> {
        let ballot = &vote.ballot;
        // L16
        let Some(place) = self.place_of(sender, ballot.epoch, ballot.view, ballot.height)? else {
            return Ok(());
        };
        // L17
        self.cast(sender, phase, place, vote, false)?;
        self.advance()
    }

    /// Lines 5 and 16: where a message belongs; nowhere when its height is decided already. A
    /// member that is at work on a height has decided the one before.
    pub(in crate::replica) fn place_of(
        &mut self,
        sender: ReplicaId,
        epoch: Epoch,
        view: View,
        height: Height,
    ) -> Result<Option<Place>, Rejected> {
        if epoch != self.config.committee.epoch() || view != self.view {
            return Err(Rejected::WrongView {
                sender,
                epoch,
                view,
            });
        }
        let Some(before) = height.previous() else {
            return Ok(None);
        };
        self.peers.note(sender, before);
        match height.0.saturating_sub(self.tip.height.0) {
            0 => Ok(None),
            1 => Ok(Some(Place::Current)),
            2 => Ok(Some(Place::Next)),
            _ => {
                self.ask_when_behind(2);
                Err(Rejected::TooFarAhead { sender, height })
            }
        }
    }

    /// Line 17: one slot per sender, phase and height; a contradiction becomes evidence, once.
    pub(in crate::replica) fn cast(
        &mut self,
        sender: ReplicaId,
        phase: Phase,
        place: Place,
        vote: Vote,
        verified: bool,
    ) -> Result<(), Rejected> {
        let height = vote.ballot.height;
        let slot = match place {
            Place::Current => &mut self.current,
            Place::Next => &mut self.next,
        };
        let tally = slot.tally(phase);
        match tally.cast(&self.config, &mut self.suspects, sender, vote, verified) {
            Cast::Taken => Ok(()),
            Cast::BadSignature => Err(Rejected::BadSignature { sender }),
            Cast::AlreadyAccused => Err(Rejected::Equivocation { sender, height }),
            Cast::Contradicts { first } => {
                self.outbox.push_gated(Output::Misbehaviour(Evidence {
                    accused: sender,
                    phase,
                    first,
                    second: vote,
                }));
                Err(Rejected::Equivocation { sender, height })
            }
        }
    }
}
