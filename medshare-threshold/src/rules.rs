//! The conditions of a release: pure checks over facts of the holder's own committed state.

use core::fmt;

use medshare_types::{GateKey, GateLabel, Height, Ticket, Timestamp};

/// Largest distance of the tip's block time from the holder's own clock, milliseconds.
pub const TIP_FRESHNESS_MS: u64 = 30_000;

/// Facts of the holder's own state and clock at the moment of release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseFacts {
    /// Block time of the holder's last executed block.
    pub tip_time: Timestamp,
    /// The holder's own clock. It can only cause a refusal.
    pub local_time: Timestamp,
    /// End of the grant that the ticket was issued under.
    pub grant_not_after: Timestamp,
    /// Block that revoked that grant, at or below the tip.
    pub revoked: Option<Height>,
    /// Δ: largest age of a ticket at the tip, milliseconds.
    pub ticket_lifetime_ms: u64,
    /// Lateness allowed to a block, milliseconds: until so long after an end by the own clock, block
    /// time still decides.
    pub clock_margin_ms: u64,
}

/// The right to make one share: only [`may_release`] makes one, for exactly this key and label.
#[derive(Clone, Copy, Debug)]
pub struct Permit<'a> {
    pub(crate) key: &'a GateKey,
    pub(crate) ticket: &'a Ticket,
    pub(crate) label: &'a GateLabel,
}

/// Checks that this holder may answer `ticket`.
///
/// `ticket`, `label` and `key` come from the holder's **own** committed state, never from a caller.
/// Windows are half-open. Cost: one hash of the label.
///
/// # Errors
/// [`Refusal`] for the first rule broken: identity of label, record, class and key; then
/// revocation; then time.
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
    // Block time decides. But a primary that dates a block back must not reopen access that has
    // ended by every member's clock.
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

/// A holder's reasoned refusal. Each tells the reader how to proceed; none tells a secret.
///
/// It is a decision under the rules, not an error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the fields are the values that the messages print"
)]
pub enum Refusal {
    /// The ticket is for another label.
    LabelMismatch,
    /// The label belongs to another record or version than the ticket.
    RecordMismatch,
    /// Ticket, label and key are not all of one class.
    ClassMismatch,
    /// The label was sealed to another gate key.
    KeyMismatch,
    /// `height` is that of the revoking block.
    Revoked { height: Height },
    /// The holder has not reached the block of the ticket, dated `issued_at`.
    Behind {
        tip_time: Timestamp,
        issued_at: Timestamp,
    },
    /// Block time is before the label's floor.
    NotYet { opens_at: Timestamp },
    /// The earliest end among ticket lifetime, grant window and label ceiling has passed.
    Expired { ended_at: Timestamp },
    /// The tip is too far from the holder's own clock.
    StaleTip {
        tip_time: Timestamp,
        local_time: Timestamp,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LabelMismatch => f.write_str("the ticket is for another label"),
            Self::RecordMismatch => f.write_str("the ticket is for another record"),
            Self::ClassMismatch => {
                f.write_str("the ticket, the label and the key are of different classes")
            }
            Self::KeyMismatch => f.write_str("the label was sealed to another gate key"),
            Self::Revoked { height } => write!(f, "access was revoked at height {height}"),
            Self::Behind {
                tip_time,
                issued_at,
            } => write!(
                f,
                "this holder is behind: its tip is of {tip_time}, the ticket of {issued_at}"
            ),
            Self::NotYet { opens_at } => write!(f, "access opens at {opens_at}"),
            Self::Expired { ended_at } => write!(f, "access ended at {ended_at}"),
            Self::StaleTip {
                tip_time,
                local_time,
            } if tip_time > local_time => write!(
                f,
                "the chain's tip of {tip_time} is ahead of this holder's clock, {local_time}: shares \
                 are released again from {} on",
                tip_time.minus_millis(TIP_FRESHNESS_MS)
            ),
            Self::StaleTip {
                tip_time,
                local_time,
            } => write!(
                f,
                "the chain's tip of {tip_time} is not fresh at {local_time}"
            ),
        }
    }
}

impl Refusal {
    /// A stable code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LabelMismatch => "label_mismatch",
            Self::RecordMismatch => "record_mismatch",
            Self::ClassMismatch => "class_mismatch",
            Self::KeyMismatch => "key_mismatch",
            Self::Revoked { .. } => "revoked",
            Self::Behind { .. } => "behind",
            Self::NotYet { .. } => "not_yet",
            Self::Expired { .. } => "expired",
            Self::StaleTip { .. } => "stale_tip",
        }
    }
}
