//! Fixtures, a simulated network, Byzantine behaviours and invariants (unpublished).
//!
//! **Is:** [`fixtures`] that the tests of every crate start from, and a deterministic run of n
//! replicas of `medshare-consensus` on one thread: a clock, a network that loses, repeats, delays
//! and reorders, disks that lose unsynced records, members that crash at any output, and Byzantine
//! members. Everything follows from one seed.
//!
//! **Is not:** shipped, or a proof. It finds counterexamples.
//!
//! **Security status:** its keys and its random numbers are for tests only.
//!
//! ```
//! use medshare_testkit::{Faults, Scenario, Simulation};
//! use medshare_types::id::Height;
//!
//! let scenario = Scenario::new(7, 4)?.with_faults(Faults::ROUGH);
//! let report = Simulation::new(scenario).run();
//! assert_eq!(report.violations, []);
//! assert_eq!(report.common_height(), Height(6));
//! # Ok::<(), medshare_types::wire::DecodeError>(())
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`fixtures`] | organisations with fixed keys and the chain they found |
//! | [`scenario`], [`simulation`], [`report`], [`narration`] | description, run, outcome, and the steps in words |
//! | [`splits`] | partitions that follow the views |
//! | [`behaviour`] | Byzantine behaviours, one a file |
//! | [`invariants`], [`violation`] | properties of every run, checked while it goes on |
//! | [`checker`] | what the log of a run proves, computed again without the replica's code |
//! | [`disk`] | log and ledger, each with a durable prefix |
//! | [`setting`] | the simulated members, and the roots that executing a block gives |
//! | [`swarm`], [`twins`] | scenarios drawn from a seed; two replicas in one seat |
//! | [`sim_rng`] | the only source of chance in a simulation |
#![forbid(unsafe_code)]

pub mod behaviour;
pub mod checker;
mod credit_invariants;
pub mod disk;
pub mod fixtures;
pub mod invariants;
mod memory;
pub mod narration;
mod recording;
pub mod report;
pub mod scenario;
pub mod setting;
pub mod sim_rng;
pub mod simulation;
pub mod splits;
pub mod swarm;
pub mod twins;
pub mod violation;

pub use behaviour::Behaviour;
pub use disk::DiskKind;
pub use invariants::Invariants;
pub use narration::Narration;
pub use report::Report;
pub use scenario::{Faults, LostDisk, Scenario};
pub use setting::{Setting, TestPayload};
pub use sim_rng::SimRng;
pub use simulation::Simulation;
pub use splits::Splits;
pub use violation::Violation;
