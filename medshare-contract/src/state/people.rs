//! Who acts on the chain.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{G1Bytes, Height, OrganisationId, PersonId, VerifyingKey, Wire};

/// A member organisation.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OrganisationState {
    /// Its identifier.
    pub id: OrganisationId,
    /// Its name, which also stands in attributes: 1 to 64 of a–z, 0–9, `-`, `_` and `.`.
    pub name: String,
    /// The key of its transactions.
    pub key: VerifyingKey,
    /// The public key its shares of gate keys are encrypted to; a valid point.
    pub holder_key: G1Bytes,
}

impl Wire for OrganisationState {
    const KIND: [u8; 4] = *b"mSOR";
}

/// A patient or clinician.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PersonState {
    /// The pseudonym.
    pub id: PersonId,
    /// The key of the person's transactions.
    pub key: VerifyingKey,
    /// Who enrolled the person, with her consent, and vouches for the attributes.
    pub organisation: OrganisationId,
    /// Strictly ascending.
    pub attributes: Vec<String>,
    /// The block of the enrolment.
    pub enrolled_at: Height,
}

impl Wire for PersonState {
    const KIND: [u8; 4] = *b"mSPE";
}
