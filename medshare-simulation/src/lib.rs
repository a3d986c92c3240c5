//! Whole nodes of `medshare-node` on one thread, from a seed (unpublished).
//!
//! **Is:** a deterministic run of the nodes of a consortium: the task of each with its log, ledger,
//! pool and executor, over simulated wires, disks, clocks and key stores. Frames get lost, repeated,
//! delayed and reordered; links go down one way or between two sides; machines lose their power
//! before any frame and in the midst of any write, and with it what was not synced; disks are full
//! for a while; logs are lost, copied and restored; a seat lies with its wires, or two nodes have its
//! key. Clients order at members of their choice and verify what they are given.
//!
//! **Is not:** a simulation of the replica alone, which `medshare-testkit` runs many times faster,
//! with Byzantine members that sign anything. It finds faults of the node around it.
//!
//! **How:** all nodes are in one runtime of one thread, whose clock is paused: time passes when no
//! task can go on. What a machine decides, the nodes ask of `medshare_host::Machine`, and their files
//! are a `medshare_node::volume::Volume`; both are simulated here. Long work runs on the one thread as
//! well, and takes simulated time.
//!
//! ```
//! use medshare_simulation::{Faults, Scenario, run};
//!
//! let report = run(Scenario::new(7, 4).with_faults(Faults::ROUGH));
//! assert_eq!(report.violations, []);
//! assert!(report.counts.receipts > 0 && report.height > 8);
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`scenario`], `run`, `simulation`, [`report`] | description, run, outcome |
//! | [`swarm`] | scenarios drawn from a seed |
//! | `world` | what the machines share: clock, chance, power |
//! | `machine`, `volume`, `secrets`, `network` | the seams of one node |
//! | `disk`, `scratch`, `links` | what a power cut leaves; links that are down |
//! | `byzantine` | seats that lie |
//! | `client` | orders and their receipts |
//! | `invariants`, `frame` | properties of every run; frames as a listener reads them |
//! | `founding` | the members, and what is on their disks |
//! | `trace` | the digest of a run, and its steps in words |
#![forbid(unsafe_code)]

mod byzantine;
mod client;
mod disk;
mod founding;
mod frame;
mod invariants;
mod links;
mod machine;
mod network;
pub mod report;
mod run;
pub mod scenario;
mod scratch;
mod secrets;
mod simulation;
pub mod swarm;
mod trace;
mod volume;
mod world;

#[cfg(feature = "mutants")]
pub use medshare_node::Mutant;
pub use report::{Counts, Point, Property, Report, Violation};
pub use run::run;
pub use scenario::{Faults, Incident, Lie, Load, Loss, Scenario};
