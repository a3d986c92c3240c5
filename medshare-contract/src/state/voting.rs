//! Keys that members vote with, and what was proven of their votes.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{Epoch, Height, OrganisationId, VerifyingKey, Wire};

/// The voting key that an organisation registered last. Before its first one it votes with the key
/// that founded it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct VotingKeyState {
    /// Has the key's secret.
    pub organisation: OrganisationId,
    /// First epoch that the organisation votes in with the key.
    pub epoch: Epoch,
    /// No organisation registers it again.
    pub key: VerifyingKey,
    /// True where the registration named a recent header of its block's epoch, which a candidate
    /// needs to be ready for a seat.
    pub follows: bool,
    /// Keys that the organisation registered for `epoch`, this one included.
    pub registrations: u32,
}

impl Wire for VotingKeyState {
    const KIND: [u8; 4] = *b"mSVK";
}

/// Misbehaviour proven of an organisation in an epoch, which never changes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct MisbehaviourState {
    /// The organisation that signed both votes.
    pub organisation: OrganisationId,
    /// Epoch of the contradicting statements.
    pub epoch: Epoch,
    /// Height of the contradicting statements.
    pub height: Height,
    /// Height of the block that proved it.
    pub reported_at: Height,
    /// As it was reported, so that a reader of this value can judge it too: at most
    /// [`MAX_EVIDENCE_LEN`](crate::MAX_EVIDENCE_LEN) bytes.
    pub evidence: Vec<u8>,
}

impl Wire for MisbehaviourState {
    const KIND: [u8; 4] = *b"mSMB";
}
