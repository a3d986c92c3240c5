//! Registration: every field of a label is checked, and only owners register.

use medshare_contract::state::{RecordHeadState, RecordState};
use medshare_contract::{RegisterRecord, keys};
use medshare_types::time::DAY_MS;
use medshare_types::{
    ChainId, Denial, Event, FactorSet, GateKeyId, GateLabel, OrganisationId, RecordId,
    RecordVersion, SealingDate, Timestamp, hash,
};

use crate::fixture::{Actor, Fixture, START, at, invalid, register};
use crate::points::{g2_identity, g2_off_subgroup, g2_random};

#[test]
fn a_record_is_stored_as_registered() {
    let mut fixture = Fixture::ready();
    let owner = fixture.hospitals[0];
    let mut draft = fixture.draft(&owner);
    draft.stores.push(fixture.hospitals[2].organisation());
    draft.descriptor = Some(hash::digest("test/descriptor", &[]));
    let record = draft.record;
    let version = draft.version;
    assert_eq!(
        fixture.applied(&owner, &register(&draft)),
        [Event::RecordRegistered { record, version }]
    );
    let stored: RecordState = fixture.read(&keys::record(&record, version)).unwrap();
    let expected = RecordState {
        id: record,
        version,
        owner: owner.organisation(),
        subject: fixture.patient().person(),
        preamble: draft.preamble,
        labels: draft.labels.clone(),
        content_root: draft.content_root,
        segment_count: draft.segment_count,
        stores: draft.stores.clone(),
        descriptor: draft.descriptor,
        registered_at: fixture.block.height,
    };
    assert_eq!(stored, expected);
    let sealed = &draft.labels[0];
    assert_eq!(stored.label(&sealed.label.digest()), Some(sealed));
    assert_eq!(stored.label(&draft.content_root), None);
}

#[test]
fn versions_ascend_under_one_owner_and_subject() {
    let mut fixture = Fixture::ready();
    let owner = fixture.hospitals[0];
    let other = fixture.hospitals[1];
    let first = fixture.record();
    assert_eq!(
        fixture.denied(&owner, &register(&first)),
        Denial::AlreadyExists
    );

    let second = fixture.redraft(&first);
    let mut skipping = second.clone();
    skipping.version = RecordVersion(3);
    skipping.labels[0].label.context.version = RecordVersion(3);
    assert_eq!(
        fixture.denied(&owner, &register(&skipping)),
        invalid("version")
    );
    let mut opened = second.clone();
    opened.opening = first.opening;
    assert_eq!(
        fixture.denied(&owner, &register(&opened)),
        invalid("opening")
    );
    let mut moved = second.clone();
    moved.subject = fixture.stranger().person();
    assert_eq!(
        fixture.denied(&owner, &register(&moved)),
        invalid("subject")
    );
    let mut stolen = second.clone();
    stolen.labels[0].label.context.owner = other.organisation();
    assert_eq!(
        fixture.denied(&other, &register(&stolen)),
        Denial::NotAuthorised
    );

    fixture.applied(&owner, &register(&second));
    let head: RecordHeadState = fixture.read(&keys::record_head(&first.record)).unwrap();
    assert_eq!(head.latest, RecordVersion(2));
    for version in [RecordVersion(1), RecordVersion(2)] {
        let kept: RecordState = fixture.read(&keys::record(&first.record, version)).unwrap();
        assert_eq!(kept.version, version, "earlier versions stay");
    }

    let unborn = fixture.draft(&owner);
    let later = fixture.redraft(&unborn);
    assert_eq!(
        fixture.denied(&owner, &register(&later)),
        Denial::UnknownRecord
    );
}

