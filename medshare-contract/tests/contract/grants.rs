//! Giving and withdrawing consent.

use medshare_contract::state::GrantState;
use medshare_contract::{Call, GrantTerms, keys};
use medshare_types::wire::{from_borsh, to_borsh};
use medshare_types::{
    Denial, Event, GrantId, Height, Purpose, PurposeSet, RecordId, RecordVersion, hash,
};

use crate::world::{Actor, World, at, invalid};

#[test]
fn the_subject_grants_and_revokes() {
    let mut world = World::ready();
    let record = world.record();
    let terms = GrantTerms {
        uses: Some(3),
        ..world.terms(&record)
    };
    let id = world.grant(&terms);
    let transaction = world.log.last().unwrap().transaction;
    assert_eq!(id, GrantId::of_transaction(&transaction));
    let stored: GrantState = world.read(&keys::grant(&id)).unwrap();
    assert_eq!(
        stored,
        GrantState {
            id,
            record: terms.record,
            version: terms.version,
            grantor: world.patient().person(),
            grantee: terms.grantee,
            window: terms.window,
            purposes: terms.purposes,
            uses: Some(3),
            taken: 0,
            given_at: Height(1),
            revoked_at: None,
        }
    );

    world.next_block(at(1));
    let (patient, revoke) = (world.patient(), Call::RevokeGrant { grant: id });
    assert_eq!(
        world.applied(&patient, &revoke),
        [Event::GrantRevoked { grant: id }]
    );
    let stored: GrantState = world.read(&keys::grant(&id)).unwrap();
    assert_eq!(stored.revoked_at, Some(Height(2)));

    world.next_block(at(2));
    let height = Height(2);
    assert_eq!(world.denied(&patient, &revoke), Denial::Revoked { height });
}

#[test]
fn nobody_else_grants() {
    let mut world = World::ready();
    let record = world.record();
    let call = Call::Grant(world.terms(&record));
    for actor in [world.clinician(), world.stranger(), world.hospitals[0]] {
        assert_eq!(world.denied(&actor, &call), Denial::NotAuthorised);
    }
}

#[test]
fn nobody_else_revokes() {
    let mut world = World::ready();
    let record = world.record();
    let grant = world.grant(&world.terms(&record));
    let call = Call::RevokeGrant { grant };
    for actor in [world.clinician(), world.stranger(), world.hospitals[0]] {
        assert_eq!(world.denied(&actor, &call), Denial::NotAuthorised);
    }
    let unknown = GrantId::from_digest(hash::digest("test", &[]));
    let call = Call::RevokeGrant { grant: unknown };
    let patient = world.patient();
    assert_eq!(world.denied(&patient, &call), Denial::UnknownGrant);
}

#[test]
fn terms_that_cannot_be() {
    let mut world = World::ready();
    let record = world.record();
    let good = world.terms(&record);
    let beyond_the_known: PurposeSet = from_borsh(&to_borsh(&(1u16 << 15 | 1))).unwrap();
    let cases: [(GrantTerms, Denial); 6] = [
        (
            GrantTerms {
                record: RecordId::from_digest(hash::digest("test", &[])),
                ..good.clone()
            },
            Denial::UnknownRecord,
        ),
        (
            GrantTerms {
                version: RecordVersion(2),
                ..good.clone()
            },
            Denial::UnknownRecord,
        ),
        (
            GrantTerms {
                purposes: PurposeSet::default(),
                ..good.clone()
            },
            invalid("purposes"),
        ),
        (
            GrantTerms {
                purposes: beyond_the_known.with(Purpose::Treatment),
                ..good.clone()
            },
            invalid("purposes"),
        ),
        (
            GrantTerms {
                uses: Some(0),
                ..good.clone()
            },
            invalid("uses"),
        ),
        (
            GrantTerms {
                grantee: Actor::person_with_seed(99).person(),
                ..good.clone()
            },
            invalid("grantee"),
        ),
    ];
    let patient = world.patient();
    for (terms, denial) in cases {
        assert_eq!(world.denied(&patient, &Call::Grant(terms)), denial);
    }
    world.applied(&patient, &Call::Grant(good));
}
