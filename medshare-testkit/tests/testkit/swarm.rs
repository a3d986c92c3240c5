//! Scenarios drawn from seeds, and each Byzantine behaviour alone.
//!
//! `cargo run --release -p medshare-testkit --example swarm -- FROM COUNT` runs as many as there is
//! time for; `--example trace -- SEED` tells one in words.

use medshare_testkit::swarm::{self, BEHAVIOURS};
use medshare_testkit::{DiskKind, Faults, Scenario, Simulation};

use crate::view_changes::seeds;

#[test]
fn drawn_scenarios_agree_and_go_on() {
    let (mut disturbed, mut losses, mut lost_views) = (0, 0, 0);
    for seed in 0..seeds(250) {
        let scenario = swarm::scenario(seed).unwrap_or_else(|error| panic!("{error}"));
        let (report, fault) = swarm::run(scenario);
        assert_eq!(fault, None, "seed {seed}");
        disturbed += report.disturbed;
        losses += report.losses;
        lost_views += u64::from(report.highest_view.0 > 0);
    }
    assert!(disturbed > 10_000, "{disturbed} messages disturbed");
    assert!(losses > 10, "{losses} logs lost");
    assert!(lost_views > 50, "views lost in {lost_views} runs");
}

/// One of four, with rough faults: all decide every height once the network is calm.
#[test]
fn each_behaviour_alone_stops_nothing() {
    for kind in 0..BEHAVIOURS {
        for seed in 0..seeds(8) {
            let scenario = swarm::attacked_by(kind, seed);
            let scenario = scenario.unwrap_or_else(|error| panic!("{error}"));
            let (report, fault) = swarm::run(scenario);
            assert_eq!(fault, None, "behaviour {kind}, seed {seed}");
            assert!(report.disturbed > 0, "the network is rough");
        }
    }
}

fn hasty(seed: u64) -> Scenario {
    let scenario = Scenario::new(seed, 4).unwrap_or_else(|error| panic!("{error}"));
    scenario
        .with_faults(Faults::ROUGH)
        .with_disk(DiskKind::Hasty)
}

#[test]
fn the_first_bad_step_is_found() {
    let report = Simulation::new(hasty(1).with_narration()).run();
    assert!(!report.violations.is_empty(), "the disk lies");
    let narration = report.narration.as_ref();
    let narration = narration.unwrap_or_else(|| panic!("asked for"));
    let step = &narration.steps[narration.turning_point()];
    assert_eq!(Some(narration.turning_point()), narration.first_bad);
    assert!(step.contains("-> ") || step.contains("COMMITS"), "{step}");
    let silent = Simulation::new(hasty(1)).run();
    assert_eq!(silent.trace, report.trace, "telling changes nothing");
    assert!(silent.narration.is_none());
}
