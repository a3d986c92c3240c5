//! Byzantine members that attack the change of views.
//!
//! `SEEDS=n cargo test --release -p medshare-testkit view_changes` runs n seeds of each.

use medshare_testkit::behaviour::{
    Equivocator, Forgetter, LeaveOut, Replayer, Restless, Silent, WrongRootsPrimary,
};
use medshare_testkit::{Behaviour, Faults, Report, Scenario, Setting, Simulation, Splits};
use medshare_types::id::{Height, ReplicaId};

const HEIGHTS: u64 = 6;

pub(crate) fn seeds(default: u64) -> u64 {
    std::env::var("SEEDS").map_or(default, |seeds| {
        let parsed = seeds.parse();
        parsed.unwrap_or_else(|error| panic!("SEEDS={seeds}: {error}"))
    })
}

fn rough(seed: u64, members: u16) -> Scenario {
    let scenario = Scenario::new(seed, members).unwrap_or_else(|error| panic!("{error}"));
    scenario
        .with_heights(HEIGHTS)
        .with_faults(Faults::ROUGH)
        .with_deadline_ms(400_000)
}

fn assert_good(seed: u64, report: &Report) {
    assert_eq!(report.violations, [], "seed {seed}");
    assert_eq!(report.common_height(), Height(HEIGHTS), "seed {seed}");
}

fn attacks(
    default: u64,
    behaviour: impl Fn(&Setting, ReplicaId) -> Box<dyn Behaviour> + Copy,
) -> Vec<Report> {
    let run = |seed| {
        let attacker = ReplicaId(u16::try_from(seed % 4).unwrap_or_default());
        let report = Simulation::new(rough(seed, 4).with_byzantine(attacker, behaviour)).run();
        assert_good(seed, &report);
        for evidence in &report.evidence {
            assert_eq!(evidence.culprit, attacker, "seed {seed}");
        }
        report
    };
    (0..seeds(default)).map(run).collect()
}

#[test]
fn a_member_that_is_left_out_goes_on() {
    attacks(40, |_, replica| {
        let left_out = ReplicaId((replica.0 + 1) % 4);
        Box::new(LeaveOut::new([left_out]))
    });
}

#[test]
fn a_forgotten_certificate_changes_no_decision_and_is_exposed() {
    attacks(20, |setting, replica| {
        Box::new(Forgetter::new(setting, replica))
    });
    // Commits of the first view stay within a pair: all commit, and the view is given up.
    for seed in 0..seeds(20) {
        let attacker = ReplicaId(u16::try_from(seed % 4).unwrap_or_default());
        let splits = Splits {
            views: 1,
            sides: vec![0, 0b11],
        };
        let scenario = Scenario::new(seed, 4).unwrap_or_else(|error| panic!("{error}"));
        let scenario = scenario
            .with_heights(HEIGHTS)
            .with_splits(splits)
            .with_byzantine(attacker, |setting, replica| {
                Box::new(Forgetter::new(setting, replica))
            });
        let report = Simulation::new(scenario).run();
        assert_good(seed, &report);
        let mut culprits = report.evidence.iter().map(|evidence| evidence.culprit);
        assert!(culprits.all(|culprit| culprit == attacker), "seed {seed}");
        assert!(!report.evidence.is_empty(), "seed {seed}: not exposed");
    }
}

#[test]
fn view_changes_of_one_member_move_no_other() {
    attacks(40, |setting, replica| {
        Box::new(Restless::new(setting, replica))
    });
}

#[test]
fn an_equivocator_at_any_seat_splits_no_members() {
    attacks(40, |setting, replica| {
        let deceived = ReplicaId((replica.0 + 1) % 4);
        Box::new(Equivocator::new(setting, replica, [deceived], false))
    });
}

/// Two of seven, in every pairing of two behaviours.
#[test]
fn two_attackers_of_seven_stop_nothing() {
    type Make = fn(&Setting, ReplicaId) -> Box<dyn Behaviour>;
    let kinds: [Make; 7] = [
        |_, _| Box::new(Silent),
        |_, replica| {
            Box::new(LeaveOut::new(
                [1, 2].map(|n| ReplicaId((replica.0 + n) % 7)),
            ))
        },
        |setting, replica| Box::new(Forgetter::new(setting, replica)),
        |setting, replica| Box::new(Restless::new(setting, replica)),
        |setting, replica| {
            let deceived = [1, 2].map(|n| ReplicaId((replica.0 + n) % 7));
            Box::new(Equivocator::new(setting, replica, deceived, false))
        },
        |_, _| Box::<Replayer>::default(),
        |setting, replica| Box::new(WrongRootsPrimary::new(setting, replica)),
    ];
    let mut seed = 0;
    for _ in 0..seeds(10).div_ceil(10) {
        for first in kinds {
            for second in kinds {
                let at = |n: u64| ReplicaId(u16::try_from(n % 7).unwrap_or_default());
                let (one, two) = (at(seed), at(seed + 1 + seed % 6));
                let scenario = rough(seed, 7)
                    .with_byzantine(one, first)
                    .with_byzantine(two, second);
                assert_good(seed, &Simulation::new(scenario).run());
                seed += 1;
            }
        }
    }
}
