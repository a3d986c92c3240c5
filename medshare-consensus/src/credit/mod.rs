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
//! | `literature` | other rules for credit, to compare with |
//! | `resource` | storage, traffic and uptime that organisations contribute |
//! | `role` | what an organisation is to the committee |
//! | `seating` | who sits after an epoch, and who leads |
//! | `leading` | bans from proposing |
//! | `standing` | credit and bans of a member, as the state keeps them |
//! | `term` | the heights of an epoch, judged at its end |
//! | `event` | what changed for a member, and why |

mod event;
mod facts;
mod leading;
mod literature;
mod participation;
mod resource;
mod role;
mod rule;
mod seating;
mod standing;
mod term;

pub use event::CreditEvent;
pub use facts::{HeightFacts, LostTurn, lost_turns};
pub use leading::{Leading, may_lead};
pub use literature::{AdditiveIncrease, BetaReputation, LeaderReputation};
pub use participation::{Participation, participation};
pub use resource::{Challenges, ResourceFacts, ResourceWeights, resource_scores};
pub use role::{Exit, ExitReason, OrganisationRecord, Role};
pub use rule::{Credit, CreditRule, DefaultRule, EpochReport, Verdict};
pub use seating::{Alarm, Boundary, Conversion, convert, leaders, seats};
pub use standing::{Standing, record_key};
pub use term::{EpochRule, Term};
