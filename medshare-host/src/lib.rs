//! The operating system as the rest of the workspace sees it: clock, randomness, files, threads,
//! and the key stores built on them.
//!
//! **Is:** the one crate that asks the host for something. The protocol crates take time and
//! randomness as arguments and never import it; `medshare-node` and `medshare-sdk` do.
//! [`passphrase`] stands apart: it asks the host for nothing and builds for `wasm32`, so
//! `medshare-abe` uses it too (without the feature `system`).
//!
//! **Is not:** a runtime or a storage engine. The ledger and the consensus log keep their own
//! files.
//!
//! # Security
//!
//! Not audited. Secrets are erased when dropped, and their `Debug` shows nothing of them. What a
//! passphrase protects, and what it does not, is in [`passphrase`] and
//! [`keystore::PassphraseKeyStore`].
//!
//! # Example
//!
//! ```
//! use medshare_host::keystore::{KeyStore, MemoryKeyStore};
//! use medshare_host::{clock, os_random};
//! use medshare_types::RandomSource as _;
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let started = clock::now();
//! let store = MemoryKeyStore::new();
//! store.store("seed", &os_random().array::<32>()).await?;
//! assert_eq!(store.load("seed").await?.map(|seed| seed.len()), Some(32));
//! assert!(clock::now() >= started);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Module map
//!
//! | module | holds | feature |
//! |---|---|---|
//! | [`clock`] | the system's time | `system` |
//! | [`random`] | the system's randomness | `system` |
//! | [`machine`] | clock, disk, randomness and threads of one node, as a seam | `system` |
//! | [`files`] | files written whole or not at all, private folders | `system` |
//! | [`blocking`](mod@blocking) | long work on tokio's blocking pool, bounded where it computes | `system` |
//! | [`keystore`] | secrets in memory, or in a folder under a passphrase | `system` |
//! | [`passphrase`] | Argon2id and committing encryption | `passphrase` |
#![forbid(unsafe_code)]

#[cfg(medshare_test_signatures)]
compile_error!("test signatures are for simulations of consensus, and for nothing else");

#[cfg(feature = "system")]
pub mod blocking;
#[cfg(feature = "system")]
pub mod clock;
#[cfg(feature = "system")]
pub mod files;
#[cfg(feature = "system")]
pub mod keystore;
#[cfg(feature = "system")]
pub mod machine;
#[cfg(feature = "passphrase")]
pub mod passphrase;
#[cfg(feature = "system")]
pub mod random;

#[cfg(feature = "system")]
pub use blocking::{ComputePool, TaskError, blocking, cores};
#[cfg(feature = "system")]
pub use machine::{Machine, MachineRandom, ThisMachine, WorkTime};
#[cfg(feature = "system")]
pub use random::{OsRandom, os_random};
