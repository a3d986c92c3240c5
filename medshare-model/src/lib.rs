//! The ordering protocol of `docs/spec/pbft.md` as an abstract model that a checker explores in full.
//!
//! **Is:** the rules by which four members propose, prepare, commit, change views, decide and come
//! back from their records, written again from the pseudo-code, with every order of steps that a
//! network and Byzantine members can bring about, within the bounds of a [`Protocol`].
//!
//! **Is not:** the replica. It shares no code with `medshare-consensus`, whose runs
//! `medshare-testkit` simulates, and it has no time, no transfer of blocks, no lost logs and no
//! signatures. Of epochs it has one change, of one seat.
//!
//! What makes the number of states bearable, and why no disagreement gets lost by it:
//!
//! - Sent messages never disappear. A step that needs messages may be taken, or not, once they are
//!   sent: not taking it is their loss.
//! - Byzantine messages need no steps: every vote, proposal and view change that a Byzantine member
//!   could sign counts as sent. With more than f such members, what honest steps have used is kept,
//!   for [`State::culprits`].
//! - A view is entered by a vote or a view change. Entering earlier only forbids steps.
//! - Write, sync and send are one step, except at the one member that may crash.
//! - Decided is a block with a quorum of commits. That a member stops voting once it knows is one way to
//!   take no further step.
//! - The second of two proposals of a Byzantine primary is used after the first: names do not matter.
//! - Unless heights are [`Protocol::abreast`], a height begins when the one before is decided by all
//!   honest members. Heights share no votes, and a member that is late for one only sends less there.
//!
//! Modules: `rules` (bounds and mutants), `block`, `state`, `evidence`, `quorum` (certificates and proofs of
//! views), `step`, `check` (properties).

mod block;
mod check;
mod evidence;
mod quorum;
mod rules;
mod state;
mod step;

pub use block::{Block, Claim};
pub use check::{AGREEMENT, DISAGREEMENT, PROVEN, VALIDITY};
pub use evidence::{Statement, Statements};
pub use rules::{Mutant, Protocol};
pub use state::{Cast, State};
pub use step::Action;
