//! Scenarios drawn from a seed: committee, faults, incidents, losses and lies together.

use medshare_testkit::SimRng;
use medshare_types::ReplicaId;

use crate::report::Report;
use crate::run::run as run_scenario;
use crate::scenario::{Faults, Incident, Lie, Load, Loss, Scenario};

/// Draws a scenario in which honest members must agree, forget nothing and go on.
#[must_use]
pub fn scenario(seed: u64) -> Scenario {
    let mut rng = SimRng::new(seed ^ 0x0dd5_ea11_0000_0000);
    let members = [4, 4, 4, 4, 4, 4, 7][rng.index(7)];
    // Some runs are long, and their machines fall again and again.
    let long = rng.chance(120);
    let calm_ms = match long {
        true => rng.between(10_000, 30_000),
        false => rng.between(2_000, 8_000),
    };
    let scenario = Scenario::new(seed, members)
        .with_faults(faults(long, &mut rng))
        .with_calm_after_ms(calm_ms)
        .with_load(load(long, &mut rng));
    // The faulty ones come first.
    let mut seats: Vec<_> = (0..members).map(ReplicaId).collect();
    let first = rng.index(seats.len());
    seats.rotate_left(first);
    let mut scenario = scenario;
    if members == 4 && rng.chance(20) {
        // The gate key takes every member's deal.
        scenario = scenario.from_nothing();
    } else {
        for seat in &seats[..usize::from(members - 1) / 3] {
            scenario = with_fault(scenario, *seat, calm_ms, &mut rng);
        }
    }
    with_incidents(scenario, &seats, calm_ms, &mut rng)
}

/// Draws and runs a scenario.
#[must_use]
pub fn run(seed: u64) -> Report {
    run_scenario(scenario(seed))
}

fn faults(long: bool, rng: &mut SimRng) -> Faults {
    let mut faults = Faults::NONE;
    let mut either = |field: &mut u64, most: u64| {
        if rng.chance(600) {
            *field = rng.between(1, most);
        }
    };
    either(&mut faults.drop_per_mille, 250);
    either(&mut faults.duplicate_per_mille, 200);
    either(&mut faults.delay_ms, 120);
    either(&mut faults.crash_per_mille, 6);
    either(&mut faults.down_ms, 2_000);
    either(&mut faults.skew_ms, 400);
    either(&mut faults.partition_per_mille, 400);
    either(&mut faults.one_way_per_mille, 120);
    either(&mut faults.work_ms, 40);
    faults.crashes = 3;
    if long {
        faults.crashes = 8;
        faults.down_ms = rng.between(100, 8_000);
    }
    faults
}

fn load(long: bool, rng: &mut SimRng) -> Load {
    let times = if long { 3 } else { 1 };
    Load {
        orders: times * rng.between(2, 14),
        single: times * rng.between(1, 10),
        flood: if rng.chance(10) { 700 } else { 0 },
    }
}

/// Makes a seat one of the f faulty ones, or leaves it honest and whole.
fn with_fault(scenario: Scenario, seat: ReplicaId, calm_ms: u64, rng: &mut SimRng) -> Scenario {
    match rng.below(10) {
        0..=2 => scenario.with_lie(seat, Lie::Wires),
        3 => scenario.with_lie(seat, Lie::Twin),
        4..=6 => {
            let loss = [Loss::Folder, Loss::Log, Loss::Copied, Loss::Restored][rng.index(4)];
            let copied_ms = rng.below(calm_ms / 2);
            let lost_ms = copied_ms + rng.below(calm_ms / 2);
            let scenario = scenario
                .with_incident(copied_ms, seat, Incident::Backup)
                .with_incident(lost_ms, seat, Incident::Lose(loss));
            if rng.chance(700) {
                return scenario;
            }
            // Again, perhaps before it knows its votes.
            let again_ms = lost_ms + rng.below(calm_ms - lost_ms);
            scenario.with_incident(again_ms, seat, Incident::Lose(Loss::Copied))
        }
        _ => scenario,
    }
}

fn with_incidents(
    mut scenario: Scenario,
    seats: &[ReplicaId],
    calm_ms: u64,
    rng: &mut SimRng,
) -> Scenario {
    let all_at = rng.chance(150).then(|| rng.below(calm_ms));
    let all_full = rng.chance(50).then(|| rng.below(calm_ms));
    for seat in seats.iter().copied() {
        if let Some(at_ms) = all_at {
            scenario = scenario.with_incident(at_ms, seat, Incident::PowerCut);
        }
        let mut either = |per_mille: u64, incident: Incident| {
            if rng.chance(per_mille) {
                scenario
                    .incidents
                    .push((rng.below(calm_ms), seat, incident));
            }
        };
        either(100, Incident::SetClock(50));
        either(100, Incident::SetClock(400));
        either(60, Incident::Slow(400));
        either(30, Incident::Slow(3_000));
        either(60, Incident::CutOff(calm_ms / 2));
        either(60, Incident::DiskLow(calm_ms / 2));
        let full_at = all_full.or_else(|| rng.chance(120).then(|| rng.below(calm_ms)));
        if let Some(at_ms) = full_at {
            let for_ms = rng.between(50, 2_500);
            scenario = scenario.with_incident(at_ms, seat, Incident::DiskFull(for_ms));
        }
    }
    with_wrong_clocks(scenario, seats, calm_ms, rng)
}

/// Clocks that are far off, all of them or one, and are put right before the calm.
fn with_wrong_clocks(
    mut scenario: Scenario,
    seats: &[ReplicaId],
    calm_ms: u64,
    rng: &mut SimRng,
) -> Scenario {
    if !rng.chance(120) {
        return scenario;
    }
    let wrong = if rng.chance(500) { seats.len() } else { 1 };
    let wrong_ms = rng.below(calm_ms / 2);
    let right_ms = wrong_ms + rng.below(calm_ms / 2);
    let ahead_ms = rng.between(1_000, 3_600_000);
    for seat in &seats[..wrong] {
        scenario = scenario
            .with_incident(wrong_ms, *seat, Incident::SetClock(ahead_ms))
            .with_incident(right_ms, *seat, Incident::SetClock(0));
    }
    scenario
}