#[test]
fn squatting_on_an_identifier_seen_in_flight_fails() {
    let mut fixture = Fixture::ready();
    let owner = fixture.hospitals[0];
    let thief = fixture.hospitals[3];
    let honest = fixture.draft(&owner);

    // The thief copies identifier and opening, and names itself as the owner.
    let mut squat = honest.clone();
    squat.labels[0].label.context.owner = thief.organisation();
    squat.labels[0].label.u = g2_random(&mut fixture.rng);
    squat.stores = vec![thief.organisation()];
    assert_eq!(
        fixture.denied(&thief, &register(&squat)),
        invalid("opening")
    );
    squat.opening = Some([0; 32]);
    assert_eq!(
        fixture.denied(&thief, &register(&squat)),
        invalid("opening")
    );
    squat.opening = None;
    assert_eq!(
        fixture.denied(&thief, &register(&squat)),
        invalid("opening")
    );

    fixture.applied(&owner, &register(&honest));
}

#[test]
fn a_label_of_another_owner_is_refused() {
    let mut fixture = Fixture::ready();
    let owner = fixture.hospitals[0];
    let thief = fixture.hospitals[3];
    let victim = fixture.record();
    let foreign = victim.labels[0].clone();

    // Unchanged, in a record of the thief.
    let mut own = fixture.draft(&thief);
    let honest = own.clone();
    own.labels = vec![foreign.clone()];
    own.preamble = victim.preamble;
    assert_eq!(
        fixture.denied(&thief, &register(&own)),
        invalid("label.record")
    );
    // Beside a valid label.
    own = honest.clone();
    own.labels.push(foreign.clone());
    assert_eq!(
        fixture.denied(&thief, &register(&own)),
        invalid("label.record")
    );
    // Changed until it is valid: then it is another label, with another key.
    own = honest;
    own.labels[0].label.u = foreign.label.u;
    assert_ne!(own.labels[0].label.digest(), foreign.label.digest());
    fixture.applied(&thief, &register(&own));

    // The label of another record of the same owner.
    let mut next = fixture.draft(&owner);
    next.labels = vec![foreign];
    assert_eq!(
        fixture.denied(&owner, &register(&next)),
        invalid("label.record")
    );
}

#[test]
fn every_field_of_a_label_is_checked() {
    type Change = fn(&mut GateLabel);
    let cases: [(&str, Change); 12] = [
        ("label.chain", |l| {
            l.context.chain = ChainId::from_digest(hash::Digest::ZERO);
        }),
        ("label.record", |l| {
            l.context.record = RecordId::from_digest(hash::Digest::ZERO);
        }),
        ("label.version", |l| l.context.version = RecordVersion(2)),
        ("label.owner", |l| {
            l.context.owner = OrganisationId::from_digest(hash::Digest::ZERO);
        }),
        ("label.factors", |l| {
            l.context.factors = FactorSet(FactorSet::ABE);
        }),
        ("label.factors", |l| {
            l.context.factors = FactorSet(FactorSet::GATE);
        }),
        ("label.factors", |l| {
            l.context.factors.0 |= 4;
        }),
        ("label.preamble", |l| {
            l.context.preamble = hash::Digest::ZERO;
        }),
        ("label.key", |l| {
            l.key = GateKeyId::from_digest(hash::Digest::ZERO);
        }),
        ("label.ceiling", |l| l.ceiling = l.floor),
        ("label.u", |l| l.u = g2_identity()),
        ("label.u", |l| l.u = g2_off_subgroup()),
    ];
    let mut fixture = Fixture::ready();
    let owner = fixture.hospitals[0];
    let good = fixture.draft(&owner);
    for (field, change) in cases {
        let mut draft = good.clone();
        change(&mut draft.labels[0].label);
        assert_eq!(fixture.denied(&owner, &register(&draft)), invalid(field));
    }
    fixture.applied(&owner, &register(&good));
}

#[test]
fn a_label_is_sealed_within_a_day_of_its_block() {
    let today = SealingDate::of(START).0;
    let mut fixture = Fixture::ready();
    let owner = fixture.hospitals[0];
    for (day, fits) in [
        (today - 2, false),
        (today - 1, true),
        (today, true),
        (today + 1, true),
        (today + 2, false),
    ] {
        let mut draft = fixture.draft(&owner);
        draft.labels[0].label.context.sealed_on = SealingDate(day);
        if fits {
            fixture.applied(&owner, &register(&draft));
        } else {
            let denial = fixture.denied(&owner, &register(&draft));
            assert_eq!(denial, invalid("label.sealed_on"), "day {day}");
        }
    }
    let late = fixture.draft(&owner);
    fixture.next_block(at(2 * DAY_MS));
    assert_eq!(
        fixture.denied(&owner, &register(&late)),
        invalid("label.sealed_on")
    );
}

