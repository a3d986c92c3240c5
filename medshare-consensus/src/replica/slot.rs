//! The state of one undecided height, and the stages of its candidate.
//!
//! The stage after each input, by the stage before it. A dot leaves the stage as it is, a dash
//! cannot happen, and L numbers are lines of `docs/spec/pbft.md`.
//!
//! ```text
//! input / stage              none       Untimely    Unexecuted Validating Deferred   Refused  Prepared
//! request                L8  Prepared¹  –           –          –          –          –        refused
//! first proposal, timely L14 Unexecuted ·           ·          ·          ·          ·        ·
//! first proposal, late   L14 Untimely   ·           ·          ·          ·          ·        ·
//! proposed again         L15 Prepared   Prepared    Prepared   Prepared   Prepared   Prepared Prepared
//! f+1 prepares           L16 ·          Unexecuted  ·          ·          ·          ·        ·
//! executed, same roots   L17 ·          ·           Validating ·          ·          ·        ·
//! executed, differing    L17 ·          ·           Refused    ·          ·          ·        ·
//! verdict valid          L18 ·          ·           ·          Prepared   ·          ·        ·
//! verdict invalid        L19 ·          ·           ·          Refused    ·          ·        ·
//! verdict deferred       L20 ·          ·           ·          Deferred   ·          ·        ·
//! q prepares             L25 ·          Unexecuted² ·²         ·²         ·²         ·²       ·²
//! q commits              L26 ·          none³       none³      none³      none³      none³    none³
//! later view             L31 none       none        none       none       none       none     none
//! tick                   L35 ·          ·           ·          ·          Validating ·        ·
//! decided block          L40 none³      none³       none³      none³      none³      none³    none³
//! ```
//!
//! 1. Only the primary takes requests, and it receives no proposal of others.
//! 2. The own commit is recorded, whatever the stage.
//! 3. The height is decided: `next` becomes `current`, and its buffered pre-prepare is examined.
//!
//! L17 applies at once when the height before is executed already. A test tries every cell.

use std::collections::BTreeMap;

use medshare_types::certificate::{Ballot, Phase};
use medshare_types::hash::Digest;
use medshare_types::id::{ReplicaId, View};
use medshare_types::time::Timestamp;

use super::changes::ViewChanges;
use super::late::LateVotes;
use super::tally::Tally;
use crate::late::LateVote;
use crate::log_record::LogPosition;
use crate::message::Message;
use crate::proposal::Proposal;
use crate::view_change::{Opening, PreparedCertificate, ViewChange, ViewChangeVote};
use crate::vote::{PrePrepare, Vote};

/// At most seven blocks and one a member, two openings, and two votes of each phase, one view change and eight late
/// votes a member.
pub(super) struct Slot<P> {
    /// Votes in lower views are not cast any more.
    pub(super) view: View,
    pub(super) prepares: Tally,
    pub(super) commits: Tally,
    pub(super) changes: ViewChanges,
    pub(super) late: LateVotes,
    /// Pre-prepares that arrived before it was known whose turn it is, by sender, with their times of
    /// arrival. One a sender: a member whose turn it is not must not take the room of the primary.
    pub(super) buffered: BTreeMap<ReplicaId, (Timestamp, PrePrepare<P>)>,
    /// The proposal of this view.
    pub(super) candidate: Option<Candidate<P>>,
    /// The own proposal of this view, to be sent again.
    pub(super) own_proposal: Option<Message<P>>,
    pub(super) own_prepare: Option<OwnVote>,
    pub(super) own_commit: Option<OwnVote>,
    pub(super) own_change: Option<OwnChange>,
    /// The own late votes, by view.
    pub(super) own_late: BTreeMap<View, LateVote>,
    /// The block of the last own prepare.
    pub(super) accepted: Option<Proposal<P>>,
    /// What opened the view of the last own prepare, above 0.
    pub(super) opening: Option<Opening>,
    /// The certificate behind the last own commit, and its block.
    pub(super) prepared: Option<(PreparedCertificate, Proposal<P>)>,
    /// Blocks that votes are for, which this replica asks for.
    pub(super) wanted: BTreeMap<Digest, Wanted<P>>,
    /// The opening that this replica asks for: of the highest view that f+1 members prepared in.
    pub(super) wanted_view: Option<WantedView>,
    /// The latest reading of the clock since the height before was decided.
    pub(super) latest_clock: Timestamp,
    /// The latest reading while the height before was current: its decision may come late here.
    pub(super) clock_before: Timestamp,
}

impl<P> Slot<P> {
    pub(super) const fn new() -> Self {
        Self {
            view: View(0),
            prepares: Tally::new(Phase::Prepare),
            commits: Tally::new(Phase::Commit),
            changes: ViewChanges::new(),
            late: LateVotes::new(),
            buffered: BTreeMap::new(),
            candidate: None,
            own_proposal: None,
            own_prepare: None,
            own_commit: None,
            own_change: None,
            own_late: BTreeMap::new(),
            accepted: None,
            opening: None,
            prepared: None,
            wanted: BTreeMap::new(),
            wanted_view: None,
            latest_clock: Timestamp::from_millis(0),
            clock_before: Timestamp::from_millis(0),
        }
    }

