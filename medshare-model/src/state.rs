//! What members have written, sent and decided.

use crate::block::{Block, Claim};
use crate::evidence::{Statement, Statements};
use crate::rules::{ALL, HEIGHTS, VIEWS};

/// The phase of a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Prepare,
    Commit,
}

/// One member's records of a height, by view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Votes {
    pub(crate) prepares: [Option<Block>; VIEWS],
    pub(crate) commits: [Option<Block>; VIEWS],
    pub(crate) changes: [Option<Option<Claim>>; VIEWS],
}

impl Votes {
    /// The view that the records name.
    pub(crate) fn view(&self) -> u8 {
        let named = |view: &usize| {
            let (prepare, commit) = (self.prepares[*view], self.commits[*view]);
            prepare.is_some() || commit.is_some() || self.changes[*view].is_some()
        };
        let view = (0..VIEWS).rev().find(named).unwrap_or(0);
        u8::try_from(view).unwrap_or(u8::MAX)
    }

    /// The certificate of the last commit.
    pub(crate) fn claim(&self) -> Option<Claim> {
        let commits = (0..).zip(self.commits);
        let claims = commits.filter_map(|(view, block)| block.map(|block| Claim { view, block }));
        claims.last()
    }

    pub(crate) fn of(&self, phase: Phase, view: u8) -> Option<Block> {
        match phase {
            Phase::Prepare => self.prepares[usize::from(view)],
            Phase::Commit => self.commits[usize::from(view)],
        }
    }

    fn statements(&self, statements: &mut Statements) {
        for view in 0..3u8 {
            let prepare = self.prepares[usize::from(view)].map(|b| Statement::Prepare(view, b));
            let commit = self.commits[usize::from(view)].map(|b| Statement::Commit(view, b));
            let change = self.changes[usize::from(view)].map(|c| Statement::Change(view, c));
            for statement in [prepare, commit, change].into_iter().flatten() {
                statements.add(statement);
            }
        }
    }
}

/// One member's records of all heights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Local {
    /// The number of decided heights.
    pub(crate) decided: u8,
    pub(crate) votes: [Votes; HEIGHTS],
}

/// The seats that misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cast {
    /// The Byzantine members, as a set of seats.
    pub byzantine: u8,
    /// The honest member that may crash.
    pub crasher: Option<u8>,
    /// The seats of all committees.
    pub seats: u8,
}

impl Cast {
    pub(crate) fn is_byzantine(self, seat: u8) -> bool {
        self.byzantine >> seat & 1 == 1
    }
    pub(crate) fn honest(self) -> impl Iterator<Item = u8> {
        (0..self.seats).filter(move |seat| !self.is_byzantine(*seat))
    }
}

/// All that members have written, sent and decided.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The seats that misbehave, fixed from the start.
    pub cast: Cast,
    /// By seat; of Byzantine members nothing.
    pub(crate) written: [Local; ALL as usize],
    /// What the crasher has synced, until it crashes.
    pub(crate) durable: Local,
    pub(crate) crashed: bool,
    /// What the crasher sent and forgot; empty without a mutant.
    pub(crate) forgotten: [Votes; HEIGHTS],
    /// The seat after which turns are counted.
    pub(crate) base: [u8; HEIGHTS],
    /// All blocks that any honest member has ever decided.
    pub(crate) decided: [u16; HEIGHTS],
    /// What honest steps have used of Byzantine members, by seat; empty with at most f of them.
    pub(crate) used: Vec<[Statements; HEIGHTS]>,
}

impl State {
    /// The lowest height that an honest member works on.
    pub(crate) fn lowest(&self) -> u8 {
        let heights = self
            .cast
            .honest()
            .map(|seat| self.written[usize::from(seat)].decided);
        heights.min().unwrap_or(0)
    }

    /// Whether honest members have decided different blocks of a height.
    #[must_use]
    pub fn disagrees(&self) -> bool {
        self.decided.iter().any(|blocks| blocks.count_ones() > 1)
    }

    /// Seats whose own statements prove a fault, as a set.
    ///
    /// Of Byzantine members only what honest ones have received counts.
    #[must_use]
    pub fn culprits(&self) -> u8 {
        let mut culprits = 0;
        for seat in 0..ALL {
            let mut of_heights = self
                .used
                .get(usize::from(seat))
                .copied()
                .unwrap_or_default();
            for (height, statements) in of_heights.iter_mut().enumerate() {
                self.written[usize::from(seat)].votes[height].statements(statements);
                if self.cast.crasher == Some(seat) {
                    self.forgotten[height].statements(statements);
                }
            }
            let proven = of_heights.iter().any(Statements::prove_a_fault);
            culprits |= u8::from(proven) << seat;
        }
        culprits
    }
}
