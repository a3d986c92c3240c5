//! One transaction applied to the state: authenticate, decode, decide.

use medshare_types::consent::AccessRequest;
use medshare_types::{AccessDenied, Denial, Outcome, Principal, VerifyingKey, Wire};

use crate::call::Call;
use crate::context::{BlockContext, CallContext, Case};
use crate::keys;
use crate::overlay::Overlay;
use crate::rules::{self, Stop};
use crate::state::{GrantState, OrganisationState, PersonState, RulesState, UsedMark};
use crate::view::{Changes, StateError, StateView};

/// Version of the rules that this release applies, as stored in the state.
pub const RULES_VERSION: u32 = 3;

/// The result of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Events, or a denial.
    pub outcome: Outcome,
    /// Changes to write; for a denial at most the mark of the nonce.
    pub changes: Changes,
}

/// Decides one transaction. Deterministic and total: any bytes give an outcome, none panics.
///
/// The caller has verified the signature under `call.key`, has judged evidence and headers that the
/// call names ([`CallContext`]), and lays the changes of earlier
/// transactions of the block over `view` ([`Overlay`]); so a revocation holds for every transaction
/// after it in its own block. A denied call marks its nonce as used and changes nothing else. When
/// the key is not the sender's, or the chain is another, it does not even do that: otherwise a third
/// party could use up a sender's nonces.
///
/// Cost: reads that no length of a list changes (`docs/spec/contract.md`, section 9); for
/// `EnrolPerson` and `RegisterVotingKey` a signature, for `RegisterRecord` a G2 decoding a label, for
/// `RequestAccess` a G1 decoding, a fixed-base and a variable product, for `PostDeal` t G2 and n G1
/// decodings, for the last `AcknowledgeDeals` the public side of the whole ceremony.
///
/// # Errors
/// [`StateError`] where the state cannot be read or runs under unknown rules; never because of the
/// content of the transaction.
pub fn apply<V: StateView>(
    view: &V,
    block: &BlockContext,
    call: &CallContext<'_>,
) -> Result<Applied, StateError<V::Error>> {
    check_rules_version(view)?;
    let mut state = Overlay::new(view);
    if let Some(denial) = admit(&mut state, block, call)? {
        return Ok(Applied {
            outcome: Outcome::Denied(denial),
            changes: Changes::new(),
        });
    }
    let nonce_only = state.changes().clone();

    let case = Case { block, call };
    let decoded = Call::from_wire(call.call);
    let requested = match &decoded {
        Ok(Call::RequestAccess { request, .. }) => Some(request.clone()),
        _ => None,
    };
    let ruling = match decoded {
        Ok(decoded) => rules::decide(&mut state, &case, decoded),
        Err(_) => Err(Stop::Denied(Denial::Undecodable)),
    };
    match ruling {
        Ok(events) => Ok(Applied {
            outcome: Outcome::Applied(events),
            changes: state.into_changes(),
        }),
        Err(Stop::Denied(denial)) => Ok(Applied {
            outcome: match requested {
                Some(request) => denied_access(view, call.sender, &request, denial)?,
                None => Outcome::Denied(denial),
            },
            changes: nonce_only,
        }),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Names the grantor, so that her application finds attempts on her grants without a look-up.
fn denied_access<V: StateView>(
    view: &V,
    requester: Principal,
    request: &AccessRequest,
    denial: Denial,
) -> Result<Outcome, StateError<V::Error>> {
    let grant: Option<GrantState> = view.read(&keys::grant(&request.grant))?;
    Ok(Outcome::AccessDenied(Box::new(AccessDenied {
        requester,
        grant: request.grant,
        grantor: grant.map(|grant| grant.grantor),
        purpose: request.purpose,
        denial,
    })))
}

fn check_rules_version<V: StateView>(view: &V) -> Result<(), StateError<V::Error>> {
    let key = keys::rules();
    match view.read(&key)? {
        Some(RulesState {
            version: RULES_VERSION,
        }) => Ok(()),
        Some(RulesState { version }) => Err(StateError::UnknownRules { version }),
        None => Err(StateError::Missing { key }),
    }
}

/// Checks chain, sender and nonce, and marks the nonce; or returns the denial.
fn admit<V: StateView>(
    state: &mut Overlay<'_, V>,
    block: &BlockContext,
    call: &CallContext<'_>,
) -> Result<Option<Denial>, StateError<V::Error>> {
    if call.chain != block.chain {
        return Ok(Some(Denial::WrongChain));
    }
    if current_key(state, &call.sender)? != Some(call.key) {
        return Ok(Some(Denial::UnknownSender));
    }
    let mark = keys::used_nonce(&call.sender, &call.nonce);
    if state.read::<UsedMark>(&mark)?.is_some() {
        return Ok(Some(Denial::DuplicateNonce));
    }
    let height = block.height;
    state.put(mark, &UsedMark { height });
    Ok(None)
}

fn current_key<V: StateView>(
    state: &V,
    sender: &Principal,
) -> Result<Option<VerifyingKey>, StateError<V::Error>> {
    Ok(match sender {
        Principal::Organisation(id) => state
            .read::<OrganisationState>(&keys::organisation(id))?
            .map(|organisation| organisation.key),
        Principal::Person(id) => state
            .read::<PersonState>(&keys::person(id))?
            .map(|person| person.key),
    })
}
