//! Registration of records by their owner, with every field of every gate label.
//!
//! Each label's context is compared field by field with the call and the state. Were a label opaque,
//! an organisation could register another's label as its own record and grant itself access.

use std::collections::BTreeSet;

use medshare_curve::encoding::decode_g2;
use medshare_types::{
    Denial, Event, FactorSet, GateKey, GateLabel, OrganisationId, RecordId, RecordVersion,
};

use super::{Ruling, ensure, ensure_field, invalid, lists, use_once};
use crate::call::RegisterRecord;
use crate::context::Case;
use crate::keys;
use crate::overlay::Overlay;
use crate::state::{List, OrganisationState, PersonState, RecordHeadState, RecordState};
use crate::view::StateView;

const MAX_LABELS: usize = 8;
const MAX_STORES: usize = 8;
const FIRST_VERSION: RecordVersion = RecordVersion(1);

pub(super) fn register<V: StateView>(
    state: &mut Overlay<'_, V>,
    case: &Case<'_>,
    call: RegisterRecord,
) -> Ruling<V> {
    let owner = case.organisation()?;
    check_bounds(&call)?;
    check_version(state, &owner, &call)?;
    let subject = state.read::<PersonState>(&keys::person(&call.subject))?;
    ensure_field(subject.is_some(), "subject")?;
    for store in &call.stores {
        let known = state.read::<OrganisationState>(&keys::organisation(store))?;
        ensure_field(known.is_some(), "stores")?;
    }
    for sealed in &call.labels {
        check_label(state, case, &owner, &call, &sealed.label)?;
    }
    if call.version == FIRST_VERSION {
        lists::append(state, &List::records_about(&call.subject), call.record)?;
        lists::append(state, &List::records_owned_by(&owner), call.record)?;
    }
    Ok(write(state, case, owner, call))
}

fn check_bounds(call: &RegisterRecord) -> Result<(), Denial> {
    ensure_field((1..=MAX_LABELS).contains(&call.labels.len()), "labels")?;
    ensure_field(call.segment_count >= 1, "segment_count")?;
    let distinct: BTreeSet<_> = call.stores.iter().collect();
    ensure_field(
        (1..=MAX_STORES).contains(&call.stores.len()) && distinct.len() == call.stores.len(),
        "stores",
    )
}

/// A new identifier needs its opening, so that an organisation cannot take one that it saw in flight;
/// later versions need the owner alone. A record keeps its subject: a new version cannot escape her
/// consent.
fn check_version<V: StateView>(
    state: &Overlay<'_, V>,
    owner: &OrganisationId,
    call: &RegisterRecord,
) -> Ruling<V, ()> {
    let head = state.read::<RecordHeadState>(&keys::record_head(&call.record))?;
    let Some(head) = head else {
        ensure(call.version == FIRST_VERSION, Denial::UnknownRecord)?;
        let opened = call
            .opening
            .is_some_and(|opening| RecordId::derive(owner, &opening) == call.record);
        return Ok(ensure_field(opened, "opening")?);
    };
    ensure(head.owner == *owner, Denial::NotAuthorised)?;
    ensure(call.version > head.latest, Denial::AlreadyExists)?;
    // Greater than the latest, so `next` did not saturate.
    ensure_field(call.version == head.latest.next(), "version")?;
    ensure_field(call.opening.is_none(), "opening")?;
    Ok(ensure_field(call.subject == head.subject, "subject")?)
}

fn check_label<V: StateView>(
    state: &mut Overlay<'_, V>,
    case: &Case<'_>,
    owner: &OrganisationId,
    call: &RegisterRecord,
    label: &GateLabel,
) -> Ruling<V, ()> {
    let context = &label.context;
    let key = state
        .read::<GateKey>(&keys::gate_key(context.class))?
        .ok_or(Denial::GateKeyNotReady)?;
    for (holds, field) in [
        (context.chain == case.block.chain, "label.chain"),
        (context.record == call.record, "label.record"),
        (context.version == call.version, "label.version"),
        (context.owner == *owner, "label.owner"),
        (context.factors == FactorSet::ABE_AND_GATE, "label.factors"),
        (
            context.sealed_on.is_within_a_day_of(case.time()),
            "label.sealed_on",
        ),
        (context.preamble == call.preamble, "label.preamble"),
        (label.key == key.id, "label.key"),
        (label.floor < label.ceiling, "label.ceiling"),
    ] {
        ensure_field(holds, field)?;
    }
    ensure_field(decode_g2(&label.u).is_ok(), "label.u")?;
    let mark = keys::used_u(owner, &label.u);
    use_once(state, case, mark, invalid("label.u"))
}

fn write<V: StateView>(
    state: &mut Overlay<'_, V>,
    case: &Case<'_>,
    owner: OrganisationId,
    call: RegisterRecord,
) -> Vec<Event> {
    let record = call.record;
    let version = call.version;
    let head = RecordHeadState {
        id: record,
        owner,
        subject: call.subject,
        latest: version,
    };
    let stored = RecordState {
        id: record,
        version,
        owner,
        subject: call.subject,
        preamble: call.preamble,
        labels: call.labels,
        content_root: call.content_root,
        segment_count: call.segment_count,
        stores: call.stores,
        descriptor: call.descriptor,
        registered_at: case.height(),
    };
    state.put(keys::record_head(&record), &head);
    state.put(keys::record(&record, version), &stored);
    vec![Event::RecordRegistered { record, version }]
}
