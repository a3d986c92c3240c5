//! Registered records and their versions.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{
    Digest, GateLabel, Height, OrganisationId, PersonId, RecordId, RecordVersion, Wire,
};

/// Data common to all versions of a record.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RecordHeadState {
    /// Identifier over all versions.
    pub id: RecordId,
    /// The one organisation that registers versions.
    pub owner: OrganisationId,
    /// The person that the record is about.
    pub subject: PersonId,
    /// The latest version registered.
    pub latest: RecordVersion,
}

impl Wire for RecordHeadState {
    const KIND: [u8; 4] = *b"mSRH";
}

/// The public data of one access header: its gate label and its digest.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SealedLabel {
    /// L, with every field.
    pub label: GateLabel,
    /// H(X), the digest of the access header that holds the label.
    pub header: Digest,
}

/// One version of a record as registered, which never changes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RecordState {
    /// Identifier over all versions.
    pub id: RecordId,
    /// From 1, without gaps.
    pub version: RecordVersion,
    /// The organisation that registered the version.
    pub owner: OrganisationId,
    /// The person that the record is about.
    pub subject: PersonId,
    /// H(P), the digest of the payload's preamble.
    pub preamble: Digest,
    /// Labels and digests of the access headers.
    pub labels: Vec<SealedLabel>,
    /// Root of the ciphertext's segment digests.
    pub content_root: Digest,
    /// Number of segments, at least one.
    pub segment_count: u64,
    /// Organisations whose stores hold the ciphertext.
    pub stores: Vec<OrganisationId>,
    /// Digest of the sealed descriptor; `None` for a record without one.
    pub descriptor: Option<Digest>,
    /// Height of the registering block.
    pub registered_at: Height,
}

impl Wire for RecordState {
    const KIND: [u8; 4] = *b"mSRE";
}

impl RecordState {
    /// Finds a label by its digest H(L). Cost: one hash a label.
    #[must_use]
    pub fn label(&self, digest: &Digest) -> Option<&SealedLabel> {
        self.labels
            .iter()
            .find(|sealed| sealed.label.digest() == *digest)
    }
}
