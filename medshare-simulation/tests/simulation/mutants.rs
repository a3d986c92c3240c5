//! Deliberate faults of the node, one after the other: a property tells each.
//!
//! `cargo test -p medshare-simulation --features mutants mutants`.

use medshare_simulation::{Faults, Incident, Mutant, Property, Scenario, run, swarm};
use medshare_types::ReplicaId;

/// Seeds that are tried for one fault, and seeds in which the node without it must be good.
const SEEDS: u64 = 80;
const CONTROLS: u64 = 3;

/// Hardly a frame arrives, so that what a member admits is in its own pool alone; then its disk is
/// full for a while.
fn unheard(seed: u64) -> Scenario {
    let faults = Faults {
        drop_per_mille: 950,
        ..Faults::NONE
    };
    let mut scenario = Scenario::new(seed, 4).with_faults(faults);
    for seat in (0..4).map(ReplicaId) {
        scenario = scenario.with_incident(2_500, seat, Incident::DiskFull(1_000));
    }
    scenario
}

/// Some seed shows the fault as a break of this property, and no run without the fault breaks one.
fn assert_noticed(mutant: Mutant, property: Property, scenario: fn(u64) -> Scenario) {
    for seed in 0..CONTROLS {
        let report = run(scenario(seed));
        assert_eq!(report.violations, [], "seed {seed}, without {mutant:?}");
    }
    let shows = |seed: &u64| {
        let report = run(scenario(*seed).with_mutant(mutant));
        let mut broken = report.violations.iter();
        broken.any(|violation| violation.property == property)
    };
    assert!(
        (0..SEEDS).any(|seed| shows(&seed)),
        "{mutant:?} is not noticed as {property:?}"
    );
}

#[test]
fn mutants_that_send_before_the_sync() {
    assert_noticed(
        Mutant::SyncAfterSending,
        Property::DurableVote,
        swarm::scenario,
    );
}

#[test]
fn mutants_that_cut_the_log_first() {
    let property = Property::NothingForgotten;
    assert_noticed(Mutant::LogCutFirst, property, swarm::scenario);
}

#[test]
fn mutants_that_take_a_copy_for_the_original() {
    let property = Property::OneVote;
    assert_noticed(Mutant::CopyTakenForOriginal, property, swarm::scenario);
}

#[test]
fn mutants_that_forget_a_loss() {
    assert_noticed(Mutant::LossForgotten, Property::OneVote, swarm::scenario);
}

#[test]
fn mutants_whose_pool_is_gone_after_a_pause() {
    let property = Property::AdmittedOrdered;
    assert_noticed(Mutant::PauseForgetsTransactions, property, unheard);
}

#[test]
fn mutants_that_propose_what_is_ordered() {
    assert_noticed(Mutant::OrderedStayInPool, Property::GoesOn, swarm::scenario);
}

#[test]
fn mutants_that_admit_anything() {
    let property = Property::BoundedPool;
    assert_noticed(Mutant::AdmittedUnchecked, property, swarm::scenario);
}

/// Each fault has its test.
#[test]
fn mutants_are_all_tried() {
    let tests = include_str!("mutants.rs");
    for mutant in Mutant::ALL {
        assert!(tests.contains(&format!("Mutant::{mutant:?}")), "{mutant:?}");
    }
}
