//! The outcome of a run.

use std::collections::{BTreeMap, BTreeSet};

use medshare_consensus::credit::Standing;
use medshare_consensus::{ChainFact, Evidence, Rejected};
use medshare_types::attestation::Attestation;
use medshare_types::hash::Digest;
use medshare_types::header::BlockHeader;
use medshare_types::id::{Height, ReplicaId, View};

use crate::narration::Narration;
use crate::violation::Violation;

/// The outcome of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Hash over every event of the run: equal for equal seeds.
    pub trace: Digest,
    /// Properties that were broken.
    pub violations: Vec<Violation>,
    /// Ledger heights of the honest members.
    pub heights: BTreeMap<ReplicaId, Height>,
    /// The first proposer of each block, from height 1 on.
    pub proposers: Vec<ReplicaId>,
    /// The clock when the first honest member decided each block, milliseconds, from height 1 on.
    pub decided_ms: Vec<u64>,
    /// Evidence that honest members put out.
    pub evidence: Vec<Evidence>,
    /// Inputs that honest members refused.
    pub rejected: Vec<(ReplicaId, Rejected)>,
    /// Crashes of all members.
    pub crashes: u32,
    /// Crashes that took a log.
    pub losses: u32,
    /// Messages on their way, lost ones included.
    pub messages: u64,
    /// Messages that got lost, were repeated, or came to a link that is down.
    pub disturbed: u64,
    /// The highest view of an honest member.
    pub highest_view: View,
    /// The steps in words, where the scenario asks for them.
    pub narration: Option<Narration>,
    /// Headers, attestations and facts of the blocks of the honest member with most of them.
    pub blocks: Vec<(BlockHeader, Vec<Attestation>, Vec<ChainFact>)>,
    /// Credit and bans of each seat after those blocks.
    pub standings: BTreeMap<ReplicaId, Standing>,
    /// The bytes of a [`RunLog`](crate::checker::RunLog).
    pub log: Vec<u8>,
    /// Seats that contradict themselves in what is durable at honest ones.
    pub culprits: BTreeSet<ReplicaId>,
}

impl Report {
    /// The height that every honest member has reached.
    #[must_use]
    pub fn common_height(&self) -> Height {
        self.heights.values().min().copied().unwrap_or_default()
    }
}
