//! Members whose crashes take their logs and ledgers: they ask, abstain, and take part again.

use medshare_testkit::behaviour::{Equivocator, Silent};
use medshare_testkit::{Faults, LostDisk, Report, Scenario, Simulation, Violation};
use medshare_types::id::{Height, ReplicaId};

const HEIGHTS: u64 = 12;

fn losing(seed: u64, members: u16, replica: u16, abstains: bool) -> Scenario {
    let scenario = Scenario::new(seed, members).unwrap_or_else(|error| panic!("{error}"));
    let faults = Faults {
        crash_per_mille: 30,
        ..Faults::ROUGH
    };
    let replica = ReplicaId(replica);
    scenario
        .with_heights(HEIGHTS)
        .with_faults(faults)
        .with_lost_disk(LostDisk {
            replica,
            abstains,
            after_prepare: None,
        })
}

fn assert_good(seed: u64, report: &Report) {
    assert_eq!(report.violations, [], "seed {seed}");
    assert_eq!(report.common_height(), Height(HEIGHTS), "seed {seed}");
    assert_eq!(report.evidence, [], "seed {seed}");
}

#[test]
fn a_member_that_lost_its_disk_takes_part_again() {
    for seed in 0..60 {
        for lost in [1, 2] {
            assert_good(seed, &Simulation::new(losing(seed, 4, lost, true)).run());
        }
    }
}

#[test]
fn a_member_that_forgets_its_loss_votes_twice() {
    let run = |seed| Simulation::new(losing(seed, 4, 1, false)).run();
    let found: Vec<_> = (0..60).flat_map(|seed| run(seed).violations).collect();
    let twice = |violation: &Violation| matches!(violation, Violation::TwoVotes { .. });
    assert!(found.iter().any(twice), "{found:?}");
}

/// Two faults of seven members: one lost its disk, one is silent.
#[test]
fn a_silent_member_beside_does_not_hold_up_the_lost_one() {
    for seed in 0..12 {
        for lost in [1, 3] {
            let scenario =
                losing(seed, 7, lost, true).with_byzantine(ReplicaId(6), |_, _| Box::new(Silent));
            assert_good(seed, &Simulation::new(scenario).run());
        }
    }
}

/// A primary that sends two proposals waits for backups that forgot the first.
#[test]
fn a_lost_backup_votes_once_under_an_equivocating_primary() {
    let run = |seed, abstains| {
        let deceived = [ReplicaId(2), ReplicaId(3)];
        let scenario = losing(seed, 4, 2, abstains)
            .with_deadline_ms(20_000)
            .with_byzantine(ReplicaId(1), |setting, replica| {
                Box::new(Equivocator::new(setting, replica, deceived, true))
            });
        Simulation::new(scenario).run().violations
    };
    let twice = |violation: &Violation| matches!(violation, Violation::TwoVotes { .. });
    let found = |abstains| (0..60).flat_map(move |seed| run(seed, abstains));
    assert!(
        found(false).any(|violation| twice(&violation)),
        "the control"
    );
    assert_eq!(found(true).collect::<Vec<_>>(), []);
}
