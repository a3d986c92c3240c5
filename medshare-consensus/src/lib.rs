//! A sans-IO PBFT replica for consortia.
//!
//! **Is:** Castro and Liskov's PBFT with signatures, on a chain of blocks, one height at a time: each
//! height has views of its own, and the primary passes on with every height. Signed pre-prepare,
//! prepare and commit, commit certificates, view changes, a log that is durable before any message
//! leaves, recovery from it, and catch-up of a member that is behind. The payload is opaque
//! ([`Payload`]).
//!
//! **Is not:** a network, a database or a clock; [`Replica`] takes [`Input`]s and returns
//! [`Output`]s. Committees change with
//! epochs, by credit and by what the application tells of organisations ([`ChainFact`]).
//!
//! **Security status:** not audited. Safe with at most f = ⌊(n−1)/3⌋ Byzantine members, whatever
//! the network does; live once messages arrive in time (`docs/spec/pbft.md`, "Why it goes on").
//!
//! ```
//! use medshare_consensus::credit::EpochRule;
//! use medshare_consensus::{ChainRecord, Config, Effect, Input, Mode, Now, Output, Payload, Replica, Tip};
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
//!     fn is_empty(&self) -> bool {
//!         self.0.is_empty()
//!     }
//! }
//!
//! let keys: Vec<_> = (1..5).map(|n| SigningKey::from_seed(&[n; 32])).collect();
//! let seats = keys.iter().map(SigningKey::verifying_key).zip((0..).map(ReplicaId));
//! let seats = seats.map(|(key, replica)| {
//!     let organisation = OrganisationId::of_key(&key);
//!     CommitteeMember { replica, organisation, key }
//! });
//! let committee = Committee::new(Epoch(0), seats.collect())?;
//! let record = ChainRecord::new(Mode::Credit, EpochRule::default(), committee, [], 4);
//! let config = Config {
//!     replica: ReplicaId(1),
//!     signing_keys: vec![keys[1].clone()],
//!     chain: ChainId::from_digest(digest("example/chain/v1", &[])),
//!     parameters: ChainParameters::default(),
//!     resend_ms: 1_000,
//!     heartbeat_ms: 5_000,
//! };
//! let tip = Tip::genesis(Timestamp::from_millis(0), Digest::ZERO, Digest::ZERO, record);
//! let mut primary = Replica::new(config, tip)?;
//! while primary.poll_output().is_some() {} // its status and its timer
//!
//! let now = Now { wall: Timestamp::from_millis(1_000), monotonic_ms: 0 };
//! primary.handle(now, Input::Waiting(true))?;
//! while primary.poll_output().is_some() {} // the timer of the first view
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
//! | `replica/pacing` | when a height is due, and how long a primary has |
//! | `replica/candidate`, `replica/timeliness` | a proposal up to the own prepare; its time |
//! | `replica/new_view`, `replica/changes` | giving up a view and opening the next |
//! | `record`, `credit` | the votes that blocks recorded, and the credit that follows |
//! | `replica/attest` | votes for decided heights: collected, proposed, judged |
//! | `replica/late` | votes that a primary was late |
//! | `replica/wanted` | blocks that others voted for |
//! | `replica/loss` | abstaining after votes were lost |
//! | `replica/advance` | the quorum rules |
//! | `replica/slot` | one undecided height, with the table of stages and inputs |
//! | `replica/tally`, `replica/votes` | votes of others, own votes |
//! | `replica/route`, `replica/sync`, `replica/serving` | the slot of a message, catching up, limits |
//! | `replica/outbox` | the drain rule |
//! | `replica/recover`, `log_record` | the log, and recovery from it |
//! | `compact` | numbers of votes on the wire |
//! | `message`, `vote`, `late`, `view_change`, `evidence`, `proposal` | formats of the wire |
//! | `turns` | whose turn it is |
//! | `io`, `config`, `rejected` | the interface |
//! | `mutation` | deliberate faults, for tests with the feature `mutants` |
//!
//! **Papers:** M. Castro, B. Liskov, *Practical Byzantine Fault Tolerance*, OSDI 1999, and
//! *Practical Byzantine Fault Tolerance and Proactive Recovery*, ACM TOCS 20(4), 2002.
//!
//! **Deviations from the paper:** signatures instead of authenticators; no client requests or
//! replies, the primary's node forms batches; sequence numbers are heights and a pre-prepare
//! names its parent; a commit certificate is kept for every block, so there are no checkpoint
//! messages; views belong to one height, so a view change carries one certificate and no list of
//! earlier numbers; f+1 prepares stand for a proposal that did not come, and a quorum of them is
//! committed without an own prepare; votes are verified in a batch once a quorum is there; a
//! pre-prepare carries a time that validators bound.
#![forbid(unsafe_code)]

mod compact;
mod config;
pub mod credit;
mod evidence;
mod io;
mod late;
mod log_record;
mod message;
mod mutation;
mod proposal;
mod record;
mod rejected;
mod replica;
mod turns;
mod view_change;
mod vote;

pub use config::{Config, Tip};
pub use evidence::{Evidence, EvidenceError, Offence};
pub use io::{Effect, Input, Now, Output, Timer, Verdict};
pub use late::LateVote;
pub use log_record::{LogPosition, LogRecord};
pub use message::{Authenticated, Decided, LossId, Message, Recalled, Recipients};
#[cfg(feature = "mutants")]
pub use mutation::Mutant;
pub use proposal::{MAX_PAYLOAD_LEN, Payload, Proposal, ProposalFault};
pub use record::{ChainFact, ChainRecord, explain};
pub use rejected::Rejected;
pub use replica::{Footprint, ReplayError, Replica};
pub use turns::Mode;
pub use view_change::{
    Claim, NewView, Opening, PreparedCertificate, ViewChange, ViewChangeVote, ViewProof,
};
pub use vote::{PrePrepare, Vote};
