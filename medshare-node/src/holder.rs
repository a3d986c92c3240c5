//! The holder: release shares, judged by this node's own committed state.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use medshare_contract::keys;
use medshare_contract::state::{GrantState, RecordState, TicketState};
use medshare_host::Machine;
use medshare_ledger::{LedgerStore, RefusalCode, RpcRefusal, ShareRequest};
use medshare_threshold::{self as threshold, HolderShare, ReleaseFacts, may_release};
use medshare_types::{AccessClass, GateKey, Genesis, OrganisationId, ReleaseShare, Ticket};

use crate::error::NodeError;
use crate::executor::{read, tip_time};
use crate::secrets::NodeSecrets;

/// Largest distance between a request's time and the holder's clock, milliseconds.
const REQUEST_TOLERANCE_MS: u64 = 60_000;

/// A node in its role as holder of gate shares.
pub(crate) struct Holder {
    genesis: Arc<Genesis>,
    secrets: NodeSecrets,
    machine: Arc<dyn Machine>,
    share: RwLock<Option<HolderShare>>,
    /// A live ticket was refused because no block is recent.
    needs_block: AtomicBool,
}

/// The values of the node's own state that a release is judged by.
struct ReleaseInputs {
    key: GateKey,
    ticket: Ticket,
    record: RecordState,
    facts: ReleaseFacts,
}

impl Holder {
    pub(crate) fn new(
        genesis: Arc<Genesis>,
        secrets: NodeSecrets,
        machine: Arc<dyn Machine>,
    ) -> Self {
        Self {
            genesis,
            secrets,
            machine,
            share: RwLock::new(None),
            needs_block: AtomicBool::new(false),
        }
    }

    pub(crate) const fn organisation(&self) -> OrganisationId {
        self.secrets.organisation
    }

    pub(crate) const fn secrets(&self) -> &NodeSecrets {
        &self.secrets
    }

    pub(crate) fn machine(&self) -> &dyn Machine {
        &*self.machine
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

    /// Installs a share from the ceremony or from the key store.
    pub(crate) fn set_share(&self, share: HolderShare) {
        *self.share.write().unwrap_or_else(PoisonError::into_inner) = Some(share);
    }

    /// Whether a live ticket was refused since the last call because no block is recent. On a quiet
    /// chain the next block lets its reader go on.
    pub(crate) fn take_need_of_block(&self) -> bool {
        self.needs_block.swap(false, Ordering::AcqRel)
    }

    /// Releases the share for a ticket, if every rule allows it now.
    pub(crate) fn release(
        &self,
        ledger: &LedgerStore,
        request: &ShareRequest,
    ) -> Result<ReleaseShare, RpcRefusal> {
        let share = self
            .share
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .ok_or_else(|| RpcRefusal::new(RefusalCode::NotHolder, "no share of the gate key"))?;
        let inputs = self
            .read_inputs(ledger, request)
            .map_err(|error| {
                tracing::error!(%error, "a release cannot be judged");
                RpcRefusal::new(RefusalCode::Internal, error.to_string())
            })?
            .ok_or_else(|| RpcRefusal::new(RefusalCode::Unknown, "no such ticket here"))?;
        self.authenticate(request, &inputs.ticket)?;
        let record_label = inputs
            .record
            .label(&inputs.ticket.label)
            .ok_or_else(|| RpcRefusal::new(RefusalCode::Unknown, "the record has no such label"))?;
        let permit = may_release(
            &inputs.key,
            &inputs.ticket,
            &record_label.label,
            &inputs.facts,
        )
        .map_err(|refusal| {
            if matches!(refusal, threshold::Refusal::StaleTip { .. }) {
                self.needs_block.store(true, Ordering::Release);
            }
            RpcRefusal::new(code_of(&refusal), refusal.to_string())
        })?;
        share
            .release(
                &permit,
                &self.secrets.signing_key,
                &mut self.machine.random(),
            )
            .map_err(|error| RpcRefusal::new(RefusalCode::Internal, error.to_string()))
    }

    /// Reads the inputs from the newest state; `None` for an unknown ticket.
    fn read_inputs(
        &self,
        ledger: &LedgerStore,
        request: &ShareRequest,
    ) -> Result<Option<ReleaseInputs>, NodeError> {
        // The tip's time is read first and the grant last, so the grant is never older than the time
        // it is judged at.
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
            local_time: self.machine.now(),
            grant_not_after: grant.window.not_after(),
            revoked: grant.revoked_at,
            ticket_lifetime_ms: parameters.ticket_lifetime_ms,
            clock_margin_ms: parameters
                .message_delay_ms
                .saturating_add(parameters.precision_ms),
        };
        Ok(Some(ReleaseInputs {
            key,
            ticket,
            record,
            facts,
        }))
    }

    /// Only the ticket's reader draws shares, from the holder that it addressed, at about this time.
    fn authenticate(&self, request: &ShareRequest, ticket: &Ticket) -> Result<(), RpcRefusal> {
        if request.holder != self.secrets.organisation || request.label != ticket.label {
            return Err(RpcRefusal::new(
                RefusalCode::Misdirected,
                "the request names another holder or label",
            ));
        }
        request
            .verify(&self.genesis.chain_id(), &ticket.grantee_key)
            .map_err(|error| RpcRefusal::new(RefusalCode::BadSignature, error.to_string()))?;
        let distance_ms = self
            .machine
            .now()
            .as_millis()
            .abs_diff(request.at.as_millis());
        if distance_ms > REQUEST_TOLERANCE_MS {
            return Err(RpcRefusal::new(
                RefusalCode::Stale,
                "the request's time is too far from this node's clock",
            ));
        }
        Ok(())
    }
}

const fn code_of(refusal: &threshold::Refusal) -> RefusalCode {
    match refusal {
        threshold::Refusal::Behind { .. } | threshold::Refusal::StaleTip { .. } => {
            RefusalCode::Stale
        }
        threshold::Refusal::Revoked { .. } => RefusalCode::Revoked,
        threshold::Refusal::Expired { .. } => RefusalCode::Expired,
        _ => RefusalCode::NotReleasable,
    }
}
