//! Single incidents, each alone on a calm network.

use medshare_simulation::{Faults, Incident, Load, Loss, Scenario, run};
use medshare_types::ReplicaId;

/// No block follows while two of four are cut off, so the pool fills up to its bound; then all that it
/// took is ordered.
#[test]
fn a_flood_is_bounded_and_what_was_admitted_is_ordered() {
    let mut scenario = Scenario::new(3, 4).with_load(Load {
        orders: 2,
        single: 0,
        flood: 700,
    });
    for seat in [0, 1].map(ReplicaId) {
        scenario = scenario.with_incident(0, seat, Incident::CutOff(3_000));
    }
    let report = run(scenario);
    assert_eq!(report.violations, []);
    let counts = report.counts;
    assert!(counts.admitted >= 512, "{} admitted", counts.admitted);
    assert!(counts.refused >= 100, "{} refused", counts.refused);
}

/// It lacks more blocks than the others keep in their logs.
#[test]
fn a_member_that_was_cut_off_for_long_catches_up() {
    let load = Load {
        orders: 60,
        single: 0,
        flood: 0,
    };
    let scenario = Scenario::new(4, 4)
        .with_calm_after_ms(12_000)
        .with_load(load)
        .with_incident(10, ReplicaId(2), Incident::CutOff(11_000));
    let report = run(scenario);
    assert_eq!(report.violations, []);
    assert!(report.height > 28, "height {}", report.height);
}

#[test]
fn each_loss_of_files_is_made_good() {
    for (seed, loss) in (0..).zip([Loss::Folder, Loss::Log, Loss::Copied, Loss::Restored]) {
        let scenario = Scenario::new(seed, 4)
            .with_incident(500, ReplicaId(3), Incident::Backup)
            .with_incident(2_000, ReplicaId(3), Incident::Lose(loss));
        let report = run(scenario);
        assert_eq!(report.violations, [], "{loss:?}");
        assert_eq!(report.counts.losses, 1);
        assert_eq!(report.counts.starts, 5, "{loss:?}");
    }
}

#[test]
fn a_chain_whose_members_all_fall_at_once_loses_nothing() {
    for seed in 0..4 {
        let mut scenario = Scenario::new(seed, 4).with_faults(Faults {
            work_ms: 20,
            ..Faults::NONE
        });
        for seat in (0..4).map(ReplicaId) {
            scenario = scenario.with_incident(2_000 + 7 * seed, seat, Incident::PowerCut);
        }
        let report = run(scenario);
        assert_eq!(report.violations, [], "seed {seed}");
        assert_eq!((report.counts.crashes, report.counts.starts), (4, 8));
    }
}
