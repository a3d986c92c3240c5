//! Every rule of release, each broken by a single fact.

use medshare_curve::EncodingError;
use medshare_threshold::rules::TIP_FRESHNESS_MS;
use medshare_threshold::{
    GateError, GateSealer, Refusal, ReleaseFacts, SessionSecret, may_release,
};
use medshare_types::{GateKey, GateKeyId, GateLabel, Height, RecordId, RecordVersion, Ticket};

use super::fixture::{Gate, NOW, facts, identity_g1, name, off_subgroup_g1, ticket};

struct Case {
    gate: Gate,
    label: GateLabel,
    ticket: Ticket,
}

impl Case {
    fn new() -> Self {
        let mut gate = Gate::new(4, 20);
        let sealer = GateSealer::new(&mut gate.rng);
        let session = SessionSecret::new(&mut gate.rng);
        let label = gate.label("record", sealer.u());
        let ticket = ticket("ticket", &label, &session);
        Self {
            gate,
            label,
            ticket,
        }
    }

    fn with_facts(&self, change: impl FnOnce(&mut ReleaseFacts)) -> Result<(), Refusal> {
        let mut facts = facts();
        change(&mut facts);
        may_release(&self.gate.key, &self.ticket, &self.label, &facts).map(drop)
    }

    fn with(
        &self,
        change: impl FnOnce(&mut GateKey, &mut Ticket, &mut GateLabel),
    ) -> Result<(), Refusal> {
        let (mut key, mut ticket, mut label) = (
            self.gate.key.clone(),
            self.ticket.clone(),
            self.label.clone(),
        );
        change(&mut key, &mut ticket, &mut label);
        may_release(&key, &ticket, &label, &facts()).map(drop)
    }
}

#[test]
fn a_good_ticket_is_permitted() {
    assert_eq!(Case::new().with_facts(|_| ()), Ok(()));
}

#[test]
fn the_ticket_names_exactly_this_label_record_and_key() {
    let case = Case::new();
    // A caller that lies about L: any changed field is another label.
    let changed = case.with(|_, _, label| label.ceiling = label.ceiling.plus_millis(1));
    assert_eq!(changed, Err(Refusal::LabelMismatch));
    let other = |ticket: &mut Ticket| ticket.record = RecordId::from_digest(name("other"));
    assert_eq!(
        case.with(|_, ticket, _| other(ticket)),
        Err(Refusal::RecordMismatch)
    );
    let version = case.with(|_, ticket, _| ticket.version = RecordVersion(2));
    assert_eq!(version, Err(Refusal::RecordMismatch));
    let key = case.with(|key, _, _| key.id = GateKeyId::from_digest(name("other key")));
    assert_eq!(key, Err(Refusal::KeyMismatch));
}

#[test]
fn a_revoked_grant_releases_nothing() {
    let height = Height(9);
    assert_eq!(
        Case::new().with_facts(|facts| facts.revoked = Some(height)),
        Err(Refusal::Revoked { height })
    );
}

/// Moves the tip and the clock together.
fn at(millis: i64) -> impl FnOnce(&mut ReleaseFacts) {
    move |facts| {
        let time = NOW.as_millis().checked_add_signed(millis).unwrap();
        facts.tip_time = medshare_types::Timestamp::from_millis(time);
        facts.local_time = facts.tip_time;
    }
}

#[test]
fn floor_and_ceiling_are_the_holders_own_bounds() {
    let mut case = Case::new();
    let opens_at = NOW.plus_millis(10);
    let ended_at = NOW.plus_millis(20);
    (case.label.floor, case.label.ceiling) = (opens_at, ended_at);
    case.ticket.label = case.label.digest();
    assert_eq!(case.with_facts(at(9)), Err(Refusal::NotYet { opens_at }));
    assert_eq!(case.with_facts(at(10)), Ok(()));
    assert_eq!(case.with_facts(at(19)), Ok(()));
    assert_eq!(case.with_facts(at(20)), Err(Refusal::Expired { ended_at }));
}

#[test]
fn the_ticket_the_grant_and_the_lifetime_end_access() {
    let mut case = Case::new();
    case.ticket.expires = NOW.plus_millis(5);
    let ended_at = case.ticket.expires;
    assert_eq!(case.with_facts(at(4)), Ok(()));
    assert_eq!(case.with_facts(at(5)), Err(Refusal::Expired { ended_at }));

    case.ticket.expires = NOW.plus_millis(1_000_000);
    let grant = |millis| {
        move |facts: &mut ReleaseFacts| {
            at(millis)(facts);
            facts.grant_not_after = NOW.plus_millis(7);
        }
    };
    let ended_at = NOW.plus_millis(7);
    assert_eq!(case.with_facts(grant(6)), Ok(()));
    assert_eq!(
        case.with_facts(grant(7)),
        Err(Refusal::Expired { ended_at })
    );

    // The ticket was issued a second before NOW and lives for Δ, its end included.
    assert_eq!(case.with_facts(at(119_000)), Ok(()));
    let ended_at = NOW.plus_millis(119_001);
    assert_eq!(
        case.with_facts(at(119_001)),
        Err(Refusal::Expired { ended_at })
    );
}