#[test]
fn a_u_seen_in_flight_cannot_be_used_up() {
    let mut fixture = Fixture::ready();
    let owner = fixture.hospitals[0];
    let thief = fixture.hospitals[3];
    let honest = fixture.draft(&owner);

    let mut copy = fixture.draft(&thief);
    copy.labels[0].label.u = honest.labels[0].label.u;
    fixture.applied(&thief, &register(&copy));

    fixture.applied(&owner, &register(&honest));
}

#[test]
fn an_owner_uses_a_u_once() {
    let mut fixture = Fixture::ready();
    let owner = fixture.hospitals[0];
    let first = fixture.record();
    let mut again = fixture.draft(&owner);
    again.labels[0].label.u = first.labels[0].label.u;
    assert_eq!(
        fixture.denied(&owner, &register(&again)),
        invalid("label.u")
    );

    let mut later = fixture.redraft(&first);
    later.labels[0].label.u = first.labels[0].label.u;
    assert_eq!(
        fixture.denied(&owner, &register(&later)),
        invalid("label.u")
    );

    // Twice in one call; the denied call did not mark it either.
    let mut twice = fixture.draft(&owner);
    let single = twice.clone();
    let mut second = twice.labels[0].clone();
    second.label.floor = Timestamp::from_millis(5);
    twice.labels.push(second);
    assert_eq!(
        fixture.denied(&owner, &register(&twice)),
        invalid("label.u")
    );
    fixture.applied(&owner, &register(&single));
}

#[test]
fn the_other_fields_are_bounded() {
    type Change = fn(&Fixture, &mut RegisterRecord);
    let unknown = || Actor::organisation_with_seed(99).organisation();
    let cases: [(&str, Change); 9] = [
        ("labels", |_, d| d.labels.clear()),
        ("labels", |_, d| d.labels = vec![d.labels[0].clone(); 9]),
        ("segment_count", |_, d| d.segment_count = 0),
        ("stores", |_, d| d.stores.clear()),
        ("stores", |_, d| d.stores.push(d.stores[0])),
        ("stores", |_, d| {
            let seeds = 100..109;
            let hospital = |seed| Actor::organisation_with_seed(seed).organisation();
            d.stores = seeds.map(hospital).collect();
        }),
        ("opening", |_, d| d.opening = None),
        ("subject", |_, d| {
            d.subject = Actor::person_with_seed(99).person();
        }),
        ("label.record", |w, d| {
            let opening = [3; 32];
            d.opening = Some(opening);
            d.record = RecordId::derive(&w.hospitals[0].organisation(), &opening);
        }),
    ];
    let mut fixture = Fixture::ready();
    let owner = fixture.hospitals[0];
    let good = fixture.draft(&owner);
    for (field, change) in cases {
        let mut draft = good.clone();
        change(&fixture, &mut draft);
        assert_eq!(fixture.denied(&owner, &register(&draft)), invalid(field));
    }
    let mut draft = good.clone();
    draft.stores.push(unknown());
    assert_eq!(fixture.denied(&owner, &register(&draft)), invalid("stores"));
    let patient = fixture.patient();
    assert_eq!(
        fixture.denied(&patient, &register(&good)),
        Denial::NotAuthorised
    );
    fixture.applied(&owner, &register(&good));
}

#[test]
fn no_record_is_registered_before_the_gate_key() {
    let mut ready = Fixture::ready();
    let owner = ready.hospitals[0];
    let draft = ready.draft(&owner);
    ready.state.remove(&keys::gate_key(crate::fixture::CLASS));
    assert_eq!(
        ready.denied(&owner, &register(&draft)),
        Denial::GateKeyNotReady
    );
}
