//! Honest members under loss, reordering and crashes: hundreds of seeds, each reproducible.
//!
//! `SEED=n cargo test -p medshare-testkit one_seed -- --nocapture` repeats a failed run.

use std::collections::BTreeSet;

use medshare_consensus::Mode;
use medshare_testkit::behaviour::Silent;
use medshare_testkit::{Faults, Report, Scenario, Simulation};
use medshare_types::id::{Height, ReplicaId};

const HEIGHTS: u64 = 6;

fn rough(seed: u64, members: u16) -> Scenario {
    let scenario = Scenario::new(seed, members).unwrap_or_else(|error| panic!("{error}"));
    scenario.with_heights(HEIGHTS).with_faults(Faults::ROUGH)
}

fn assert_good(seed: u64, report: &Report) {
    assert_eq!(report.violations, [], "seed {seed}");
    assert_eq!(report.common_height(), Height(HEIGHTS), "seed {seed}");
    assert_eq!(report.evidence, [], "seed {seed}");
}

#[test]
fn four_members_agree_and_go_on() {
    let mut crashes = 0;
    for seed in 0..220 {
        let report = Simulation::new(rough(seed, 4)).run();
        assert_good(seed, &report);
        crashes += report.crashes;
    }
    // About five a run.
    assert!(crashes > 1_000, "only {crashes} crashes");
}

#[test]
fn larger_committees_agree_and_go_on() {
    for (members, seeds) in [(5, 20), (6, 20), (7, 20), (10, 5), (13, 3)] {
        for seed in 0..seeds {
            assert_good(seed, &Simulation::new(rough(seed, members)).run());
        }
    }
}

#[test]
fn f_silent_members_stop_no_other() {
    for (members, silent, seeds) in [(4, 1, 40), (7, 2, 10), (10, 3, 4)] {
        for seed in 0..seeds {
            let mut scenario = rough(seed, members);
            for n in 0..silent {
                let replica = ReplicaId(members - 1 - n);
                scenario = scenario.with_byzantine(replica, |_, _| Box::new(Silent));
            }
            assert_good(seed, &Simulation::new(scenario).run());
        }
    }
}

/// The proposers of all blocks, where a crashed one loses its views.
fn proposers(mode: Mode, silent: Option<ReplicaId>) -> Vec<ReplicaId> {
    let mut scenario = Scenario::new(1, 4).unwrap_or_else(|error| panic!("{error}"));
    scenario = scenario.with_heights(HEIGHTS).with_mode(mode);
    if let Some(silent) = silent {
        scenario = scenario.with_byzantine(silent, |_, _| Box::new(Silent));
    }
    let report = Simulation::new(scenario).run();
    assert_good(1, &report);
    report.proposers
}

#[test]
fn turns_pass_on_as_the_mode_says() {
    let seats = |seats: [u16; HEIGHTS as usize]| seats.map(ReplicaId).to_vec();
    assert_eq!(proposers(Mode::Credit, None), seats([1, 2, 3, 0, 1, 2]));
    assert_eq!(proposers(Mode::Classic, None), seats([0; 6]));
    let silent = Some(ReplicaId(2));
    assert_eq!(proposers(Mode::Credit, silent), seats([1, 3, 0, 1, 3, 0]));
    let silent = Some(ReplicaId(0));
    assert_eq!(proposers(Mode::Classic, silent), seats([1; 6]));
}

#[test]
fn classic_members_agree_and_go_on() {
    for seed in 0..60 {
        let scenario = rough(seed, 4).with_mode(Mode::Classic);
        assert_good(seed, &Simulation::new(scenario).run());
    }
}

#[test]
fn more_than_f_silent_members_stop_everything() {
    let mut scenario = rough(1, 4).with_deadline_ms(20_000);
    for n in [2, 3] {
        scenario = scenario.with_byzantine(ReplicaId(n), |_, _| Box::new(Silent));
    }
    let report = Simulation::new(scenario).run();
    assert_eq!(report.violations, []);
    assert_eq!(report.common_height(), Height(0));
}

/// The recorded proposal is late for every member: its view is given up.
#[test]
fn a_blackout_behind_a_recorded_proposal_ends() {
    for seed in 0..20 {
        let scenario = Scenario::new(seed, 4).unwrap_or_else(|error| panic!("{error}"));
        let scenario = scenario
            .with_heights(HEIGHTS)
            .with_blackout(Height(3), 10_000);
        let report = Simulation::new(scenario).run();
        assert_good(seed, &report);
        assert_eq!(report.crashes, 4, "seed {seed}");
    }
}

/// All clocks run an hour ahead and are put right while a proposal is under way: it is decided, and
/// blocks go on at once with times that increase.
#[test]
fn clocks_that_ran_ahead_and_are_put_right_stop_no_order() {
    for seed in 0..20 {
        for (height, faults) in [(1, Faults::NONE), (3, Faults::NONE), (3, Faults::ROUGH)] {
            let scenario = Scenario::new(seed, 4).unwrap_or_else(|error| panic!("{error}"));
            let scenario = scenario
                .with_heights(HEIGHTS)
                .with_faults(Faults {
                    crashes: 0,
                    ..faults
                })
                .with_clocks_ahead(Height(height), 3_600_000);
            assert_good(seed, &Simulation::new(scenario).run());
        }
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    let trace = |seed| Simulation::new(rough(seed, 4)).run().trace;
    let traces: Vec<_> = (0..8).map(trace).collect();
    let again: Vec<_> = (0..8).map(trace).collect();
    assert_eq!(traces, again);
    let different: BTreeSet<_> = traces.iter().collect();
    assert_eq!(different.len(), traces.len());
}

#[test]
fn one_seed() {
    let seed = std::env::var("SEED").map_or(0, |seed| {
        let parsed = seed.parse();
        parsed.unwrap_or_else(|error| panic!("SEED={seed}: {error}"))
    });
    let report = Simulation::new(rough(seed, 4)).run();
    println!("{report:#?}");
    assert_good(seed, &report);
}
