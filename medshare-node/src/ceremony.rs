//! The ceremony that makes the gate key, over the ledger: this holder's next step.
//!
//! Each holder posts one deal; once all are there, each checks its share of every deal and either
//! acknowledges all of them or complains of one. A share is in the key store before it is
//! acknowledged: an acknowledged ceremony has no holder without its share. A holder that loses its
//! share all the same computes it again, from the deals on the chain and its holder key.
//!
//! No deal, however malformed, stops a node: its fault is reported on the chain.

use medshare_contract::state::{CeremonyState, Complaint, HolderSet, deals_digest};
use medshare_contract::{Call, keys};
use medshare_host::Machine;
use medshare_ledger::LedgerStore;
use medshare_threshold::{HolderShare, Participant, Roster};
use medshare_types::{AccessClass, Deal, GateKey, Genesis, OrganisationId};

use crate::error::NodeError;
use crate::executor::read;
use crate::holder::Holder;

const CLASS: AccessClass = AccessClass::Normal;

/// The next step, computed from the newest state.
pub(crate) enum Step {
    Wait,
    Deal(Call),
    Acknowledge { share: HolderShare, call: Call },
    Complain(Call),
    Restore(HolderShare),
    Over,
}

pub(crate) fn next_step(
    ledger: &LedgerStore,
    genesis: &Genesis,
    holder: &Holder,
    dealt: bool,
    answered: bool,
) -> Result<Step, NodeError> {
    let own = holder.organisation();
    let set: Option<HolderSet> = read(ledger, &keys::holders(CLASS))?;
    let state: Option<CeremonyState> = read(ledger, &keys::ceremony(CLASS))?;
    let established: Option<GateKey> = read(ledger, &keys::gate_key(CLASS))?;
    let (Some(set), Some(state)) = (set, state) else {
        return Ok(Step::Over);
    };
    let Some(index) = set.index_of(&own) else {
        return Ok(Step::Over);
    };
    let roster = roster(genesis, &set)?;
    let participant = Participant::new(&roster, own, &holder.secrets().holder_key)?;
    if let Some(key) = established {
        if holder.holds_share_of(&key) {
            return Ok(Step::Over);
        }
        tracing::warn!("the share of the gate key is missing or stale: computing it again");
        let deals = deals(ledger, &set)?;
        return Ok(
            match examine(&roster, &participant, &deals, holder.machine()) {
                Ok(share) => Step::Restore(share),
                Err(_) => Step::Over,
            },
        );
    }
    if let Some(Complaint { accuser, dealer }) = state.stopped {
        tracing::error!(%accuser, %dealer, "the key ceremony was stopped by a complaint");
        return Ok(Step::Over);
    }
    if state.deals.get(index).is_some_and(Option::is_none) {
        if dealt {
            return Ok(Step::Wait);
        }
        let deal = participant.deal(&mut holder.machine().random());
        return Ok(Step::Deal(Call::PostDeal { class: CLASS, deal }));
    }
    let Ok(digests) = state.all_deals() else {
        return Ok(Step::Wait);
    };
    if answered || state.acknowledged.get(index).copied().unwrap_or(true) {
        return Ok(Step::Wait);
    }
    let deals = deals(ledger, &set)?;
    let step = match examine(&roster, &participant, &deals, holder.machine()) {
        Ok(share) => {
            let deals = deals_digest(&genesis.chain_id(), CLASS, &digests);
            let class = CLASS;
            let call = Call::AcknowledgeDeals { class, deals };
            Step::Acknowledge { share, call }
        }
        Err(Some(dealer)) => {
            let class = CLASS;
            Step::Complain(Call::ComplainOfDeal { class, dealer })
        }
        Err(None) => Step::Over,
    };
    Ok(step)
}

/// The deals on the chain, in the order of the holders.
fn deals(ledger: &LedgerStore, set: &HolderSet) -> Result<Vec<(OrganisationId, Deal)>, NodeError> {
    let mut deals = Vec::new();
    for entry in &set.holders {
        if let Some(deal) = read(ledger, &keys::deal(CLASS, &entry.organisation))? {
            deals.push((entry.organisation, deal));
        }
    }
    Ok(deals)
}

/// Computes this holder's share from the deals. The error names the dealer of a bad deal; `None`
/// when the deals make no key and no single dealer is at fault.
fn examine(
    roster: &Roster,
    participant: &Participant<'_>,
    deals: &[(OrganisationId, Deal)],
    machine: &dyn Machine,
) -> Result<HolderShare, Option<OrganisationId>> {
    let mut contributions = Vec::new();
    for (dealer, deal) in deals {
        let contribution = participant
            .open(*dealer, deal, &mut machine.random())
            .map_err(|error| {
                tracing::error!(%dealer, %error, "a bad deal");
                error.culprits().first().copied()
            })?;
        contributions.push(contribution);
    }
    let deals: Vec<_> = deals.iter().map(|(dealer, deal)| (*dealer, deal)).collect();
    let key = roster.ceremony().gate_key(&deals).map_err(|error| {
        tracing::error!(%error, "the deals make no key");
        error.culprits().first().copied()
    })?;
    participant.combine(&key, &contributions).map_err(|error| {
        tracing::error!(%error, "the deals make no share");
        None
    })
}

fn roster(genesis: &Genesis, set: &HolderSet) -> Result<Roster, NodeError> {
    let holders: Vec<_> = set
        .holders
        .iter()
        .map(|h| (h.organisation, h.key))
        .collect();
    Ok(Roster::new(
        genesis.chain_id(),
        CLASS,
        &holders,
        set.threshold,
    )?)
}
