//! The holder: release shares, judged by this member's own committed state.

use std::sync::{Arc, PoisonError, RwLock};

use medshare_contract::keys;
use medshare_contract::state::{GrantState, RecordState, TicketState};
use medshare_ledger::{LedgerStore, RefusalCode, RpcRefusal, ShareRequest};
use medshare_threshold::{HolderShare, ReleaseFacts, may_release};
use medshare_types::{AccessClass, GateKey, Genesis, OrganisationId, ReleaseShare, Ticket};

use crate::error::NodeError;
use crate::executor::{read, tip_time};
use crate::secrets::NodeSecrets;
use medshare_host::clock;
use medshare_host::os_random;

/// How far a request's time may lie from the holder's clock, milliseconds.
const REQUEST_TOLERANCE_MS: u64 = 60_000;

/// A member in its part as holder of gate shares.
pub(crate) struct Holder {
    genesis: Arc<Genesis>,
    secrets: NodeSecrets,
    share: RwLock<Option<HolderShare>>,
}

/// Everything of the member's own state that a release is judged by.
struct Case {
    key: GateKey,
    ticket: Ticket,
    record: RecordState,
    facts: ReleaseFacts,
}

impl Holder {
    pub(crate) fn new(genesis: Arc<Genesis>, secrets: NodeSecrets) -> Self {
        Self {
            genesis,
            secrets,
            share: RwLock::new(None),
        }
    }

    pub(crate) const fn organisation(&self) -> OrganisationId {
        self.secrets.organisation
    }

    pub(crate) const fn secrets(&self) -> &NodeSecrets {
        &self.secrets
    }

    /// Whether it holds a share of this generation of this key.
    pub(crate) fn holds_share_of(&self, key: &GateKey) -> bool {
        let share = self.share.read().unwrap_or_else(PoisonError::into_inner);
        let fits = |share: &HolderShare| {
            *share.key() == key.id
                && share.generation() == key.generation
                && share.holder() == self.secrets.organisation
        };
        share.as_ref().is_some_and(fits)
    }

    /// Takes the share that the ceremony gave, or that the key store kept.
    pub(crate) fn set_share(&self, share: HolderShare) {
        *self.share.write().unwrap_or_else(PoisonError::into_inner) = Some(share);
    }

    /// The share for a ticket, if every rule allows it now.
    pub(crate) fn release(
        &self,
        ledger: &LedgerStore,
        request: &ShareRequest,
    ) -> Result<ReleaseShare, RpcRefusal> {
        let share = self
            .share
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let none = || RpcRefusal::new(RefusalCode::NotHolder, "no share of the gate key");
        let share = share.ok_or_else(none)?;
        let case = self.case(ledger, request)?;
        self.authenticate(request, &case.ticket)?;
        let label = case.record.label(&case.ticket.label);
        let unknown = || RpcRefusal::new(RefusalCode::Unknown, "the record has no such label");
        let label = &label.ok_or_else(unknown)?.label;
        let permit =
            may_release(&case.key, &case.ticket, label, &case.facts).map_err(|refusal| {
                let code = match refusal {
                    medshare_threshold::Refusal::Behind { .. }
                    | medshare_threshold::Refusal::StaleTip { .. } => RefusalCode::Stale,
                    _ => RefusalCode::NotReleasable,
                };
                RpcRefusal::new(code, refusal.to_string())
            })?;
        let signer = &self.secrets.signing_key;
        share
            .release(&permit, signer, &mut os_random())
            .map_err(|error| RpcRefusal::new(RefusalCode::Internal, error.to_string()))
    }

    fn case(&self, ledger: &LedgerStore, request: &ShareRequest) -> Result<Case, RpcRefusal> {
        let unknown = || RpcRefusal::new(RefusalCode::Unknown, "no such ticket here");
        let failed = |error: NodeError| RpcRefusal::new(RefusalCode::Internal, error.to_string());
        let found = (|| -> Result<Option<Case>, NodeError> {
            // The tip's time first and the grant last: what is judged is never older than the
            // time it is judged at.
            let tip_time = tip_time(ledger, &self.genesis)?;
            let ticket: Option<TicketState> = read(ledger, &keys::ticket(&request.ticket))?;
            let Some(TicketState { ticket }) = ticket else {
                return Ok(None);
            };
            let record = read(ledger, &keys::record(&ticket.record, ticket.version))?;
            let key = read(ledger, &keys::gate_key(AccessClass::Normal))?;
            let grant: Option<GrantState> = read(ledger, &keys::grant(&ticket.grant))?;
            let (Some(record), Some(key), Some(grant)) = (record, key, grant) else {
                return Ok(None);
            };
            let parameters = &self.genesis.parameters;
            let facts = ReleaseFacts {
                tip_time,
                local_time: clock::now(),
                grant_not_after: grant.window.not_after(),
                revoked: grant.revoked_at,
                ticket_lifetime_ms: parameters.ticket_lifetime_ms,
                clock_margin_ms: parameters
                    .message_delay_ms
                    .saturating_add(parameters.precision_ms),
            };
            Ok(Some(Case {
                key,
                ticket,
                record,
                facts,
            }))
        })();
        found.map_err(failed)?.ok_or_else(unknown)
    }

    /// Only the ticket's reader draws shares, from the holder it means, about now.
    fn authenticate(&self, request: &ShareRequest, ticket: &Ticket) -> Result<(), RpcRefusal> {
        if request.holder != self.secrets.organisation || request.label != ticket.label {
            return Err(RpcRefusal::new(
                RefusalCode::Misdirected,
                "for another holder or label",
            ));
        }
        request
            .verify(&self.genesis.chain_id(), &ticket.grantee_key)
            .map_err(|error| RpcRefusal::new(RefusalCode::BadSignature, error.to_string()))?;
        let apart = clock::now().as_millis().abs_diff(request.at.as_millis());
        if apart > REQUEST_TOLERANCE_MS {
            return Err(RpcRefusal::new(
                RefusalCode::Stale,
                "the request's time is not now",
            ));
        }
        Ok(())
    }
}
