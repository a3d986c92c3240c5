//! Registration of the keys that organisations vote with in the next epoch.

use medshare_types::{Denial, Epoch, Event, OrganisationId, Signature, VerifyingKey};

use super::{Ruling, ensure, ensure_field, use_once};
use crate::call::voting_key_statement;
use crate::context::Case;
use crate::keys;
use crate::overlay::Overlay;
use crate::state::{OrganisationState, VotingKeyState};
use crate::view::StateView;

/// Most voting keys that an organisation registers for one epoch. The state marks each for ever.
pub const MAX_VOTING_KEYS: u32 = 4;

/// The possession names organisation, chain and epoch: a call that is seen in flight or kept registers
/// the key for no other organisation, on no other chain and for no other epoch.
pub(super) fn register<V: StateView>(
    state: &mut Overlay<'_, V>,
    case: &Case<'_>,
    epoch: Epoch,
    key: VerifyingKey,
    possession: &Signature,
) -> Ruling<V> {
    let organisation = case.organisation()?;
    ensure_field(epoch == case.epoch().next(), "epoch")?;
    let statement = voting_key_statement(&case.block.chain, &organisation, epoch, &key);
    ensure_field(key.verify(&statement, possession).is_ok(), "possession")?;
    let founding = keys::organisation(&OrganisationId::of_key(&key));
    let founded = state.read::<OrganisationState>(&founding)?.is_some();
    ensure(!founded, Denial::AlreadyExists)?;
    use_once(
        state,
        case,
        keys::used_voting_key(&key),
        Denial::AlreadyExists,
    )?;
    let registered = keys::voting_key(&organisation);
    let before = state
        .read::<VotingKeyState>(&registered)?
        .filter(|last| last.epoch == epoch)
        .map_or(0, |last| last.registrations);
    let allowed = MAX_VOTING_KEYS;
    ensure(before < allowed, Denial::VotingKeysExhausted { allowed })?;
    let follows = case.call.follows;
    let voting_key = VotingKeyState {
        organisation,
        epoch,
        key,
        follows,
        registrations: before + 1,
    };
    state.put(registered, &voting_key);
    Ok(vec![Event::VotingKeyRegistered {
        organisation,
        epoch,
        key,
        follows,
    }])
}
