//! What each organisation is to the chain: its role, its credit, and why.

use medshare_consensus::credit::{CreditEvent, Exit, OrganisationRecord, Role, record_key};
use medshare_ledger::{RpcRequest, RpcResponse};
use medshare_types::wire::from_borsh;
use medshare_types::{Epoch, Height, ReplicaId};

use crate::chain::{Chain, unexpected};
use crate::error::{Error, Result};

/// An organisation's role and credit, proven, from
/// [`Consortium::standings`](crate::Consortium::standings).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrganisationStanding {
    /// The organisation's name, as in the genesis.
    pub organisation: String,
    /// Its index in the genesis.
    pub replica: ReplicaId,
    /// What it is to the committee.
    pub role: Role,
    /// 0 to 1000, from 500 at the beginning.
    pub credit: u16,
    /// Bad epochs that were not made good, 0 to 3.
    pub strikes: u8,
    /// The first height at which it may propose again after a lost turn; 0 without a ban.
    pub banned_until: Height,
    /// The first epoch in which it may have a seat again, for a demoted one.
    pub demoted_until: Option<Epoch>,
    /// Why it is to lose its seat, where the epoch's end, or a candidate, is waited for.
    pub exit: Option<Exit>,
}

/// One change of an organisation's role, credit or bans, from
/// [`Consortium::explain`](crate::Consortium::explain).
///
/// It prints as a sentence. Each is derived from votes that blocks record, so that any party with the
/// blocks can derive it again.
pub type StandingChange = CreditEvent;

impl Chain {
    /// The role and credit of each organisation, in the order of the genesis.
    pub(crate) async fn standings(&self, home: ReplicaId) -> Result<Vec<OrganisationStanding>> {
        let genesis = self.genesis();
        let seats = genesis.committee().map_err(Error::invalid_genesis)?;
        let mut standings = Vec::new();
        for (replica, member) in genesis.replicas().zip(&genesis.members) {
            let key = record_key(&member.organisation());
            // Absent before the organisation's first event.
            let record: Option<OrganisationRecord> = self.read(home, key).await?;
            let first = || OrganisationRecord::new(seats.has(replica), Epoch(0));
            let record = record.unwrap_or_else(first);
            let demoted = record.role == Role::Demoted;
            standings.push(OrganisationStanding {
                organisation: member.name.clone(),
                replica,
                role: record.role,
                credit: record.standing.credit.score,
                strikes: record.standing.credit.strikes,
                banned_until: record.standing.leading.banned_until,
                demoted_until: demoted.then_some(record.demoted_until),
                exit: record.exit,
            });
        }
        Ok(standings)
    }

    /// Every change of an organisation, as the first member tells that answers.
    pub(crate) async fn explain(
        &self,
        home: ReplicaId,
        replica: ReplicaId,
    ) -> Result<Vec<StandingChange>> {
        let mut failure = Error::Unreachable;
        for member in self.members_from(home) {
            match self.ask(member, &RpcRequest::Explain(replica)).await {
                Ok(RpcResponse::Explanation(events)) => {
                    return from_borsh(&events).map_err(|source| Error::Damaged {
                        what: "a member's explanation",
                        source: Box::new(source),
                    });
                }
                Ok(other) => failure = unexpected(other),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}
