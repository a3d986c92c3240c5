//! Enrolment.

use medshare_contract::state::PersonState;
use medshare_contract::{Call, keys};
use medshare_types::{Denial, Event, Height};

use crate::world::{Actor, World, enrol, invalid};

#[test]
fn an_organisation_enrols_a_person_once() {
    let mut world = World::founded();
    let (first, second) = (world.hospitals[0], world.hospitals[1]);
    let person = Actor::person_with_seed(50);
    let call = enrol(&person, &["dept:oncology", "role:nurse"]);
    assert_eq!(
        world.applied(&first, &call),
        [Event::PersonEnrolled {
            organisation: first.organisation(),
            person: person.person(),
        }]
    );
    let stored: PersonState = world.read(&keys::person(&person.person())).unwrap();
    assert_eq!(stored.organisation, first.organisation());
    assert_eq!(stored.attributes, ["dept:oncology", "role:nurse"]);
    assert_eq!(stored.enrolled_at, Height(1));

    // Neither another hospital nor the same one replaces the attributes.
    for hospital in [first, second] {
        let again = enrol(&person, &["role:chief"]);
        assert_eq!(world.denied(&hospital, &again), Denial::AlreadyExists);
    }
}

#[test]
fn people_enrol_nobody() {
    let mut world = World::ready();
    let patient = world.patient();
    let call = enrol(&Actor::person_with_seed(50), &["role:chief"]);
    assert_eq!(world.denied(&patient, &call), Denial::NotAuthorised);
}

#[test]
fn attributes_are_bounded_ascending_and_distinct() {
    let mut world = World::founded();
    let hospital = world.hospitals[0];
    let person = Actor::person_with_seed(50);
    let numbered = |count: u32| (0..count).map(|n| format!("a:{n:03}")).collect();
    let with = |attributes: Vec<String>| Call::EnrolPerson {
        key: person.key,
        attributes,
    };
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    for unfit in [
        numbered(65),
        texts(&[""]),
        vec!["x".repeat(257)],
        // 129 characters, 258 bytes.
        vec!["é".repeat(129)],
        texts(&["b", "a"]),
        texts(&["a", "a"]),
    ] {
        let denial = world.denied(&hospital, &with(unfit.clone()));
        assert_eq!(denial, invalid("attributes"), "{unfit:?}");
    }
    let most = (0..64).map(|n| format!("{n:0256}")).collect();
    world.applied(&hospital, &with(most));
    world.applied(&hospital, &enrol(&Actor::person_with_seed(51), &[]));
}
