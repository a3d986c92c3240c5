//! The ceremony that makes a gate key: its public side.
//!
//! Every holder deals once. When all deals are posted, every holder acknowledges that all its shares
//! are good, or names a dealer whose share is not. No key exists before the last acknowledgement.

use medshare_threshold::{Ceremony, CeremonyError};
use medshare_types::{
    AccessClass, Deal, DecodeError, Denial, Digest, Event, GateKey, OrganisationId,
};

use super::{Ruling, Stop, ensure, ensure_field, invalid, require};
use crate::context::Case;
use crate::keys;
use crate::overlay::Overlay;
use crate::state::{CeremonyState, Complaint, HolderSet, deals_digest};
use crate::view::{StateError, StateView};

pub(super) fn post<V: StateView>(
    state: &mut Overlay<'_, V>,
    case: &Case<'_>,
    class: AccessClass,
    deal: &Deal,
) -> Ruling<V> {
    let mut running = Running::open(state, case, class)?;
    let dealer = running.caller;
    let posted = &mut running.progress.deals[running.index];
    ensure(posted.is_none(), Denial::AlreadyExists)?;
    *posted = Some(deal.digest());
    running
        .ceremony
        .check_deal(dealer, deal)
        .map_err(|error| invalid(faulty_field(&error)))?;
    state.put(keys::deal(class, &dealer), deal);
    running.save(state);
    Ok(vec![Event::DealRecorded { dealer }])
}

fn faulty_field(error: &CeremonyError) -> &'static str {
    match error {
        CeremonyError::CommitmentCount { .. } | CeremonyError::InvalidCommitment { .. } => {
            "deal.commitments"
        }
        CeremonyError::ShareCount { .. } | CeremonyError::InvalidEphemeral { .. } => "deal.shares",
        _ => "deal",
    }
}

pub(super) fn acknowledge<V: StateView>(
    state: &mut Overlay<'_, V>,
    case: &Case<'_>,
    class: AccessClass,
    named: Digest,
) -> Ruling<V> {
    let mut running = Running::open(state, case, class)?;
    let deals = running.all_deals()?;
    let expected = deals_digest(&case.block.chain, class, &deals);
    ensure_field(named == expected, "deals")?;
    let acknowledged = &mut running.progress.acknowledged[running.index];
    ensure(!*acknowledged, Denial::AlreadyExists)?;
    *acknowledged = true;
    let holder = running.caller;
    let mut events = vec![Event::DealsAcknowledged { holder }];
    if running.progress.acknowledged.iter().all(|spoke| *spoke) {
        let key = running.gate_key(state)?;
        state.put(keys::gate_key(class), &key);
        events.push(Event::GateKeyEstablished { key: key.id });
    }
    running.save(state);
    Ok(events)
}

pub(super) fn complain<V: StateView>(
    state: &mut Overlay<'_, V>,
    case: &Case<'_>,
    class: AccessClass,
    dealer: OrganisationId,
) -> Ruling<V> {
    let mut running = Running::open(state, case, class)?;
    let index = running
        .set
        .index_of(&dealer)
        .ok_or_else(|| invalid("dealer"))?;
    let posted = running.progress.deals[index].is_some();
    ensure(posted, Denial::CeremonyIncomplete { awaiting: dealer })?;
    let accuser = running.caller;
    running.progress.stopped = Some(Complaint { accuser, dealer });
    running.save(state);
    Ok(vec![Event::CeremonyStopped { accuser, dealer }])
}

/// A ceremony that is neither stopped nor over, for a call of one of its holders.
struct Running {
    ceremony: Ceremony,
    set: HolderSet,
    progress: CeremonyState,
    caller: OrganisationId,
    /// The caller's index among the holders, from 0; valid for both vectors of `progress`.
    index: usize,
}

impl Running {
    fn open<V: StateView>(
        state: &Overlay<'_, V>,
        case: &Case<'_>,
        class: AccessClass,
    ) -> Ruling<V, Self> {
        let caller = case.organisation()?;
        let set: HolderSet = require(state, &keys::holders(class))?;
        let progress: CeremonyState = require(state, &keys::ceremony(class))?;
        let index = set.index_of(&caller).ok_or(Denial::NotAuthorised)?;
        if let Some(Complaint { accuser, dealer }) = progress.stopped {
            return Err(Denial::CeremonyStopped { accuser, dealer }.into());
        }
        if let Some(key) = state.read::<GateKey>(&keys::gate_key(class))? {
            return Err(Denial::CeremonyOver { key: key.id }.into());
        }
        let n = set.holders.len();
        if progress.deals.len() != n || progress.acknowledged.len() != n {
            let reason = "not one entry a holder".to_owned();
            return Err(Stop::Failed(StateError::Corrupt {
                key: keys::ceremony(class),
                source: DecodeError::Malformed { reason },
            }));
        }
        let organisations = set.holders.iter().map(|holder| holder.organisation);
        let ceremony = Ceremony::new(
            case.block.chain,
            class,
            organisations.collect(),
            set.threshold,
        )
        .map_err(|source| StateError::InvalidHolders {
            key: keys::holders(class),
            source,
        })?;
        Ok(Self {
            ceremony,
            set,
            progress,
            caller,
            index,
        })
    }

    fn save<V: StateView>(&self, state: &mut Overlay<'_, V>) {
        state.put(keys::ceremony(self.ceremony.class()), &self.progress);
    }

    /// The digests of all deals, or a denial that names the first holder without one.
    fn all_deals(&self) -> Result<Vec<Digest>, Denial> {
        self.progress
            .all_deals()
            .map_err(|index| Denial::CeremonyIncomplete {
                awaiting: self.set.holders[index].organisation,
            })
    }

    /// Computes the gate key of the posted deals. Cost: that of [`Ceremony::gate_key`].
    fn gate_key<V: StateView>(&self, state: &Overlay<'_, V>) -> Ruling<V, GateKey> {
        let dealers = self.ceremony.holders();
        let deals = dealers
            .iter()
            .map(|dealer| require(state, &keys::deal(self.ceremony.class(), dealer)))
            .collect::<Result<Vec<Deal>, _>>()?;
        let named: Vec<_> = dealers.iter().copied().zip(&deals).collect();
        // Each deal was checked when posted, so the only fault left is that they cancel each other.
        Ok(self
            .ceremony
            .gate_key(&named)
            .map_err(|_| invalid("deals"))?)
    }
}
