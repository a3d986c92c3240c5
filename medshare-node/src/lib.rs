//! One node of a medshare consortium: transport, driver, executor, storage, share service.
//!
//! **Is:** the process of an organisation. A [`NodeHandle`] drives the PBFT replica of
//! `medshare-consensus` over a [`transport`], makes its records durable in the [`log`] before any
//! message leaves, executes committed blocks with `medshare-contract` into the ledger of
//! `medshare-ledger`, takes part in the gate's key ceremony, and answers clients: transactions,
//! proofs, release shares. A holder releases from **its own** committed state, never from the
//! caller's word.
//!
//! **Is not:** a library of the encryption scheme, which works without it, nor a place of rules:
//! those are in the crates that it joins. It comes with a transport within one process; a network
//! transport is one more implementation of [`transport::Outbound`].
//!
//! # Security
//!
//! Not audited. Bytes from nodes and clients are parsed strictly and bounded; bytes that do not
//! parse are dropped or refused, and cause no panic. Secrets come from a
//! [`KeyStore`](medshare_types::keystore::KeyStore) and are erased when dropped.
//!
//! # Module map
//!
//! | module | holds |
//! |---|---|
//! | [`NodeHandle`], [`NodeConfig`] | starting, asking and stopping a node |
//! | [`secrets`] | the names of its secrets in a key store |
//! | [`transport`] | encoded bytes between nodes |
//! | [`volume`] | the files of a node, as a seam |
//! | [`log`] | the consensus log file |
//! | [`restoration`] | copied logs of all members at once: which may count as their originals |
//! | `fault_injection` | feature `fault-injection`, for tests only: nodes that lie, refuse or fall silent |
//! | `node` | the task: inputs, outputs, checkpoints; requests, gossip, proposals, the ceremony |
//! | `executor`, `explain` | blocks through the contract into the ledger; why members have their credit |
//! | `ceremony`, `holder` | the gate key: making it, releasing shares of it |
//! | `worker_pool`, `subscriptions` | answers computed beside the task; answers awaited |
//! | `mempool`, `peer` | pending transactions, frames |
//! | `mutation` | deliberate faults, for tests with the feature `mutants` |
#![forbid(unsafe_code)]

#[cfg(medshare_test_signatures)]
compile_error!("test signatures are for simulations of consensus, and for nothing else");

mod batch;
mod ceremony;
mod config;
mod error;
mod executor;
mod explain;
#[cfg(feature = "fault-injection")]
pub mod fault_injection;
mod handle;
mod holder;
pub mod log;
mod mempool;
mod mutation;
mod node;
mod peer;
pub mod restoration;
pub mod secrets;
mod subscriptions;
pub mod transport;
pub mod volume;
mod voting_keys;
mod worker_pool;

pub use config::{DEFAULT_DISK_FLOOR, NodeConfig, Recovery, ledger_path, log_path};
pub use error::NodeError;
pub use handle::{End, NodeClient, NodeHandle};
#[cfg(feature = "mutants")]
pub use mutation::Mutant;
pub use secrets::NodeSecrets;
