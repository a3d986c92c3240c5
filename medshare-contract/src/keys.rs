//! Where each value stands in the state: `SHA3-256(tag ‖ fields)`, a tag for every noun.
//!
//! Keys are uniform in 32 bytes, so the tree stays balanced and a proof of absence tells nothing
//! about neighbours. Values carry their own kind, so a value under the wrong key does not decode.

use medshare_types::hash::digest;
use medshare_types::wire::to_borsh;
use medshare_types::{
    AccessClass, Digest, G1Bytes, G2Bytes, GrantId, Nonce, OrganisationId, PersonId, Principal,
    RecordId, RecordVersion, TicketId,
};

/// The version of the rules in force: [`crate::state::RulesState`].
#[must_use]
pub fn rules() -> Digest {
    digest("medshare/contract/key/rules/v1", &[])
}

/// An organisation: [`crate::state::OrganisationState`].
#[must_use]
pub fn organisation(id: &OrganisationId) -> Digest {
    digest("medshare/contract/key/organisation/v1", &[id.as_ref()])
}

/// A person: [`crate::state::PersonState`].
#[must_use]
pub fn person(id: &PersonId) -> Digest {
    digest("medshare/contract/key/person/v1", &[id.as_ref()])
}

/// What all versions of a record share: [`crate::state::RecordHeadState`].
#[must_use]
pub fn record_head(id: &RecordId) -> Digest {
    digest("medshare/contract/key/record-head/v1", &[id.as_ref()])
}

/// One version of a record: [`crate::state::RecordState`].
#[must_use]
pub fn record(id: &RecordId, version: RecordVersion) -> Digest {
    let version = version.0.to_le_bytes();
    digest("medshare/contract/key/record/v1", &[id.as_ref(), &version])
}

/// A grant: [`crate::state::GrantState`].
#[must_use]
pub fn grant(id: &GrantId) -> Digest {
    digest("medshare/contract/key/grant/v1", &[id.as_ref()])
}

/// A ticket: [`crate::state::TicketState`].
#[must_use]
pub fn ticket(id: &TicketId) -> Digest {
    digest("medshare/contract/key/ticket/v1", &[id.as_ref()])
}

/// Who holds shares of the gate keys of a class: [`crate::state::HolderSet`].
#[must_use]
pub fn holders(class: AccessClass) -> Digest {
    digest("medshare/contract/key/holders/v1", &[&to_borsh(&class)])
}

/// How far the ceremony of a class is: [`crate::state::CeremonyState`].
#[must_use]
pub fn ceremony(class: AccessClass) -> Digest {
    digest("medshare/contract/key/ceremony/v1", &[&to_borsh(&class)])
}

/// One dealer's contribution to a ceremony: [`medshare_types::Deal`].
#[must_use]
pub fn deal(class: AccessClass, dealer: &OrganisationId) -> Digest {
    digest(
        "medshare/contract/key/deal/v1",
        &[&to_borsh(&class), dealer.as_ref()],
    )
}

/// The established gate key of a class: [`medshare_types::GateKey`].
#[must_use]
pub fn gate_key(class: AccessClass) -> Digest {
    digest("medshare/contract/key/gate-key/v1", &[&to_borsh(&class)])
}

/// That a sender used a nonce: [`crate::state::UsedMark`].
#[must_use]
pub fn used_nonce(sender: &Principal, nonce: &Nonce) -> Digest {
    digest(
        "medshare/contract/key/used-nonce/v1",
        &[&to_borsh(sender), &nonce.0],
    )
}

/// That an organisation registered a label with this U: [`crate::state::UsedMark`].
///
/// By owner, so that nobody uses up a U seen in flight.
#[must_use]
pub fn used_u(owner: &OrganisationId, u: &G2Bytes) -> Digest {
    digest(
        "medshare/contract/key/used-u/v1",
        &[owner.as_ref(), u.as_ref()],
    )
}

/// That a ticket for this session key was issued: [`crate::state::UsedMark`].
#[must_use]
pub fn used_session(session: &G1Bytes) -> Digest {
    digest("medshare/contract/key/used-session/v1", &[session.as_ref()])
}
