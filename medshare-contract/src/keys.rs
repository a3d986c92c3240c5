//! Keys of the state: `SHA3-256(tag ‖ fields)`, with one tag for each kind of value.
//!
//! Keys are uniform in 32 bytes, so the tree stays balanced and a proof of absence reveals nothing
//! about neighbours. Values carry their own kind, so a value under the wrong key does not decode.

use medshare_types::hash::digest;
use medshare_types::wire::to_borsh;
use medshare_types::{
    AccessClass, Digest, Epoch, G1Bytes, G2Bytes, GrantId, Nonce, OrganisationId, PersonId,
    Principal, RecordId, RecordVersion, TicketId, VerifyingKey,
};

use crate::state::List;

/// Key of the version of the rules in force, a [`crate::state::RulesState`].
#[must_use]
pub fn rules() -> Digest {
    digest("medshare/contract/key/rules/v1", &[])
}

/// Key of an organisation, a [`crate::state::OrganisationState`].
#[must_use]
pub fn organisation(id: &OrganisationId) -> Digest {
    digest("medshare/contract/key/organisation/v1", &[id.as_ref()])
}

/// Key of a person, a [`crate::state::PersonState`].
#[must_use]
pub fn person(id: &PersonId) -> Digest {
    digest("medshare/contract/key/person/v1", &[id.as_ref()])
}

/// Key of the data common to all versions of a record, a [`crate::state::RecordHeadState`].
#[must_use]
pub fn record_head(id: &RecordId) -> Digest {
    digest("medshare/contract/key/record-head/v1", &[id.as_ref()])
}

/// Key of one version of a record, a [`crate::state::RecordState`].
#[must_use]
pub fn record(id: &RecordId, version: RecordVersion) -> Digest {
    let version = version.0.to_le_bytes();
    digest("medshare/contract/key/record/v1", &[id.as_ref(), &version])
}

/// Key of a grant, a [`crate::state::GrantState`].
#[must_use]
pub fn grant(id: &GrantId) -> Digest {
    digest("medshare/contract/key/grant/v1", &[id.as_ref()])
}

/// Key of a ticket, a [`crate::state::TicketState`].
#[must_use]
pub fn ticket(id: &TicketId) -> Digest {
    digest("medshare/contract/key/ticket/v1", &[id.as_ref()])
}

/// Key of the counter of a list, a [`crate::state::ListState`].
#[must_use]
pub fn list<T>(list: &List<T>) -> Digest {
    digest("medshare/contract/key/list/v1", &list.fields())
}

/// Key of a page of a list, counted from 0, a [`crate::state::ListPage`].
#[must_use]
pub fn list_page<T>(list: &List<T>, index: u64) -> Digest {
    let [noun, of] = list.fields();
    digest(
        "medshare/contract/key/list-page/v1",
        &[noun, of, &index.to_le_bytes()],
    )
}

/// Key of the holders of a class of gate keys, a [`crate::state::HolderSet`].
#[must_use]
pub fn holders(class: AccessClass) -> Digest {
    digest("medshare/contract/key/holders/v1", &[&to_borsh(&class)])
}

/// Key of the progress of a class's ceremony, a [`crate::state::CeremonyState`].
#[must_use]
pub fn ceremony(class: AccessClass) -> Digest {
    digest("medshare/contract/key/ceremony/v1", &[&to_borsh(&class)])
}

/// Key of one dealer's contribution to a ceremony, a [`medshare_types::Deal`].
#[must_use]
pub fn deal(class: AccessClass, dealer: &OrganisationId) -> Digest {
    digest(
        "medshare/contract/key/deal/v1",
        &[&to_borsh(&class), dealer.as_ref()],
    )
}

/// Key of the established gate key of a class, a [`medshare_types::GateKey`].
#[must_use]
pub fn gate_key(class: AccessClass) -> Digest {
    digest("medshare/contract/key/gate-key/v1", &[&to_borsh(&class)])
}

/// Key of the mark that a sender used a nonce, a [`crate::state::UsedMark`].
#[must_use]
pub fn used_nonce(sender: &Principal, nonce: &Nonce) -> Digest {
    digest(
        "medshare/contract/key/used-nonce/v1",
        &[&to_borsh(sender), &nonce.0],
    )
}

/// Key of the mark that an organisation registered a label with this U, a
/// [`crate::state::UsedMark`].
///
/// Marked by owner, so that another organisation cannot use up a U that it saw in flight.
#[must_use]
pub fn used_u(owner: &OrganisationId, u: &G2Bytes) -> Digest {
    digest(
        "medshare/contract/key/used-u/v1",
        &[owner.as_ref(), u.as_ref()],
    )
}

/// Key of the mark that a ticket for this session key was issued, a [`crate::state::UsedMark`].
#[must_use]
pub fn used_session(session: &G1Bytes) -> Digest {
    digest("medshare/contract/key/used-session/v1", &[session.as_ref()])
}

/// Key of the voting key that an organisation registered last, a [`crate::state::VotingKeyState`].
#[must_use]
pub fn voting_key(organisation: &OrganisationId) -> Digest {
    let fields = [organisation.as_ref()];
    digest("medshare/contract/key/voting-key/v1", &fields)
}

/// Key of the mark that a voting key was registered, a [`crate::state::UsedMark`].
///
/// Not by organisation: no other can mark a key, because registering it needs its signature.
#[must_use]
pub fn used_voting_key(key: &VerifyingKey) -> Digest {
    digest(
        "medshare/contract/key/used-voting-key/v1",
        &[key.as_bytes()],
    )
}

/// Key of the misbehaviour proven of an organisation in an epoch, a
/// [`crate::state::MisbehaviourState`].
#[must_use]
pub fn misbehaviour(organisation: &OrganisationId, epoch: Epoch) -> Digest {
    digest(
        "medshare/contract/key/misbehaviour/v1",
        &[organisation.as_ref(), &epoch.0.to_le_bytes()],
    )
}
