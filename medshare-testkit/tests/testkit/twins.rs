//! Two replicas in one seat, and the network split in every way.
//!
//! The default tries every way to split one view, and samples of two and of four.
//! `cargo run --release -p medshare-testkit --example twins -- 4` tries all 262,144 of four views.

use medshare_testkit::{Scenario, Splits, Violation, swarm, twins};
use medshare_types::id::ReplicaId;

use crate::view_changes::seeds;

#[test]
fn one_view_in_every_way() {
    for number in 0..twins::count(1) {
        good(twins::scenario(number, 1), number);
    }
}

#[test]
fn samples_of_two_and_four_views() {
    let step = usize::try_from(twins::count(2) / seeds(64)).unwrap_or(1);
    for number in (0..twins::count(2)).step_by(step.max(1) | 1) {
        good(twins::scenario(number, 2), number);
    }
    for seed in 0..seeds(64) {
        good(twins::sampled(seed, 4), seed);
    }
}

fn good<E: core::fmt::Display>(scenario: Result<Scenario, E>, number: u64) {
    let scenario = scenario.unwrap_or_else(|error| panic!("{error}"));
    let (_, fault) = swarm::run(scenario);
    assert_eq!(fault, None, "scenario {number}");
}

/// Two twins of four members are one too many: some way to split the six replicas lets both honest
/// members decide, each for itself.
#[test]
fn two_twins_break_agreement() {
    let broken = (0..32).any(|way| {
        let scenario = Scenario::new(way, 4).unwrap_or_else(|error| panic!("{error}"));
        let side = u32::try_from(way).unwrap_or_default();
        let scenario = scenario
            .with_heights(2)
            .with_twin(ReplicaId(1))
            .with_twin(ReplicaId(2))
            .with_splits(Splits {
                views: 1,
                sides: vec![side, side],
            });
        let (report, _) = swarm::run(scenario);
        let disagreement = |found: &Violation| matches!(found, Violation::Disagreement { .. });
        report.violations.iter().any(disagreement)
    });
    assert!(broken, "no disagreement with two twins");
}
