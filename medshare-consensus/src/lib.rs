//! A sans-IO PBFT replica for consortia.
//!
//! **Is:** the normal case of Castro and Liskov's PBFT with signatures, on a chain of blocks:
//! signed pre-prepare, prepare and commit, commit certificates, a log that is durable before
//! any message leaves, recovery from it, and catch-up of a member that is behind. The payload is
//! opaque ([`Payload`]).
//!
//! **Is not:** a network, a database or a clock; [`Replica`] takes [`Input`]s and returns
//! [`Output`]s. There is no view change: the primary is the committee's first member, and while
//! it is down no block is decided. One block is in flight at a time and the committee is fixed.
//!
//! **Security status:** not audited. Safe with at most f = ⌊(n−1)/3⌋ Byzantine members, whatever
//! the network does; live with up to f silent backups while the primary is honest, its clock is
//! right and messages arrive (`docs/spec/pbft.md`, "What stalls").
//!
//! ```
//! use medshare_consensus::{Config, Effect, Input, Output, Payload, Replica, Tip};
//! use medshare_types::committee::{Committee, CommitteeMember};
//! use medshare_types::genesis::ChainParameters;
//! use medshare_types::hash::{Digest, digest};
//! use medshare_types::id::{ChainId, Epoch, OrganisationId, ReplicaId};
//! use medshare_types::{sign::SigningKey, time::Timestamp};
//!
//! #[derive(Clone, borsh::BorshSerialize, borsh::BorshDeserialize)]
//! struct Batch(Vec<u8>);
//! impl Payload for Batch {
//!     fn root(&self) -> Digest {
//!         digest("example/batch/v1", &[&self.0])
//!     }
//! }
//!
//! let keys: Vec<_> = (1..5).map(|n| SigningKey::from_seed(&[n; 32])).collect();
//! let seats = keys.iter().map(SigningKey::verifying_key);
//! let seats = seats.map(|key| CommitteeMember { organisation: OrganisationId::of_key(&key), key });
//! let config = Config {
//!     replica: ReplicaId(0),
//!     signing_key: keys[0].clone(),
//!     committee: Committee::new(Epoch(0), seats.collect())?,
//!     chain: ChainId::from_digest(digest("example/chain/v1", &[])),
//!     parameters: ChainParameters::default(),
//!     resend_ms: 1_000,
//! };
//! let tip = Tip::genesis(Timestamp::from_millis(0), Digest::ZERO, Digest::ZERO);
//! let mut primary = Replica::new(config, tip)?;
//! while primary.poll_output().is_some() {} // its status and its timer
//!
//! let now = Timestamp::from_millis(1_000);
//! primary.handle(now, Input::Request(Batch(vec![1, 2, 3])))?;
//! let Some(Output::Persist { position, .. }) = primary.poll_output() else { panic!() };
//! assert!(matches!(primary.poll_output(), Some(Output::Effect(Effect::SetTimer { .. }))));
//! assert!(primary.poll_output().is_none(), "nothing leaves before the log is durable");
//! primary.handle(now, Input::Persisted(position))?;
//! assert!(matches!(primary.poll_output(), Some(Output::Effect(Effect::Send { .. }))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | holds |
//! |---|---|
//! | `replica` | the state; children see its private fields |
//! | `replica/handle/*` | one file an input |
//! | `replica/candidate`, `replica/timeliness` | a proposal up to the own prepare; its time |
//! | `replica/advance` | the quorum rules |
//! | `replica/slot` | one undecided height, with the table of stages and inputs |
//! | `replica/tally`, `replica/votes` | votes of others, own votes |
//! | `replica/route`, `replica/sync`, `replica/serving` | the slot of a message, catching up, limits |
//! | `replica/outbox` | the drain rule |
//! | `replica/recover`, `log_record` | the log, and recovery from it |
//! | `message`, `evidence`, `proposal` | formats of the wire |
//! | `io`, `config`, `rejected` | the interface |
//!
//! **Papers:** M. Castro, B. Liskov, *Practical Byzantine Fault Tolerance*, OSDI 1999, and
//! *Practical Byzantine Fault Tolerance and Proactive Recovery*, ACM TOCS 20(4), 2002.
//!
//! **Deviations from the paper:** signatures instead of authenticators; no client requests or
//! replies, the primary's node forms batches; sequence numbers are heights and a pre-prepare
//! names its parent; a commit certificate is kept for every block, so there are no checkpoint
//! messages; votes are verified in a batch once a quorum is there; a pre-prepare carries a time
//! that validators bound, and f+1 prepares make a late one acceptable.
#![forbid(unsafe_code)]

mod config;
mod evidence;
mod io;
mod log_record;
mod message;
mod proposal;
mod rejected;
mod replica;

pub use config::{Config, Tip};
pub use evidence::{Evidence, EvidenceError};
pub use io::{Effect, Input, Output, Timer, Verdict};
pub use log_record::{LogPosition, LogRecord, PreparedCertificate};
pub use message::{
    Authenticated, Decided, LossId, Message, PrePrepare, Recalled, Recipients, Vote,
};
pub use proposal::{MAX_PAYLOAD_LEN, Payload, Proposal, ProposalFault};
pub use rejected::Rejected;
pub use replica::{ReplayError, Replica};
