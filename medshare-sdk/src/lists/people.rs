//! People and organisations, as the chain has them.

use medshare_contract::keys;
use medshare_contract::state::{List, PersonState};
use medshare_types::keystore::BoxFuture;
use medshare_types::{Digest, Genesis, Height, OrganisationId, PersonId, ReplicaId, VerifyingKey};

use super::{Listing, Lookup};
use crate::error::{Error, Result};
use crate::keyring::LocalName;

/// A person, as the chain has them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PersonInfo {
    /// The pseudonym, by which grants and records name the person.
    pub id: PersonId,
    /// The key of the person's transactions.
    pub key: VerifyingKey,
    /// Enrolled the person, and vouches for the attributes.
    pub organisation: OrganisationId,
    /// In ascending order, without the organisation's voucher.
    pub attributes: Vec<String>,
    /// Height of the enrolling block.
    pub enrolled_at: Height,
    /// The name in this application's key store; `None` for people that it did not enrol. The
    /// chain has no names.
    pub local_name: Option<String>,
}

/// A member organisation, as the trust anchor names it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrganisationInfo {
    /// Derived from the organisation's key.
    pub id: OrganisationId,
    /// Its name in the trust anchor, also in attributes: `vouched-by:<name>`.
    pub name: String,
    /// The key of its transactions.
    pub key: VerifyingKey,
    /// Its seat among the members.
    pub seat: ReplicaId,
}

impl OrganisationInfo {
    pub(crate) fn with_id(genesis: &Genesis, id: &OrganisationId) -> Result<Self> {
        let members = &genesis.members;
        let found = members.iter().find(|member| member.organisation() == *id);
        let unknown = || Error::no_member(id, genesis);
        Self::named(genesis, &found.ok_or_else(unknown)?.name)
    }

    pub(crate) fn named(genesis: &Genesis, name: &str) -> Result<Self> {
        let unknown = || Error::no_member(name, genesis);
        let (seat, member) = genesis.member_named(name).ok_or_else(unknown)?;
        Ok(Self {
            id: member.organisation(),
            name: member.name.clone(),
            key: member.key,
            seat,
        })
    }
}

impl From<&PersonInfo> for PersonId {
    fn from(person: &PersonInfo) -> Self {
        person.id
    }
}

impl From<&OrganisationInfo> for OrganisationId {
    fn from(organisation: &OrganisationInfo) -> Self {
        organisation.id
    }
}

impl Lookup {
    pub(crate) async fn person(&self, id: &PersonId) -> Result<PersonInfo> {
        let found: Option<(PersonState, _)> = self.find(keys::person(id)).await?;
        let (person, _) = found.ok_or_else(|| Error::UnknownPerson {
            name: id.to_string(),
        })?;
        let local = LocalName::load(&*self.context.people(), id).await?;
        Ok(PersonInfo {
            id: person.id,
            key: person.key,
            organisation: person.organisation,
            attributes: person.attributes,
            enrolled_at: person.enrolled_at,
            local_name: local.map(|local| local.person),
        })
    }

    pub(crate) async fn people_of(
        self,
        organisation: &OrganisationId,
    ) -> Result<Listing<PersonInfo>> {
        let list = List::people_enrolled_by(organisation);
        self.list(list, read).await
    }
}

fn read(lookup: Lookup, id: Digest) -> BoxFuture<'static, Result<PersonInfo>> {
    Box::pin(async move { lookup.person(&PersonId::from_digest(id)).await })
}
