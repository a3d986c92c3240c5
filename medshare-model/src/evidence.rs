//! Statements that a member has signed, and those that no honest member signs both.

use crate::block::{Block, Claim};
use crate::rules::VIEWS;

/// What a member signs at a height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Statement {
    /// A prepare, or a primary's proposal, in a view.
    Prepare(u8, Block),
    /// A commit of a block in a view.
    Commit(u8, Block),
    /// A view change into a view.
    Change(u8, Option<Claim>),
}

/// What one member has signed at a height.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Statements {
    /// Sets of blocks, by the view of the vote.
    prepares: [u16; VIEWS],
    commits: [u16; VIEWS],
    /// Sets of claims, by the view changed into.
    changes: [u32; VIEWS],
}

impl Statements {
    /// Adds a statement that the member has signed.
    pub fn add(&mut self, statement: Statement) {
        match statement {
            Statement::Prepare(view, block) => self.prepares[usize::from(view)] |= block.bit(),
            Statement::Commit(view, block) => self.commits[usize::from(view)] |= block.bit(),
            Statement::Change(view, claim) => self.changes[usize::from(view)] |= bit(claim),
        }
    }

    /// Two votes of a phase in a view, two view changes into a view, or a commit and a view change
    /// into a later view that forgets it: the three pairs of "Evidence" in `docs/spec/pbft.md`.
    #[must_use]
    pub fn prove_a_fault(&self) -> bool {
        let mut votes = self.prepares.iter().chain(&self.commits);
        let two_votes = votes.any(|blocks| blocks.count_ones() > 1);
        let two_changes = self.changes.iter().any(|claims| claims.count_ones() > 1);
        let forgotten = (0..VIEWS).any(|into| {
            let committed = (0..into).rev().find(|view| self.commits[*view] != 0);
            committed.is_some_and(|view| self.changes[into] & below(view) != 0)
        });
        two_votes || two_changes || forgotten
    }
}

fn bit(claim: Option<Claim>) -> u32 {
    claim.map_or(1, |claim| {
        1 << (1 + u32::from(claim.view) * Block::COUNT + claim.block.number())
    })
}

/// No claim, and the claims of views below this one.
fn below(view: usize) -> u32 {
    let claims = u32::try_from(view).unwrap_or(u32::MAX) * Block::COUNT;
    (1 << (1 + claims)) - 1
}