    pub(super) const fn tally(&mut self, phase: Phase) -> &mut Tally {
        match phase {
            Phase::Prepare => &mut self.prepares,
            Phase::Commit => &mut self.commits,
        }
    }

    /// L28: goes to a later view, or stays. The votes of the views between stay as they are.
    pub(super) fn enter(&mut self, view: View) {
        if view > self.view {
            self.view = view;
            self.candidate = None;
            self.own_proposal = None;
            self.wanted_view = self.wanted_view.take().filter(|of| of.view >= view);
            self.prepares.keep_view(view);
            self.commits.keep_view(view);
        }
    }

    /// True when this replica has prepared in its present view.
    pub(super) fn has_prepared(&self) -> bool {
        let own = self.own_prepare;
        own.is_some_and(|own| own.vote.ballot.view >= self.view)
    }

    /// The view changes of a member that are held, alone or in the proof of a view.
    pub(super) fn changes_of(&self, seat: ReplicaId) -> impl Iterator<Item = ViewChangeVote> {
        let candidate = self.candidate.as_ref().and_then(|of| of.opening.as_ref());
        let openings = candidate.into_iter().chain(&self.opening);
        let proven = openings.filter_map(move |of| of.proof.of(seat));
        let alone = self.changes.of(seat).map(|held| held.vote);
        alone.into_iter().chain(proven)
    }

    /// A held block with this digest.
    pub(super) fn block(&self, digest: &Digest) -> Option<&Proposal<P>> {
        let candidate = self.candidate.as_ref();
        let candidate = candidate.map(|held| (held.ballot.digest, &held.proposal));
        let accepted = self.own_prepare.zip(self.accepted.as_ref());
        let accepted = accepted.map(|(own, block)| (own.vote.ballot.digest, block));
        let prepared = self.prepared.as_ref();
        let prepared = prepared.map(|(certificate, block)| (certificate.ballot.digest, block));
        let held = [candidate, accepted, prepared];
        let mut held = held.into_iter().flatten();
        let held = held.find(|(of, _)| of == digest).map(|(_, block)| block);
        held.or_else(|| self.wanted.get(digest)?.block.as_ref())
    }
}

/// The proposal of the present view. Once held, no other of that view replaces it.
pub(super) struct Candidate<P> {
    pub(super) proposal: Proposal<P>,
    pub(super) ballot: Ballot,
    pub(super) stage: Stage,
    /// What opened the view, above 0.
    pub(super) opening: Option<Opening>,
}

/// The progress of a candidate; the module's table has every transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The header's time was out of bounds on arrival.
    Untimely,
    /// The roots of the height before are missing.
    Unexecuted,
    /// The application was asked.
    Validating,
    /// The application cannot judge yet.
    Deferred,
    /// The application refused the payload, or its roots are not this replica's.
    Refused,
    /// The own prepare is recorded.
    Prepared,
}

/// A vote of this replica; it counts once its record is durable.
#[derive(Clone, Copy)]
pub(super) struct OwnVote {
    pub(super) vote: Vote,
    pub(super) position: LogPosition,
}

/// The last view change of this replica; it counts once its record is durable.
#[derive(Clone)]
pub(super) struct OwnChange {
    pub(super) change: ViewChange,
    pub(super) position: LogPosition,
}

/// A question for a block of this height, open until the block is there.
pub(super) struct Wanted<P> {
    pub(super) holders: Holders,
    pub(super) block: Option<Proposal<P>>,
}

impl<P> Wanted<P> {
    /// A question that was not sent yet.
    pub(super) fn of(holders: impl IntoIterator<Item = ReplicaId>) -> Self {
        Self {
            holders: Holders::of(holders),
            block: None,
        }
    }
}

/// A question for what opened a view with a block.
pub(super) struct WantedView {
    pub(super) view: View,
    pub(super) digest: Digest,
    pub(super) holders: Holders,
}

/// Members that voted for a block, in the order in which they are asked.
pub(super) struct Holders {
    members: Vec<ReplicaId>,
    /// Questions sent so far.
    asked: usize,
}

impl Holders {
    pub(super) fn of(members: impl IntoIterator<Item = ReplicaId>) -> Self {
        Self {
            members: members.into_iter().collect(),
            asked: 0,
        }
    }

    /// The member to ask next.
    pub(super) fn next(&mut self) -> Option<ReplicaId> {
        let index = self.asked.checked_rem(self.members.len())?;
        self.asked += 1;
        self.members.get(index).copied()
    }

    /// True when some question went to `seat`.
    pub(super) fn was_asked(&self, seat: ReplicaId) -> bool {
        let mut asked = self.members.iter().take(self.asked);
        asked.any(|holder| *holder == seat)
    }
}
