//! Simulated network, Byzantine behaviours and invariants (unpublished).
//!
//! **Is:** a deterministic run of n replicas of `medshare-consensus` on one thread: a clock, a
//! network that loses, repeats, delays and reorders, disks that lose what is not synced, members
//! that crash at any output, and members that lie. Everything follows from one seed.
//!
//! **Is not:** shipped, or a proof. It finds counterexamples.
//!
//! **Security status:** its keys and its random numbers are for tests only.
//!
//! ```
//! use medshare_testkit::{Faults, Scenario};
//! use medshare_types::id::Height;
//!
//! let report = Scenario::new(7, 4)?.with_faults(Faults::ROUGH).run();
//! assert_eq!(report.violations, []);
//! assert_eq!(report.common_height(), Height(6));
//! # Ok::<(), medshare_types::wire::DecodeError>(())
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`scenario`] | what is run and what came of it |
//! | [`behaviour`] | one file per way to misbehave |
//! | [`invariants`] | what must hold, written without the predicates of the code under test |
//! | [`disk`] | log and ledger with live and durable parts |
//! | [`setting`] | keys, committee, what executing a block comes to |
//! | [`sim_rng`] | the only source of chance in a simulation |
//! | [`fixtures`] | organisations with fixed keys and the chain they found, for the tests of every crate |
#![forbid(unsafe_code)]

pub mod behaviour;
pub mod disk;
pub mod fixtures;
pub mod invariants;
pub mod scenario;
pub mod setting;
pub mod sim_rng;
mod simulation;

pub use behaviour::Behaviour;
pub use disk::DiskKind;
pub use invariants::{Invariants, Violation};
pub use scenario::{Faults, Report, Scenario};
pub use setting::{Batch, Setting};
pub use sim_rng::SimRng;
