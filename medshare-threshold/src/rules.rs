//! When a holder may release: pure checks over facts of its own committed state.

use medshare_types::{GateKey, GateLabel, Height, Ticket, Timestamp};

use crate::error::Refusal;

/// How far the tip's block time may lie from the holder's own clock, milliseconds.
pub const TIP_FRESHNESS_MS: u64 = 30_000;

/// What a holder's own state and clock say at the moment of release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseFacts {
    /// Block time of the holder's last executed block.
    pub tip_time: Timestamp,
    /// The holder's own clock. It can only refuse.
    pub local_time: Timestamp,
    /// End of the grant that the ticket was issued under.
    pub grant_not_after: Timestamp,
    /// The block that revoked that grant, if one did by the tip.
    pub revoked: Option<Height>,
    /// Δ: how old a ticket may be at the tip, milliseconds.
    pub ticket_lifetime_ms: u64,
    /// How long after an end, by the own clock, block time is still followed, milliseconds: what a
    /// block may come late.
    pub clock_margin_ms: u64,
}

/// The right to make one share: proof that [`may_release`] said yes to exactly these.
#[derive(Clone, Copy, Debug)]
pub struct Permit<'a> {
    pub(crate) key: &'a GateKey,
    pub(crate) ticket: &'a Ticket,
    pub(crate) label: &'a GateLabel,
}

/// Decides whether this holder may answer `ticket`.
///
/// `ticket`, `label` and `key` come from the holder's **own** committed state, never from a caller.
/// Windows are half-open. Cost: one hash of the label.
///
/// # Errors
/// [`Refusal`], the first rule broken: identity of label, record, class and key; then revocation;
/// then time.
pub fn may_release<'a>(
    key: &'a GateKey,
    ticket: &'a Ticket,
    label: &'a GateLabel,
    facts: &ReleaseFacts,
) -> Result<Permit<'a>, Refusal> {
    check_identity(key, ticket, label)?;
    if let Some(height) = facts.revoked {
        return Err(Refusal::Revoked { height });
    }
    check_time(ticket, label, facts)?;
    Ok(Permit { key, ticket, label })
}

fn check_identity(key: &GateKey, ticket: &Ticket, label: &GateLabel) -> Result<(), Refusal> {
    let context = &label.context;
    if ticket.label != label.digest() {
        return Err(Refusal::LabelMismatch);
    }
    if (ticket.record, ticket.version) != (context.record, context.version) {
        return Err(Refusal::RecordMismatch);
    }
    if ticket.class != context.class || ticket.class != key.class {
        return Err(Refusal::ClassMismatch);
    }
    if label.key != key.id {
        return Err(Refusal::KeyMismatch);
    }
    Ok(())
}

fn check_time(ticket: &Ticket, label: &GateLabel, facts: &ReleaseFacts) -> Result<(), Refusal> {
    let tip_time = facts.tip_time;
    if tip_time < ticket.issued_at {
        return Err(Refusal::Behind {
            tip_time,
            issued_at: ticket.issued_at,
        });
    }
    if tip_time < label.floor {
        return Err(Refusal::NotYet {
            opens_at: label.floor,
        });
    }
    // tip − issued ≤ Δ, as the end of a half-open window.
    let lifetime = facts.ticket_lifetime_ms.saturating_add(1);
    let ends = [
        label.ceiling,
        facts.grant_not_after,
        ticket.expires,
        ticket.issued_at.plus_millis(lifetime),
    ];
    let ended_at = ends.into_iter().min().unwrap_or_default();
    // Block time decides. But a primary can date a block back, and must not reopen by it what is
    // over by everybody's clock.
    let over = facts.local_time >= ended_at.plus_millis(facts.clock_margin_ms);
    if tip_time >= ended_at || over {
        return Err(Refusal::Expired { ended_at });
    }
    let apart = tip_time.as_millis().abs_diff(facts.local_time.as_millis());
    if apart > TIP_FRESHNESS_MS {
        return Err(Refusal::StaleTip {
            tip_time,
            local_time: facts.local_time,
        });
    }
    Ok(())
}
