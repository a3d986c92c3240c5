//! The state of one undecided height, and the stages of its candidate.
//!
//! The stage after each input, by the stage before it. A dot leaves the stage as it is, a dash
//! cannot happen, and L numbers are lines of `docs/spec/pbft.md`.
//!
//! ```text
//! input / stage            none       Untimely   Unexecuted Validating Deferred   Refused Prepared
//! request              L3  Prepared¹  –          –          –          –          –       refused
//! pre-prepare, timely  L9  Unexecuted Unexecuted ·          ·          ·          ·       ·
//! pre-prepare, late    L9  Untimely   ·          ·          ·          ·          ·       ·
//! f+1 prepares         L10 ·          Unexecuted ·          ·          ·          ·       ·
//! executed, same roots L11 ·          ·          Validating ·          ·          ·       ·
//! executed, differing  L11 ·          ·          none       ·          ·          ·       ·
//! verdict valid        L12 ·          ·          ·          Prepared   ·          ·       ·
//! verdict invalid      L13 ·          ·          ·          Refused    ·          ·       ·
//! verdict deferred     L14 ·          ·          ·          Deferred   ·          ·       ·
//! q prepares           L19 ·          Unexecuted ·          ·          ·          ·       ·²
//! q commits            L20 ·          none³      none³      none³      none³      none³   none³
//! tick                 L23 ·          ·⁴         ·          ·          Validating ·       ·
//! decided block        L26 none³      none³      none³      none³      none³      none³   none³
//! ```
//!
//! 1. Only the primary takes requests, and it receives no pre-prepare of others.
//! 2. The own commit is recorded.
//! 3. The height is decided: `next` becomes `current`, and its buffered pre-prepare is examined
//!    (L8).
//! 4. The bound on lateness doubles, and the next pre-prepare is judged by it (L9).
//!
//! L11 applies at once when the height before is executed already. A test tries every cell.

use medshare_types::certificate::{Ballot, Phase};
use medshare_types::time::Timestamp;

use super::tally::Tally;
use crate::log_record::LogPosition;
use crate::message::{PrePrepare, Vote};

/// At most one candidate, one buffered pre-prepare and two votes a member.
pub(super) struct Slot<P> {
    pub(super) prepares: Tally,
    pub(super) commits: Tally,
    /// A pre-prepare that arrived before its parent was decided, with its time of arrival.
    pub(super) buffered: Option<(Timestamp, PrePrepare<P>)>,
    pub(super) candidate: Option<Candidate<P>>,
    pub(super) own_prepare: Option<OwnVote>,
    pub(super) own_commit: Option<OwnVote>,
    /// Doublings of the bound on lateness (w in L9): ticks at which an untimely candidate was held.
    pub(super) late_doublings: u32,
    /// Arrival of the untimely candidate, or the last doubling.
    pub(super) late_since: Option<Timestamp>,
    /// The latest reading of the clock since the height before was decided.
    pub(super) latest_clock: Timestamp,
    /// The latest reading while the height before was current: its decision may come late here.
    pub(super) clock_before: Timestamp,
}

impl<P> Slot<P> {
    pub(super) const fn new() -> Self {
        Self {
            prepares: Tally::new(Phase::Prepare),
            commits: Tally::new(Phase::Commit),
            buffered: None,
            candidate: None,
            own_prepare: None,
            own_commit: None,
            late_doublings: 0,
            late_since: None,
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
}

/// A proposal that follows from the tip. Once held, no other replaces it.
pub(super) struct Candidate<P> {
    pub(super) pre_prepare: PrePrepare<P>,
    pub(super) ballot: Ballot,
    pub(super) stage: Stage,
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
    /// The application refused the payload.
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
