//! What a replica knows about one undecided height.

use medshare_types::certificate::{Ballot, Phase};
use medshare_types::time::Timestamp;

use crate::log_record::LogPosition;
use crate::message::{PrePrepare, Vote};
use crate::replica::tally::Tally;

/// One proposal at most and 2n votes at most.
pub(super) struct Slot<P> {
    pub(super) prepares: Tally,
    pub(super) commits: Tally,
    /// A pre-prepare that came before the parent was decided, and when.
    pub(super) early: Option<(Timestamp, PrePrepare<P>)>,
    pub(super) candidate: Option<Candidate<P>>,
    pub(super) own_prepare: Option<OwnVote>,
    pub(super) own_commit: Option<OwnVote>,
    /// How many resend intervals a proposal of this height has waited because it came late.
    pub(super) patience: u32,
    /// When it came, or when `patience` grew last.
    pub(super) patient_since: Option<Timestamp>,
}

impl<P> Slot<P> {
    pub(super) const fn new() -> Self {
        Self {
            prepares: Tally::new(Phase::Prepare),
            commits: Tally::new(Phase::Commit),
            early: None,
            candidate: None,
            own_prepare: None,
            own_commit: None,
            patience: 0,
            patient_since: None,
        }
    }

    pub(super) const fn tally(&mut self, phase: Phase) -> &mut Tally {
        match phase {
            Phase::Prepare => &mut self.prepares,
            Phase::Commit => &mut self.commits,
        }
    }
}

/// A proposal that fits on the tip. Once held it is never replaced.
pub(super) struct Candidate<P> {
    pub(super) pre_prepare: PrePrepare<P>,
    pub(super) ballot: Ballot,
    pub(super) stage: Stage,
}

/// How far a candidate has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its time was wrong on arrival.
    Untimely,
    /// It waits for the roots of the height before.
    Unexecuted,
    /// It lies with the application.
    Validating,
    /// The application cannot say yet.
    Deferred,
    /// The application said no.
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
