//! The log of a run: what honest members decided, signed and thought of each other.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::attestation::Attestation;
use medshare_types::certificate::CommitCertificate;
use medshare_types::hash::Digest;
use medshare_types::header::BlockHeader;
use medshare_types::id::{ChainId, Epoch, Height, OrganisationId, ReplicaId, View};
use medshare_types::sign::{Signature, VerifyingKey};
use medshare_types::time::Timestamp;
use medshare_types::wire::Wire;

/// A run of one chain.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RunLog {
    /// The chain that votes and headers name.
    pub chain: ChainId,
    /// The founding time of the chain.
    pub created: Timestamp,
    /// The organisations of the chain by their numbers, each with its key of epoch 0.
    pub organisations: Vec<(OrganisationId, VerifyingKey)>,
    /// The committee of epoch 0: so many organisations from the first on.
    pub seats: u16,
    /// Seats that the committee grows to.
    pub committee_size: u16,
    /// Turns stay with the last proposer, blocks record no votes, and the committee stays.
    pub classic: bool,
    /// Heights of an epoch at the least.
    pub epoch_heights: u64,
    /// Block time of an epoch at the least, milliseconds.
    pub epoch_ms: u64,
    /// Each decided block once, in the order in which the first member decided it.
    pub blocks: Vec<RecordedBlock>,
    /// The honest members, in the order of their numbers.
    pub members: Vec<MemberLog>,
    /// All that honest members signed, and all votes in what they recorded.
    pub statements: Vec<Signed>,
}

impl Wire for RunLog {
    const KIND: [u8; 4] = *b"mRUN";
    const MAX_LEN: usize = 256 << 20;
}

/// A block that honest members decided.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RecordedBlock {
    /// The header; certificates sign its digest.
    pub header: BlockHeader,
    /// What it orders: bytes without meaning, or facts about organisations.
    pub payload: Vec<u8>,
    /// The votes for earlier heights that it records.
    pub attestations: Vec<Attestation>,
}

/// What one honest member decided, and what it thought of each organisation.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct MemberLog {
    /// The number of the member whose log it is.
    pub member: ReplicaId,
    /// Decided blocks, by their index, in order; after a start the last ones come again.
    pub decisions: Vec<(u32, CommitCertificate)>,
    /// The standings of all organisations at heights, as the member had them.
    pub standings: Vec<Standings>,
}

/// The standings of all organisations, in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Standings {
    /// The last block that they follow from.
    pub height: Height,
    /// That block is executed, so that what it tells is counted in.
    pub executed: bool,
    /// One standing for each organisation.
    pub of: Vec<Standing>,
}

/// Role, credit and bans of an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Standing {
    /// What it is to the committee.
    pub role: Role,
    /// Credit, 0 to 1000.
    pub score: u16,
    /// Bad epochs that were not made good.
    pub strikes: u8,
    /// Epochs since a strike was added or forgiven.
    pub since_strike: u8,
    /// Lost turns that were not made good.
    pub level: u8,
    /// Own blocks since the last lost turn.
    pub clean: u16,
    /// The first height at which it may lead again.
    pub banned_until: Height,
    /// The height at which its last lost turn was recorded; 0 for none.
    pub last_lost: Height,
}

/// C15: what an organisation is to the committee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Role {
    /// It has no seat.
    Candidate,
    /// It has no seat, and is prepared for one.
    Ready,
    /// It votes, in its first epoch in a seat.
    Probation,
    /// It votes and leads.
    Consensus,
    /// It votes, and is to go or has little credit.
    Observed,
    /// It has lost its seat for some epochs.
    Demoted,
    /// It has lost its seat by a proof.
    Evicted,
    /// It has left by its will or a vote.
    Departed,
}

/// A statement and its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Signed {
    /// Number of the signer.
    pub signer: ReplicaId,
    /// The epoch of the signer's key.
    pub epoch: Epoch,
    /// The height that it is about.
    pub height: Height,
    /// The view voted in, or changed into.
    pub view: View,
    /// What the signer says.
    pub said: Said,
    /// The signature, which may be bad.
    pub signature: Signature,
}

/// What a member signs about a view of a height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Said {
    /// It accepts this proposal.
    Prepare(Digest),
    /// It holds a quorum of prepares for this block.
    Commit(Digest),
    /// It gave up the views before; its highest certificate is of this view and block.
    Change(Option<(View, Digest)>),
}
