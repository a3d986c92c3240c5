//! Enrolment of people by organisations.

use medshare_contract::state::PersonState;
use medshare_contract::{
    Call, RESERVED_ATTRIBUTE_PREFIXES, SUBJECT_PREFIX, VOUCHER_PREFIX, enrolment_statement, keys,
};
use medshare_types::{ChainId, Denial, Digest, Event, Height, hash};

use crate::fixture::{Actor, Fixture, invalid};

#[test]
fn an_organisation_enrols_a_person_once() {
    let mut fixture = Fixture::founded();
    let first = fixture.hospitals[0];
    let second = fixture.hospitals[1];
    let person = Actor::person_with_seed(50);
    let call = fixture.enrol(&first, &person, &["dept:oncology", "role:nurse"]);
    assert_eq!(
        fixture.applied(&first, &call),
        [Event::PersonEnrolled {
            organisation: first.organisation(),
            person: person.person(),
        }]
    );
    let stored: PersonState = fixture.read(&keys::person(&person.person())).unwrap();
    assert_eq!(stored.organisation, first.organisation());
    assert_eq!(stored.attributes, ["dept:oncology", "role:nurse"]);
    assert_eq!(stored.enrolled_at, Height(1));

    // No hospital replaces the attributes, not even the same one.
    for hospital in [first, second] {
        let again = fixture.enrol(&hospital, &person, &["role:chief"]);
        assert_eq!(fixture.denied(&hospital, &again), Denial::AlreadyExists);
    }
}

#[test]
fn an_enrolment_seen_in_flight_serves_its_organisation_alone() {
    let mut fixture = Fixture::founded();
    let hospital = fixture.hospitals[0];
    let thief = fixture.hospitals[3];
    let person = Actor::person_with_seed(50);
    let honest = fixture.enrol(&hospital, &person, &["role:nurse"]);

    let Call::EnrolPerson { consent, .. } = honest else {
        unreachable!()
    };
    let attributes = vec!["role:patient".to_owned()];
    let statement = enrolment_statement(&fixture.block.chain, &thief.organisation(), &attributes);
    let changed = |consent| Call::EnrolPerson {
        key: person.key,
        attributes: attributes.clone(),
        consent,
    };
    for stolen in [
        honest.clone(),
        changed(consent),
        changed(thief.sign(&statement)),
    ] {
        assert_eq!(fixture.denied(&thief, &stolen), invalid("consent"));
    }

    fixture.applied(&hospital, &honest);
    let stored: PersonState = fixture.read(&keys::person(&person.person())).unwrap();
    assert_eq!(stored.organisation, hospital.organisation());
    assert_eq!(stored.attributes, ["role:nurse"]);
}

#[test]
fn consent_is_to_these_attributes_on_this_chain() {
    let mut fixture = Fixture::founded();
    let hospital = fixture.hospitals[0];
    let person = Actor::person_with_seed(50);
    let own = hospital.organisation();
    let attributes = ["a".to_owned(), "b".to_owned()];
    let elsewhere = ChainId::from_digest(Digest::ZERO);
    let here = fixture.block.chain;
    for statement in [
        enrolment_statement(&elsewhere, &own, &attributes),
        enrolment_statement(&here, &own, &attributes[..1]),
        enrolment_statement(&here, &own, &["ab".to_owned()]),
        enrolment_statement(&here, &own, &[]),
    ] {
        let call = Call::EnrolPerson {
            key: person.key,
            attributes: attributes.to_vec(),
            consent: person.sign(&statement),
        };
        assert_eq!(fixture.denied(&hospital, &call), invalid("consent"));
    }
    fixture.applied(&hospital, &fixture.enrol(&hospital, &person, &["a", "b"]));
}

#[test]
fn the_statement_is_that_of_the_specification() {
    let fixture = Fixture::founded();
    let chain = fixture.block.chain;
    let organisation = fixture.hospitals[0].organisation();
    let attributes = ["a".to_owned(), "bc".to_owned()];
    let borsh = b"\x02\0\0\0\x01\0\0\0a\x02\0\0\0bc";
    let fields: [&[u8]; 3] = [chain.as_ref(), organisation.as_ref(), borsh];
    assert_eq!(
        enrolment_statement(&chain, &organisation, &attributes),
        hash::digest("medshare/contract/enrolment/v1", &fields)
    );
}

#[test]
fn people_cannot_enrol() {
    let mut fixture = Fixture::ready();
    let hospital = fixture.hospitals[0];
    let patient = fixture.patient();
    let call = fixture.enrol(&hospital, &Actor::person_with_seed(50), &["role:chief"]);
    assert_eq!(fixture.denied(&patient, &call), Denial::NotAuthorised);
}

#[test]
fn a_reserved_prefix_is_refused_in_every_spelling() {
    let mut fixture = Fixture::founded();
    let hospital = fixture.hospitals[0];
    let other = fixture.genesis.members[1].name.clone();
    let person = Actor::person_with_seed(50);
    let voucher = format!("{VOUCHER_PREFIX}{other}");
    assert_eq!(voucher, "vouched-by:member-1");
    let subject = format!("{SUBJECT_PREFIX}{}", "ab".repeat(32));
    assert_eq!(RESERVED_ATTRIBUTE_PREFIXES, ["vouched-by:", "subject-of:"]);
    for claim in [&voucher, &subject, VOUCHER_PREFIX, SUBJECT_PREFIX] {
        for reserved in [
            claim.to_owned(),
            // Spellings of the same attribute in a policy.
            format!(" {claim}"),
            format!("\u{2003}{claim}"),
            format!("\"{claim}\""),
            format!("\t\"{claim}\" "),
        ] {
            let call = fixture.enrol(&hospital, &person, &[&reserved]);
            let denial = fixture.denied(&hospital, &call);
            assert_eq!(denial, invalid("attributes"), "{reserved:?}");
        }
    }
    let near = [
        "role:nurse",
        "subject-of",
        "subject:of:member-1",
        "vouched-by",
        "vouched:by:member-1",
    ];
    fixture.applied(&hospital, &fixture.enrol(&hospital, &person, &near));
}

#[test]
fn attributes_are_bounded_ascending_and_distinct() {
    let mut fixture = Fixture::founded();
    let hospital = fixture.hospitals[0];
    let person = Actor::person_with_seed(50);
    let numbered = |count: u32| (0..count).map(|n| format!("a:{n:03}")).collect();
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    let with = |fixture: &Fixture, attributes: &[String]| {
        let attributes: Vec<_> = attributes.iter().map(String::as_str).collect();
        fixture.enrol(&hospital, &person, &attributes)
    };
    for unfit in [
        numbered(65),
        texts(&[""]),
        vec!["x".repeat(257)],
        // 258 bytes in 129 characters.
        vec!["é".repeat(129)],
        texts(&["b", "a"]),
        texts(&["a", "a"]),
    ] {
        let call = with(&fixture, &unfit);
        let denial = fixture.denied(&hospital, &call);
        assert_eq!(denial, invalid("attributes"), "{unfit:?}");
    }
    let most: Vec<_> = (0..64).map(|n| format!("{n:0256}")).collect();
    fixture.applied(&hospital, &with(&fixture, &most));
    let without = Actor::person_with_seed(51);
    fixture.applied(&hospital, &fixture.enrol(&hospital, &without, &[]));
}
