//! The initial state of a chain.

use medshare_contract::state::{CeremonyState, HolderSet, OrganisationState, RulesState};
use medshare_contract::{GenesisError, RULES_VERSION, StateError, genesis_state, keys};
use medshare_types::Wire;

use crate::fixture::{CLASS, Fixture};
use crate::points::{g1_identity, g1_off_subgroup};

#[test]
fn every_member_is_an_organisation_and_a_holder() {
    let fixture = Fixture::founded();
    let set: HolderSet = fixture.read(&keys::holders(CLASS)).unwrap();
    assert_eq!(set.threshold, 3);
    for (member, holder) in fixture.genesis.members.iter().zip(&set.holders) {
        let id = member.organisation();
        assert_eq!((holder.organisation, holder.key), (id, member.holder_key));
        let organisation: OrganisationState = fixture.read(&keys::organisation(&id)).unwrap();
        assert_eq!(organisation.name, member.name);
        assert_eq!(organisation.key, member.key);
    }
    assert_eq!(
        fixture.read(&keys::ceremony(CLASS)),
        Some(CeremonyState::new(4))
    );
    assert_eq!(fixture.state.len(), 4 + 3);
}

#[test]
fn an_invalid_genesis_is_refused() {
    let good = Fixture::founded().genesis;
    let refused = |change: &dyn Fn(&mut medshare_types::Genesis)| {
        let mut genesis = good.clone();
        change(&mut genesis);
        genesis_state(&genesis).unwrap_err()
    };
    let too_few = refused(&|genesis| genesis.members.truncate(3));
    assert!(matches!(too_few, GenesisError::Committee { .. }));
    let same_key = refused(&|genesis| genesis.members[1].key = genesis.members[0].key);
    assert!(matches!(same_key, GenesisError::Committee { .. }));

    let taken = good.members[0].name.clone();
    for name in [String::new(), "x".repeat(65)] {
        let error = refused(&|genesis| genesis.members[1].name = name.clone());
        assert_eq!(error, GenesisError::Name { name });
    }
    let error = refused(&|genesis| genesis.members[1].name = taken.clone());
    assert_eq!(error, GenesisError::NameTaken { name: taken });
    let others = good.members[0].holder_key;
    for key in [g1_identity(), g1_off_subgroup(), others] {
        let error = refused(&|genesis| genesis.members[1].holder_key = key);
        let name = good.members[1].name.clone();
        assert_eq!(error, GenesisError::HolderKey { name });
    }
}

#[test]
fn names_need_no_quotation_marks_in_a_policy() {
    let good = Fixture::founded().genesis;
    let with = |name: &str| {
        let mut genesis = good.clone();
        genesis.members[1].name = name.to_owned();
        genesis_state(&genesis)
    };
    let most = "x".repeat(64);
    for name in ["h", "st-mary", "ward_7.north", "0", &most] {
        assert!(with(name).is_ok(), "{name}");
    }
    for name in [
        "St-Mary", "st mary", "charité", "a:b", "a\"b", "a\n", "a/b", ".", "..", "-_",
    ] {
        let name = name.to_owned();
        assert_eq!(with(&name), Err(GenesisError::Name { name }));
    }
}

#[test]
fn a_corrupt_state_or_unknown_rules_give_no_outcome() {
    let mut fixture = Fixture::founded();
    let hospital = fixture.hospitals[0];
    let person = fixture.patient();
    let bytes = fixture.enrol(&hospital, &person, &[]).to_wire();
    let sent = fixture.transaction(&hospital, bytes);
    let decide = |fixture: &Fixture| sent.try_apply_to(&fixture.state);
    assert!(decide(&fixture).is_ok());

    let mut newer = fixture.clone();
    let version = RULES_VERSION + 1;
    newer
        .state
        .insert(keys::rules(), RulesState { version }.to_wire());
    assert_eq!(decide(&newer), Err(StateError::UnknownRules { version }));

    let mut empty = fixture.clone();
    empty.state.clear();
    let key = keys::rules();
    assert_eq!(decide(&empty), Err(StateError::Missing { key }));

    let key = keys::organisation(&hospital.organisation());
    fixture.state.insert(key, b"mSPE".to_vec());
    assert!(matches!(decide(&fixture), Err(StateError::Corrupt { key: at, .. }) if at == key));
}
