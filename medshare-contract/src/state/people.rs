//! Organisations and people, the senders of transactions.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{G1Bytes, Height, OrganisationId, PersonId, VerifyingKey, Wire};

/// A member organisation, the sender of its transactions.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OrganisationState {
    /// Derived from the organisation's first key.
    pub id: OrganisationId,
    /// Also used in attributes: 1 to 64 of a–z, 0–9, `-`, `_` and `.`.
    pub name: String,
    /// Current key of its transactions.
    pub key: VerifyingKey,
    /// H, the key that its shares of gate keys are encrypted to; a valid point.
    pub holder_key: G1Bytes,
}

impl Wire for OrganisationState {
    const KIND: [u8; 4] = *b"mSOR";
}

/// A patient or clinician.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PersonState {
    /// The pseudonym, derived from the person's first key.
    pub id: PersonId,
    /// Current key of the person's transactions.
    pub key: VerifyingKey,
    /// Enrolled the person, with her consent, and vouches for the attributes.
    pub organisation: OrganisationId,
    /// In strictly ascending order.
    pub attributes: Vec<String>,
    /// Height of the enrolling block.
    pub enrolled_at: Height,
}

impl Wire for PersonState {
    const KIND: [u8; 4] = *b"mSPE";
}
