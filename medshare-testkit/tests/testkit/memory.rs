//! Memory is bounded by the committee, whatever is sent.

use medshare_consensus::credit::EpochRule;
use medshare_testkit::behaviour::Flooder;
use medshare_testkit::{Faults, Scenario, Simulation};
use medshare_types::id::{Height, ReplicaId};

/// The simulation compares what members hold with the bound after each input.
#[test]
fn floods_of_good_signatures_take_bounded_memory() {
    for (seed, members) in [(0, 4), (1, 4), (2, 7)] {
        let faulty = (members - 1) / 3;
        let scenario = Scenario::new(seed, members).unwrap_or_else(|error| panic!("{error}"));
        let rule = EpochRule {
            heights: 0,
            min_ms: 0,
        };
        let scenario = scenario
            .with_epochs(rule)
            .with_heights(34)
            .with_faults(Faults::ROUGH)
            .with_deadline_ms(900_000);
        let scenario = (0..faulty).fold(scenario, |scenario, seat| {
            scenario.with_byzantine(ReplicaId(seat), |setting, replica| {
                Box::new(Flooder::new(setting, replica))
            })
        });
        let report = Simulation::new(scenario).run();
        assert_eq!(report.violations, [], "seed {seed}");
        assert_eq!(report.common_height(), Height(34), "seed {seed}");
    }
}