#[test]
fn a_holder_behind_the_ticket_waits() {
    let case = Case::new();
    let issued_at = case.ticket.issued_at;
    let tip_time = issued_at.minus_millis(1);
    assert_eq!(
        case.with_facts(at(-1_001)),
        Err(Refusal::Behind {
            tip_time,
            issued_at
        })
    );
    assert_eq!(case.with_facts(at(-1_000)), Ok(()));
}

#[test]
fn the_local_clock_can_only_refuse() {
    let case = Case::new();
    // A halted chain would keep the window open: the clock has gone on.
    let clock = |time| move |facts: &mut ReleaseFacts| facts.local_time = time;
    let stale = |local_time| {
        Err(Refusal::StaleTip {
            tip_time: NOW,
            local_time,
        })
    };
    let fresh = TIP_FRESHNESS_MS;
    assert_eq!(case.with_facts(clock(NOW.plus_millis(fresh))), Ok(()));
    let late = NOW.plus_millis(fresh + 1);
    assert_eq!(case.with_facts(clock(late)), stale(late));
    assert_eq!(case.with_facts(clock(NOW.minus_millis(fresh))), Ok(()));
    let early = NOW.minus_millis(fresh + 1);
    assert_eq!(case.with_facts(clock(early)), stale(early));

    // A slow clock does not reopen a window that block time has closed.
    let mut expired = Case::new();
    expired.ticket.expires = NOW;
    let slow = clock(NOW.minus_millis(10));
    assert_eq!(
        expired.with_facts(slow),
        Err(Refusal::Expired { ended_at: NOW })
    );
}

/// A primary dates blocks back: by block time the window is open, by the clock it is over.
#[test]
fn a_backdated_block_reopens_no_window() {
    let case = Case::new();
    let ended_at = NOW.plus_millis(6_000);
    let margin = facts().clock_margin_ms;
    let clock = |after_the_end| {
        move |facts: &mut ReleaseFacts| {
            facts.grant_not_after = ended_at;
            facts.local_time = ended_at.plus_millis(after_the_end);
        }
    };
    let expired = Err(Refusal::Expired { ended_at });
    // The tip is 16 s behind and the window ended 10 s ago.
    assert_eq!(case.with_facts(clock(10_000)), expired);
    assert_eq!(case.with_facts(clock(margin)), expired);
    assert_eq!(case.with_facts(clock(margin - 1)), Ok(()));
}

#[test]
fn no_arithmetic_overflows_at_the_ends_of_time() {
    let mut case = Case::new();
    case.ticket.issued_at = medshare_types::Timestamp::MAX;
    let refused = case.with_facts(|facts| facts.ticket_lifetime_ms = u64::MAX);
    assert!(matches!(refused, Err(Refusal::Behind { .. })));
    case.ticket.issued_at = NOW;
    let permitted = case.with_facts(|facts| facts.ticket_lifetime_ms = u64::MAX);
    assert_eq!(permitted, Ok(()));
}

#[test]
fn a_session_key_that_is_not_a_g1_point_gets_no_share() {
    let mut case = Case::new();
    for (session, source) in [
        (identity_g1(), EncodingError::Identity),
        (off_subgroup_g1(), EncodingError::NotInSubgroup),
    ] {
        case.ticket.session = session;
        let permit = may_release(&case.gate.key, &case.ticket, &case.label, &facts()).unwrap();
        let result = case.gate.shares[0].release(
            &permit,
            &case.gate.holders.members.keys()[0],
            &mut case.gate.rng,
        );
        assert_eq!(result, Err(GateError::InvalidSession { source }));
    }
}

#[test]
fn a_share_of_another_generation_is_not_used() {
    let mut case = Case::new();
    case.gate.key.generation = 1;
    let permit = may_release(&case.gate.key, &case.ticket, &case.label, &facts()).unwrap();
    let signer = &case.gate.holders.members.keys()[0];
    let result = case.gate.shares[0].release(&permit, signer, &mut case.gate.rng);
    assert_eq!(result, Err(GateError::WrongKey));
}
