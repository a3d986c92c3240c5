//! Grants: consent given and withdrawn.

use medshare_contract::state::GrantState;
use medshare_contract::{Call, GrantTerms, keys};
use medshare_types::wire::{from_borsh, to_borsh};
use medshare_types::{
    Denial, Event, GrantId, Height, Purpose, PurposeSet, RecordId, RecordVersion, hash,
};

use crate::fixture::{Actor, Fixture, at, invalid};

#[test]
fn the_subject_grants_and_revokes() {
    let mut fixture = Fixture::ready();
    let record = fixture.record();
    let terms = GrantTerms {
        uses: Some(3),
        ..fixture.terms(&record)
    };
    let id = fixture.grant(&terms);
    let transaction = fixture.log.last().unwrap().transaction;
    assert_eq!(id, GrantId::of_transaction(&transaction));
    let stored: GrantState = fixture.read(&keys::grant(&id)).unwrap();
    assert_eq!(
        stored,
        GrantState {
            id,
            record: terms.record,
            version: terms.version,
            grantor: fixture.patient().person(),
            grantee: terms.grantee,
            window: terms.window,
            purposes: terms.purposes,
            uses: Some(3),
            taken: 0,
            given_at: Height(1),
            revoked_at: None,
        }
    );

    fixture.next_block(at(1));
    let patient = fixture.patient();
    let revoke = Call::RevokeGrant { grant: id };
    assert_eq!(
        fixture.applied(&patient, &revoke),
        [Event::GrantRevoked { grant: id }]
    );
    let stored: GrantState = fixture.read(&keys::grant(&id)).unwrap();
    assert_eq!(stored.revoked_at, Some(Height(2)));

    fixture.next_block(at(2));
    let height = Height(2);
    assert_eq!(
        fixture.denied(&patient, &revoke),
        Denial::Revoked { height }
    );
}

#[test]
fn only_the_subject_grants() {
    let mut fixture = Fixture::ready();
    let record = fixture.record();
    let call = Call::Grant(fixture.terms(&record));
    for actor in [
        fixture.clinician(),
        fixture.stranger(),
        fixture.hospitals[0],
    ] {
        assert_eq!(fixture.denied(&actor, &call), Denial::NotAuthorised);
    }
}

#[test]
fn only_the_grantor_revokes() {
    let mut fixture = Fixture::ready();
    let record = fixture.record();
    let grant = fixture.grant(&fixture.terms(&record));
    let call = Call::RevokeGrant { grant };
    for actor in [
        fixture.clinician(),
        fixture.stranger(),
        fixture.hospitals[0],
    ] {
        assert_eq!(fixture.denied(&actor, &call), Denial::NotAuthorised);
    }
    let unknown = GrantId::from_digest(hash::digest("test", &[]));
    let call = Call::RevokeGrant { grant: unknown };
    let patient = fixture.patient();
    assert_eq!(fixture.denied(&patient, &call), Denial::UnknownGrant);
}

#[test]
fn invalid_terms_are_denied() {
    let mut fixture = Fixture::ready();
    let record = fixture.record();
    let good = fixture.terms(&record);
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
    let patient = fixture.patient();
    for (terms, denial) in cases {
        assert_eq!(fixture.denied(&patient, &Call::Grant(terms)), denial);
    }
    fixture.applied(&patient, &Call::Grant(good));
}
