//! One fault too many is seen: the observers are awake.

use medshare_simulation::{Faults, Lie, Property, Scenario, run};
use medshare_types::ReplicaId;

/// Two seats of four sign twice: some runs certify two blocks at a height.
#[test]
fn two_pairs_of_twins_among_four_break_agreement() {
    let faults = Faults {
        partition_per_mille: 900,
        ..Faults::ROUGH
    };
    let breaks = |seed: &u64| {
        let scenario = Scenario::new(*seed, 4)
            .with_faults(faults)
            .with_lie(ReplicaId(1), Lie::Twin)
            .with_lie(ReplicaId(2), Lie::Twin)
            .with_deadline_ms(2_000);
        let report = run(scenario);
        let mut broken = report.violations.iter();
        broken.any(|violation| {
            matches!(
                violation.property,
                Property::OneBlock | Property::EqualRoots | Property::ReceiptStays
            )
        })
    };
    // One in forty does.
    assert!((0..160).any(|seed| breaks(&seed)));
}

/// A member that does not come back is missed.
#[test]
fn two_silent_seats_of_four_stop_the_chain() {
    let scenario = Scenario::new(1, 4)
        .with_lie(ReplicaId(1), Lie::Altered(1_000))
        .with_lie(ReplicaId(2), Lie::Altered(1_000))
        .with_deadline_ms(10_000);
    let report = run(scenario);
    let first = report.violations.first();
    assert_eq!(first.unwrap().property, Property::GoesOn);
}
