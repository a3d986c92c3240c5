//! Credit: what members did, as the committed log shows it, and what follows for their seats.
//!
//! All of it is a function of facts that every honest replica has alike: integers, no clock, no
//! certificate (those differ between replicas). `docs/spec/credit.md` has the rules with their
//! reasons.
//!
//! | file | holds |
//! |---|---|
//! | `facts` | the recorded votes of heights; lost turns |
//! | `participation` | the share of heights that a member voted for, as the least biased proposers show it |
//! | `rule` | credit after an epoch |
//! | `leading` | bans from proposing |
//! | `standing` | credit and bans of a member, as the state keeps them |
//! | `term` | the heights of an epoch, judged at its end |
//! | `event` | what changed for a member, and why |

mod event;
mod facts;
mod leading;
mod participation;
mod rule;
mod standing;
mod term;

pub use event::CreditEvent;
pub use facts::{HeightFacts, LostTurn, lost_turns};
pub use leading::{Leading, may_lead};
pub use participation::{Participation, participation};
pub use rule::{Credit, CreditRule, DefaultRule, EpochReport, Verdict};
pub use standing::{Standing, standing_key};
pub use term::EpochRule;
pub(crate) use term::Term;
