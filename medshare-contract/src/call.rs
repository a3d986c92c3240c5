//! The calls that a transaction can make.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::consent::{AccessRequest, ProofOfKnowledge};
use medshare_types::hash::digest;
use medshare_types::wire::to_borsh;
use medshare_types::{
    AccessClass, ChainId, Deal, Digest, Epoch, GrantId, Height, OrganisationId, PersonId,
    PurposeSet, RecordId, RecordVersion, Signature, VerifyingKey, Window, Wire,
};

use crate::state::SealedLabel;

/// A call: the body of a transaction, in its own envelope.
///
/// Decoding is strict and injective: one call has one encoding.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Call {
    /// By an organisation: registers a person, with the attributes it vouches for.
    EnrolPerson {
        /// Signing key of the person; its digest is the pseudonym.
        key: VerifyingKey,
        /// At most 64, each of 1 to 256 bytes, strictly ascending; none contains one of
        /// [`RESERVED_ATTRIBUTE_PREFIXES`].
        attributes: Vec<String>,
        /// The person's signature, by `key`, of [`enrolment_statement`] for the sender.
        consent: Signature,
    },
    /// By an organisation: registers a version of a record that it owns.
    RegisterRecord(Box<RegisterRecord>),
    /// By the data subject: permits a person to request tickets.
    Grant(GrantTerms),
    /// By the grantor: no ticket is issued under the grant from this transaction on.
    RevokeGrant {
        /// Grant to revoke, given by the sender.
        grant: GrantId,
    },
    /// By the grantee: requests a ticket.
    RequestAccess {
        /// The proof binds every field of the request.
        request: Box<AccessRequest>,
        /// Proof that the requester knows the session secret.
        proof: ProofOfKnowledge,
    },
    /// By a holder: contributes to the gate key.
    PostDeal {
        /// Class of the key, which identifies the ceremony.
        class: AccessClass,
        /// Commitments, and one encrypted share a holder.
        deal: Deal,
    },
    /// By a holder: confirms a good share from every deal.
    AcknowledgeDeals {
        /// Class of the key, which identifies the ceremony.
        class: AccessClass,
        /// [`crate::state::deals_digest`] of all deals in the order of the holders.
        deals: Digest,
    },
    /// By a holder: reports a deal without a good share for it, which stops the ceremony.
    ComplainOfDeal {
        /// Class of the key, which identifies the ceremony.
        class: AccessClass,
        /// The holder that made the deal.
        dealer: OrganisationId,
    },
    /// By an organisation: registers the key that it votes with from the next epoch on.
    RegisterVotingKey {
        /// The epoch after the running one.
        epoch: Epoch,
        /// Never used before, neither to found the chain nor to vote.
        key: VerifyingKey,
        /// Signature of [`voting_key_statement`] by `key`.
        possession: Signature,
        /// Height of the named header.
        height: Height,
        /// Digest of a header of the running epoch, which shows that the sender follows the chain.
        header: Digest,
    },
    /// By an organisation: proves that a member signed two statements that no honest member signs both.
    ReportMisbehaviour {
        /// At most [`MAX_EVIDENCE_LEN`] bytes. These rules do not decode it: the caller of
        /// [`apply()`](crate::apply()) judges it.
        evidence: Vec<u8>,
    },
}

impl Wire for Call {
    const KIND: [u8; 4] = *b"mCAL";
}

/// Prefix of the attribute `vouched-by:<organisation name>`, which names the organisation behind an
/// attribute key. The attribute authority adds it to every key of enrolled attributes, so no
/// organisation can vouch under another's name.
pub const VOUCHER_PREFIX: &str = "vouched-by:";

/// Prefix of the attribute `subject-of:<record id>`. The attribute authority issues it to the person
/// that the chain names as the subject of that record, and to no other.
pub const SUBJECT_PREFIX: &str = "subject-of:";

/// Prefixes of the attributes that the attribute authority issues by the chain alone: no
/// organisation enrols a person with one.
pub const RESERVED_ATTRIBUTE_PREFIXES: [&str; 2] = [VOUCHER_PREFIX, SUBJECT_PREFIX];

/// The digest that a person signs to be enrolled by this organisation, on this chain, with exactly
/// these attributes. The signature itself binds the person's key.
///
/// `H(tag, chain, organisation, borsh(attributes))`, the attributes in the order of the call.
///
/// # Security
/// It has no date: this organisation, and no other, can enrol the person with it at any later time,
/// once.
#[must_use]
pub fn enrolment_statement(
    chain: &ChainId,
    organisation: &OrganisationId,
    attributes: &[String],
) -> Digest {
    digest(
        "medshare/contract/enrolment/v1",
        &[chain.as_ref(), organisation.as_ref(), &to_borsh(attributes)],
    )
}

/// Longest evidence of a [`Call::ReportMisbehaviour`], in bytes.
pub const MAX_EVIDENCE_LEN: usize = 1024;

/// The digest that a voting key signs to be registered by this organisation, on this chain, for this
/// epoch.
///
/// `H(tag, chain, organisation, epoch, key)`, the epoch as u64 LE.
///
/// # Security
/// Proves that the organisation has the key's secret, so no organisation can register the key of
/// another, seen in flight or elsewhere.
#[must_use]
pub fn voting_key_statement(
    chain: &ChainId,
    organisation: &OrganisationId,
    epoch: Epoch,
    key: &VerifyingKey,
) -> Digest {
    digest(
        "medshare/contract/voting-key/v1",
        &[
            chain.as_ref(),
            organisation.as_ref(),
            &epoch.0.to_le_bytes(),
            key.as_bytes(),
        ],
    )
}

/// The terms that the data subject consents to.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GrantTerms {
    /// Record of the data subject.
    pub record: RecordId,
    /// The one version that the grant covers.
    pub version: RecordVersion,
    /// The person that may request tickets.
    pub grantee: PersonId,
    /// Block times at which tickets are issued.
    pub window: Window,
    /// Permitted purposes; at least one.
    pub purposes: PurposeSet,
    /// Number of tickets, at least one; `None` for any number.
    pub uses: Option<u32>,
}

/// One version of a record, as its owner registers it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RegisterRecord {
    /// Identifier over all versions.
    pub record: RecordId,
    /// 1 for a new record, else the successor of the latest.
    pub version: RecordVersion,
    /// With version 1 and only then: the preimage of the identifier ([`RecordId::derive`]).
    pub opening: Option<[u8; 32]>,
    /// The data subject, the same for every version.
    pub subject: PersonId,
    /// H(P), the digest of the payload's preamble.
    pub preamble: Digest,
    /// Labels and digests of 1 to 8 access headers.
    pub labels: Vec<SealedLabel>,
    /// Root of the ciphertext's segment digests.
    pub content_root: Digest,
    /// Number of segments, at least one.
    pub segment_count: u64,
    /// Organisations whose stores hold the ciphertext: 1 to 8, distinct.
    pub stores: Vec<OrganisationId>,
    /// Digest of the sealed descriptor; `None` for a record without one.
    pub descriptor: Option<Digest>,
}
