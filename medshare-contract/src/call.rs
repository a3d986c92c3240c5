//! What a transaction can ask for.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::consent::{AccessRequest, ProofOfKnowledge};
use medshare_types::hash::digest;
use medshare_types::wire::to_borsh;
use medshare_types::{
    AccessClass, ChainId, Deal, Digest, GrantId, OrganisationId, PersonId, PurposeSet, RecordId,
    RecordVersion, Signature, VerifyingKey, Window, Wire,
};

use crate::state::SealedLabel;

/// A call: the body of a transaction, in its own envelope.
///
/// Decoding is strict and injective: one call has one encoding.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Call {
    /// By an organisation: makes a person known, with the attributes it vouches for.
    EnrolPerson {
        /// The person's signing key; its digest is the pseudonym.
        key: VerifyingKey,
        /// At most 64, each of 1 to 256 bytes, strictly ascending; none with
        /// [`RESERVED_ATTRIBUTE_PREFIX`] in it.
        attributes: Vec<String>,
        /// The person's signature, by `key`, of [`enrolment_statement`] for the sender.
        consent: Signature,
    },
    /// By an organisation: registers a version of a record that it owns.
    RegisterRecord(Box<RegisterRecord>),
    /// By the data subject: lets somebody ask for tickets.
    Grant(GrantTerms),
    /// By the grantor: no ticket is issued under the grant from this transaction on.
    RevokeGrant {
        /// The grant.
        grant: GrantId,
    },
    /// By the grantee: asks for a ticket.
    RequestAccess {
        /// The request, which the proof binds whole.
        request: Box<AccessRequest>,
        /// That the requester knows the session secret.
        proof: ProofOfKnowledge,
    },
    /// By a holder: its contribution to the gate key.
    PostDeal {
        /// Of which ceremony.
        class: AccessClass,
        /// The contribution.
        deal: Deal,
    },
    /// By a holder: every deal gave it a good share.
    AcknowledgeDeals {
        /// Of which ceremony.
        class: AccessClass,
        /// [`crate::state::deals_digest`] of all deals in the order of the holders.
        deals: Digest,
    },
    /// By a holder: a deal gave it no good share; stops the ceremony.
    ComplainOfDeal {
        /// Of which ceremony.
        class: AccessClass,
        /// Whose deal.
        dealer: OrganisationId,
    },
}

impl Wire for Call {
    const KIND: [u8; 4] = *b"mCAL";
}

/// How the attribute begins that tells whose word an attribute key rests on:
/// `vouched-by:<organisation name>`. The attribute authority adds it to every key, so no
/// organisation can vouch under another's name.
pub const RESERVED_ATTRIBUTE_PREFIX: &str = "vouched-by:";

/// What a person signs to be enrolled by that organisation, on that chain, with exactly these
/// attributes. The key that signs is bound by the signature itself.
///
/// `H(tag, chain, organisation, borsh(attributes))`, the attributes in the order of the call.
///
/// # Security
/// It has no date: the organisation can enrol the person with it at any later time, once. Nobody
/// else can.
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

/// What the data subject consents to.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GrantTerms {
    /// The record.
    pub record: RecordId,
    /// The version of it.
    pub version: RecordVersion,
    /// Who may ask.
    pub grantee: PersonId,
    /// When.
    pub window: Window,
    /// What for; at least one.
    pub purposes: PurposeSet,
    /// How many tickets, at least one; `None` for any number.
    pub uses: Option<u32>,
}

/// A version of a record, as its owner registers it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RegisterRecord {
    /// Its identifier.
    pub record: RecordId,
    /// 1 for a new record, else the successor of the latest.
    pub version: RecordVersion,
    /// With version 1 and only then: what the identifier was derived from
    /// ([`RecordId::derive`]).
    pub opening: Option<[u8; 32]>,
    /// The data subject; the same for every version.
    pub subject: PersonId,
    /// H(P), the digest of the payload's preamble.
    pub preamble: Digest,
    /// One to eight access headers' labels and digests.
    pub labels: Vec<SealedLabel>,
    /// The root of the ciphertext's segment digests.
    pub content_root: Digest,
    /// How many segments, at least one.
    pub segment_count: u64,
    /// The one to eight organisations whose stores hold the ciphertext, distinct.
    pub stores: Vec<OrganisationId>,
    /// The digest of the sealed descriptor, where there is one.
    pub descriptor: Option<Digest>,
}
