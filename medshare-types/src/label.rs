//! The gate label and the record context in it. Every field is on chain and is checked there.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::hash::{self, Digest};
use crate::id::{ChainId, GateKeyId, OrganisationId, RecordId, RecordVersion};
use crate::point::G2Bytes;
use crate::time::{SealingDate, Timestamp};
use crate::wire::{Wire, to_borsh};

/// The class of access of a label, a ticket and a gate key, which must agree.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub enum AccessClass {
    /// Access under a grant of the data subject.
    Normal,
}

/// The factors of a key-encryption key, as a bitmap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct FactorSet(pub u8);

impl FactorSet {
    /// Bit of the attribute factor.
    pub const ABE: u8 = 1;
    /// Bit of the gate factor.
    pub const GATE: u8 = 2;
    /// Attributes and gate, as the contract requires.
    pub const ABE_AND_GATE: Self = Self(Self::ABE | Self::GATE);
}

/// The context that a sealed record is bound to: associated data of its attribute-based header.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RecordContext {
    /// Chain that the record is registered on.
    pub chain: ChainId,
    /// Identifier over all versions.
    pub record: RecordId,
    /// Version that was sealed.
    pub version: RecordVersion,
    /// The organisation that registers the record.
    pub owner: OrganisationId,
    /// Class of access that the header is for.
    pub class: AccessClass,
    /// Factors that the header's key is derived from.
    pub factors: FactorSet,
    /// Day of sealing, as the owner's clock had it.
    pub sealed_on: SealingDate,
    /// H(P), the digest of the payload's preamble.
    pub preamble: Digest,
}

impl RecordContext {
    /// ctx: the associated data of encapsulation.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest("medshare/types/record-context/v1", &[&to_borsh(self)])
    }
}

/// L: the identity that the gate releases a factor for. Hashed to G1 it is Q.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GateLabel {
    /// Gate key that the label was sealed to.
    pub key: GateKeyId,
    /// Context of the sealed record.
    pub context: RecordContext,
    /// H(abe), the digest of the attribute-based header.
    pub abe: Digest,
    /// No holder releases before this time, whatever the grant.
    pub floor: Timestamp,
    /// No holder releases from this time on, whatever the grant.
    pub ceiling: Timestamp,
    /// U = ρ·g2, fresh for this label.
    pub u: G2Bytes,
}

impl Wire for GateLabel {
    const KIND: [u8; 4] = *b"mLBL";
    const MAX_LEN: usize = 1024;
}

impl GateLabel {
    /// H(L), which identifies the label in requests and tickets.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest("medshare/types/gate-label/v1", &[&self.to_wire()])
    }
}
