//! This member's part in the ceremony that makes the gate key, over the ledger.
//!
//! Each holder posts one deal; once all are there, each checks its share of every deal and either
//! acknowledges all of them or complains of one. A share is in the key store before it is
//! acknowledged: an acknowledged ceremony has no holder without its share.

use std::sync::Arc;

use medshare_contract::state::{CeremonyState, HolderSet, deals_digest};
use medshare_contract::{Call, keys};
use medshare_ledger::{LedgerStore, Transaction};
use medshare_threshold::{HolderShare, Participant, Roster};
use medshare_types::keystore::KeyStore;
use medshare_types::{AccessClass, Deal, GateKey, Genesis, Nonce, OrganisationId, Wire};

use crate::error::NodeError;
use crate::executor::read;
use crate::holder::Holder;
use crate::member::{Member, blocking};
use crate::random::os_random;
use crate::secrets::GATE_SHARE;

const CLASS: AccessClass = AccessClass::Normal;

/// What this member has still to do, in this run.
pub(crate) struct Ceremony {
    keys: Arc<dyn KeyStore>,
    dealt: bool,
    answered: bool,
    over: bool,
}

/// The next step, from what the state says.
enum Step {
    Wait,
    Deal(Call),
    Acknowledge { share: HolderShare, call: Call },
    Complain(Call),
    Over,
}

impl Ceremony {
    /// Takes up where the key store stands.
    pub(crate) async fn open(keys: Arc<dyn KeyStore>, holder: &Holder) -> Result<Self, NodeError> {
        if let Some(bytes) = keys.load(GATE_SHARE).await? {
            let share = HolderShare::from_bytes(&bytes)
                .map_err(|_| NodeError::ForeignSecret { name: GATE_SHARE })?;
            holder.set_share(share);
        }
        Ok(Self {
            keys,
            dealt: false,
            answered: false,
            over: false,
        })
    }
}

impl Member {
    /// Does what the ceremony waits for from this member, if it does.
    pub(crate) async fn step_ceremony(&mut self) -> Result<(), NodeError> {
        if self.ceremony.over {
            return Ok(());
        }
        let (ledger, holder) = (Arc::clone(&self.ledger), Arc::clone(&self.holder));
        let genesis = Arc::clone(&self.genesis);
        let (dealt, answered) = (self.ceremony.dealt, self.ceremony.answered);
        let step = blocking(move || next_step(&ledger, &genesis, &holder, dealt, answered)).await?;
        match step {
            Step::Wait => Ok(()),
            Step::Over => {
                self.ceremony.over = true;
                Ok(())
            }
            Step::Deal(call) => {
                self.ceremony.dealt = true;
                self.submit_own(&call).await
            }
            Step::Complain(call) => {
                self.ceremony.answered = true;
                self.submit_own(&call).await
            }
            Step::Acknowledge { share, call } => {
                self.ceremony.answered = true;
                self.ceremony
                    .keys
                    .store(GATE_SHARE, &share.to_bytes())
                    .await?;
                self.holder.set_share(share);
                self.submit_own(&call).await
            }
        }
    }

    /// Signs a call of this organisation's own and hands it in.
    async fn submit_own(&mut self, call: &Call) -> Result<(), NodeError> {
        let transaction = Transaction::sign(
            self.genesis.chain_id(),
            self.holder.organisation().into(),
            Nonce::random(&mut os_random()),
            call.to_wire(),
            &self.holder.secrets().signing_key,
        );
        self.submit(transaction).await.map(drop)
    }
}

fn next_step(
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
    let Some(place) = set.index_of(&own) else {
        return Ok(Step::Over);
    };
    if established.is_some() {
        return Ok(Step::Over);
    }
    if let Some(complaint) = state.stopped {
        let (accuser, dealer) = (complaint.accuser, complaint.dealer);
        tracing::error!(%accuser, %dealer, "the key ceremony was stopped by a complaint");
        return Ok(Step::Over);
    }
    let roster = roster(genesis, &set)?;
    let part = Participant::new(&roster, own, &holder.secrets().holder_key)?;
    if state.deals.get(place).is_some_and(Option::is_none) {
        let deal = || Call::PostDeal {
            class: CLASS,
            deal: part.deal(&mut os_random()),
        };
        return Ok(if dealt {
            Step::Wait
        } else {
            Step::Deal(deal())
        });
    }
    let Ok(digests) = state.all_deals() else {
        return Ok(Step::Wait);
    };
    if answered || state.acknowledged.get(place).copied().unwrap_or(true) {
        return Ok(Step::Wait);
    }
    let mut deals: Vec<(OrganisationId, Deal)> = Vec::new();
    for entry in &set.holders {
        let deal = read(ledger, &keys::deal(CLASS, &entry.organisation))?;
        let Some(deal) = deal else {
            return Ok(Step::Wait);
        };
        deals.push((entry.organisation, deal));
    }
    let mut contributions = Vec::new();
    for (dealer, deal) in &deals {
        match part.open(*dealer, deal, &mut os_random()) {
            Ok(contribution) => contributions.push(contribution),
            Err(bad) => {
                tracing::error!(dealer = %bad.dealer(), %bad, "a bad deal");
                let dealer = bad.dealer();
                return Ok(Step::Complain(Call::ComplainOfDeal {
                    class: CLASS,
                    dealer,
                }));
            }
        }
    }
    let deals: Vec<_> = deals.iter().map(|(dealer, deal)| (*dealer, deal)).collect();
    let key = roster.ceremony().gate_key(&deals)?;
    let share = part.combine(&key, &contributions)?;
    let deals = deals_digest(&genesis.chain_id(), CLASS, &digests);
    let call = Call::AcknowledgeDeals {
        class: CLASS,
        deals,
    };
    Ok(Step::Acknowledge { share, call })
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
