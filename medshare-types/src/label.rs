//! The gate label and the record context in it: every field is on chain and is checked there.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::hash::{self, Digest};
use crate::id::{ChainId, GateKeyId, OrganisationId, RecordId, RecordVersion};
use crate::point::G2Bytes;
use crate::time::{SealingDate, Timestamp};
use crate::wire::{Wire, to_borsh};

/// What kind of access a label, a ticket and a gate key are for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub enum AccessClass {
    /// Access under a grant.
    Normal,
}

/// The factors of a key-encryption key, a bitmap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct FactorSet(pub u8);

impl FactorSet {
    /// The attribute factor's bit.
    pub const ABE: u8 = 1;
    /// The gate factor's bit.
    pub const GATE: u8 = 2;
    /// Attributes and gate: what the contract requires.
    pub const ABE_AND_GATE: Self = Self(Self::ABE | Self::GATE);
}

/// What a sealed record is bound to; the associated data of its attribute-based header.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RecordContext {
    /// The consortium's chain.
    pub chain: ChainId,
    /// The record.
    pub record: RecordId,
    /// Its version.
    pub version: RecordVersion,
    /// The organisation that registers it.
    pub owner: OrganisationId,
    /// The kind of access this header is for.
    pub class: AccessClass,
    /// The factors that its key needs.
    pub factors: FactorSet,
    /// The day it was sealed.
    pub sealed_on: SealingDate,
    /// H(P), the digest of the payload's preamble.
    pub preamble: Digest,
}

impl RecordContext {
    /// ctx, the associated data of encapsulation.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest("medshare/types/record-context/v1", &[&to_borsh(self)])
    }
}

/// L: what the gate releases a key for. H(L) in G1 is Q.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GateLabel {
    /// The gate key it was sealed to.
    pub key: GateKeyId,
    /// Everything of the record.
    pub context: RecordContext,
    /// H(abe), the digest of the attribute-based header.
    pub abe: Digest,
    /// No holder releases before this time, whatever the grant.
    pub floor: Timestamp,
    /// No holder releases from this time on, whatever the grant.
    pub ceiling: Timestamp,
    /// U = ρ·g2.
    pub u: G2Bytes,
}

impl Wire for GateLabel {
    const KIND: [u8; 4] = *b"mLBL";
    const MAX_LEN: usize = 1024;
}

impl GateLabel {
    /// H(L), by which requests and tickets name the label.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest("medshare/types/gate-label/v1", &[&self.to_wire()])
    }
}
