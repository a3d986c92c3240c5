//! A whole consortium in this process: each member a real one, with a folder of its own.
//!
//! For development, tests and demonstrations. The members exchange encoded bytes; each has its own
//! log, ledger, contract state, object store and key share. The attribute authority is separate
//! from the gate's holders. It does **not** give the protection for which several organisations
//! join: one process, and one passphrase, holds all keys.

mod builder;
mod ceremony;
mod consortium;
mod folder;
mod members;
mod names;
mod one_member;
mod seams;
mod standing;
mod start;
mod stores;

pub use builder::LocalBuilder;
pub use consortium::LocalConsortium;
#[cfg(feature = "fault-injection")]
pub use medshare_node::fault_injection::{Disk, HolderConduct, Presence, VoterConduct};
pub use medshare_types::genesis::ChainParameters;
pub use names::MAX_LOCAL_MEMBERS;
