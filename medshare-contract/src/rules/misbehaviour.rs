//! Proofs of misbehaviour, which the caller has judged.

use medshare_types::{Denial, Event};

use super::{Ruling, ensure, ensure_field, invalid};
use crate::call::MAX_EVIDENCE_LEN;
use crate::context::{Case, ProvenMisbehaviour};
use crate::keys;
use crate::overlay::Overlay;
use crate::state::MisbehaviourState;
use crate::view::StateView;

/// A proof counts once an organisation and epoch, whichever votes it is made of: one machine restored
/// from a copy contradicts many of its votes.
pub(super) fn report<V: StateView>(
    state: &mut Overlay<'_, V>,
    case: &Case<'_>,
    evidence: Vec<u8>,
) -> Ruling<V> {
    case.organisation()?;
    ensure_field(evidence.len() <= MAX_EVIDENCE_LEN, "evidence")?;
    let ProvenMisbehaviour {
        organisation,
        epoch,
        height,
    } = case.call.proven.ok_or_else(|| invalid("evidence"))?;
    let key = keys::misbehaviour(&organisation, epoch);
    let known = state.read::<MisbehaviourState>(&key)?.is_some();
    ensure(!known, Denial::AlreadyExists)?;
    let misbehaviour = MisbehaviourState {
        organisation,
        epoch,
        height,
        reported_at: case.height(),
        evidence,
    };
    state.put(key, &misbehaviour);
    Ok(vec![Event::MisbehaviourProven {
        organisation,
        epoch,
        height,
    }])
}
