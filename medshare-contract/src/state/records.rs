//! What is shared.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{
    Digest, GateLabel, Height, OrganisationId, PersonId, RecordId, RecordVersion, Wire,
};

/// What all versions of a record share.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RecordHeadState {
    /// The record.
    pub id: RecordId,
    /// Who registers its versions.
    pub owner: OrganisationId,
    /// Whom it is about.
    pub subject: PersonId,
    /// The latest version.
    pub latest: RecordVersion,
}

impl Wire for RecordHeadState {
    const KIND: [u8; 4] = *b"mSRH";
}

/// An access header's public part: its gate label and its digest.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SealedLabel {
    /// L, every field of it.
    pub label: GateLabel,
    /// H(X), the digest of the access header that the label stands in.
    pub header: Digest,
}

/// One version of a record, as it was registered; it never changes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RecordState {
    /// The record.
    pub id: RecordId,
    /// Which version of it.
    pub version: RecordVersion,
    /// Who registered it.
    pub owner: OrganisationId,
    /// Whom it is about.
    pub subject: PersonId,
    /// H(P), the digest of the payload's preamble.
    pub preamble: Digest,
    /// The access headers' labels and digests.
    pub labels: Vec<SealedLabel>,
    /// The root of the ciphertext's segment digests.
    pub content_root: Digest,
    /// How many segments, at least one.
    pub segment_count: u64,
    /// Whose stores hold the ciphertext.
    pub stores: Vec<OrganisationId>,
    /// The digest of the sealed descriptor, where there is one.
    pub descriptor: Option<Digest>,
    /// The block that registered it.
    pub registered_at: Height,
}

impl Wire for RecordState {
    const KIND: [u8; 4] = *b"mSRE";
}

impl RecordState {
    /// The label of that digest H(L), with its header's digest. Cost: one hash a label.
    #[must_use]
    pub fn label(&self, digest: &Digest) -> Option<&SealedLabel> {
        self.labels
            .iter()
            .find(|sealed| sealed.label.digest() == *digest)
    }
}
