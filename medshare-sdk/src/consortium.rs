//! A consortium, as an application knows it.

mod lookups;
mod stores;

use std::sync::Arc;

#[cfg(feature = "in-process")]
use medshare_types::keystore::KeyStore;
use medshare_types::{Height, ReplicaId};

use crate::access_rule::AccessRule;
use crate::context::{ConsortiumParts, Context};
use crate::deadlines::Deadlines;
use crate::error::{Error, Result};
use crate::events::Events;
use crate::health::MemberHealth;
use crate::organisation::Organisation;
use crate::read::record::SealedHeader;
use crate::receipt::TrustAnchor;
use crate::record::RecordRef;
#[cfg(feature = "in-process")]
use crate::standing::{OrganisationStanding, StandingChange};

/// The member that is asked first when the application does not act for exactly one organisation.
const FIRST_SEAT: ReplicaId = ReplicaId(0);

/// A consortium. Cheap to clone; several live side by side in one process.
#[derive(Clone)]
pub struct Consortium {
    context: Arc<Context>,
}

impl Consortium {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// Joins a consortium. Reads nothing yet: every answer is verified when it comes, and a signer
    /// whose key is not the organisation's is refused as `unknown_sender` when it first signs a call.
    ///
    /// # Errors
    /// [`Error::InvalidGenesis`], [`Error::UnknownOrganisation`] for a store of a name that the
    /// genesis does not have.
    pub fn connect(parts: ConsortiumParts) -> Result<Self> {
        Ok(Self::new(Arc::new(Context::new(parts)?)))
    }

    /// The parts that this consortium was joined with, and its trust anchor of now. Wrap the client, to log or to limit
    /// requests, and join again: the SDK believes no client.
    #[must_use]
    pub fn parts(&self) -> ConsortiumParts {
        self.context.parts()
    }

    /// The same consortium as an application of one organisation knows it, with people of its own.
    #[cfg(feature = "in-process")]
    pub(crate) fn application(&self, name: &str, people: Arc<dyn KeyStore>) -> Result<Self> {
        let mut parts = self.context.parts();
        parts
            .organisations
            .retain(|organisation, _| organisation == name);
        parts.people = people;
        let chain = self.context.chain.sibling()?;
        Ok(Self::new(Arc::new(Context::on(chain, parts)?)))
    }

    /// The root of trust that receipts are verified against, offline: what this consortium was joined
    /// with, and the end of the newest epoch that it followed since. Keep it for the next start, and
    /// hand it to verifiers.
    #[must_use]
    pub fn trust_anchor(&self) -> TrustAnchor {
        self.context.chain.trust_anchor()
    }

    /// The organisation of that name, if the application acts for it.
    ///
    /// # Errors
    /// [`Error::UnknownOrganisation`].
    pub fn organisation(&self, name: &str) -> Result<Organisation> {
        let genesis = self.context.chain.genesis();
        let Some((seat, member)) = genesis.member_named(name) else {
            return Err(Error::no_member(name, genesis));
        };
        let Some(signer) = self.context.signer(name) else {
            let reason = "this application was given no signer of it, and has those of";
            let known = self.context.own_organisations();
            return Err(Error::unknown_organisation(name, reason, known));
        };
        Ok(Organisation::new(
            Arc::clone(&self.context),
            name.to_owned(),
            member.organisation(),
            seat,
            signer,
        ))
    }

    /// The names of the member organisations, in the order of their seats.
    pub fn organisation_names(&self) -> impl Iterator<Item = &str> {
        let members = self.context.chain.genesis().members.iter();
        members.map(|member| member.name.as_str())
    }

    /// The same consortium with other deadlines, which hold for everything obtained from what is
    /// returned. Those of an issuer are its own.
    #[must_use]
    pub fn with_deadlines(&self, deadlines: Deadlines) -> Self {
        Self::new(Arc::new(self.context.with_deadlines(deadlines)))
    }

    /// Asks each member how it is, all at once, and returns their states in the order of seats.
    ///
    /// Never fails: a member that does not answer is one of the states. Heights are proven; clocks
    /// and disks are the members' word.
    pub async fn health(&self) -> Vec<MemberHealth> {
        self.context.chain.health().await
    }

    /// The role and credit of each organisation, proven, in the order of the genesis. Organisations
    /// that have no seat, since there are more of them than seats, are candidates.
    ///
    /// # Errors
    /// [`Error::Unreachable`], or why an answer does not verify.
    #[cfg(feature = "in-process")]
    pub async fn standings(&self) -> Result<Vec<OrganisationStanding>> {
        self.context.chain.standings(self.home()).await
    }

    /// Every change of an organisation's role, credit and bans since the founding, in order: which
    /// turn it lost, what an epoch showed of it, and what followed.
    ///
    /// # Security
    /// The word of one member, which derives it from the blocks; what follows at last is proven by
    /// [`Self::standings`]. Cost: the member reads every block.
    ///
    /// # Errors
    /// [`Error::UnknownOrganisation`], [`Error::Unreachable`], or why no answer can be used.
    #[cfg(feature = "in-process")]
    pub async fn explain(&self, organisation: &str) -> Result<Vec<StandingChange>> {
        let genesis = self.context.chain.genesis();
        let Some((replica, _)) = genesis.member_named(organisation) else {
            return Err(Error::no_member(organisation, genesis));
        };
        self.context.chain.explain(self.home(), replica).await
    }

    /// The readers that a record was sealed for, whether its subject is among them too. From the
    /// record's access header, in a store, as the chain names it: not a party's word.
    ///
    /// # Errors
    /// [`Error::Denied`] with `unknown_record`, [`Error::ObjectUnavailable`], or why an answer does
    /// not verify.
    pub async fn access_rule(&self, record: impl Into<RecordRef>) -> Result<AccessRule> {
        let header = SealedHeader::fetch(&self.context, FIRST_SEAT, record.into()).await?;
        Ok(header.access_rule())
    }

    /// Watches the chain from now on.
    ///
    /// # Errors
    /// [`Error::Unreachable`], or why an answer does not verify.
    pub async fn watch(&self) -> Result<Events> {
        let height = self.context.chain.height(self.home()).await?;
        Ok(self.watch_from(height))
    }

    /// Watches from the block after `height`; [`Height`] 0 is the beginning of the chain. The watch
    /// fails as [`Error::UnknownHeight`] where the chain has no block of that height: after a restore
    /// from a backup, saved heights mean nothing.
    #[must_use]
    pub fn watch_from(&self, height: Height) -> Events {
        Events::after(self.context.chain.clone(), self.home(), height)
    }

    /// The member that is asked first: that of the organisation that the application acts for.
    fn home(&self) -> ReplicaId {
        let mut names = self.context.own_organisations();
        let (Some(name), None) = (names.next(), names.next()) else {
            return FIRST_SEAT;
        };
        let member = self.context.chain.genesis().member_named(name);
        member.map_or(FIRST_SEAT, |(seat, _)| seat)
    }
}

impl std::fmt::Debug for Consortium {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Consortium")
            .field("chain", self.context.chain.id())
            .field(
                "organisations",
                &self.context.own_organisations().collect::<Vec<_>>(),
            )
            .finish_non_exhaustive()
    }
}
