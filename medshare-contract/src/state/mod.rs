//! The values of the state, each in its own envelope at its key of [`crate::keys`].

mod consent;
mod gate;
mod marks;
mod people;
mod records;

pub use consent::{GrantState, TicketState};
pub use gate::{CeremonyState, Complaint, Holder, HolderSet, deals_digest};
pub use marks::{RulesState, UsedMark};
pub use people::{OrganisationState, PersonState};
pub use records::{RecordHeadState, RecordState, SealedLabel};
