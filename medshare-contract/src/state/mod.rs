//! Values of the state, each in its own envelope at its key of [`crate::keys`].

mod consent;
mod gate;
mod lists;
mod people;
mod records;
mod replay_guard;
mod rules;
mod voting;

pub use consent::{GrantState, TicketState};
pub use gate::{CeremonyState, Complaint, Holder, HolderSet, deals_digest};
pub use lists::{LIST_PAGE_LEN, List, ListPage, ListState};
pub use people::{OrganisationState, PersonState};
pub use records::{RecordHeadState, RecordState, SealedLabel};
pub use replay_guard::UsedMark;
pub use rules::RulesState;
pub use voting::{MisbehaviourState, VotingKeyState};
