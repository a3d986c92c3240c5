//! What f faulty members of sixteen leave of the throughput, in virtual time.

use anyhow::{Context as _, ensure};
use medshare_testkit::behaviour::{Behaviour, FutureTimePrimary, Silent, SlowPrimary};
use medshare_testkit::{Faults, Scenario, Setting, Simulation};
use medshare_types::id::ReplicaId;

use super::report::Row;

const MEMBERS: u16 = 16;
const FAULTY: u16 = 5;
/// Two turns of every member, by which times have adapted and silent primaries are banned.
const SETTLED: usize = 2 * MEMBERS as usize;
const HEIGHTS: u64 = 10 * MEMBERS as u64;
/// Milliseconds of delay that a proposal of the slowest primary may have: half of the shortest view
/// without a vote against it, less what the others need.
const SLOW_MS: u64 = 100;
/// Milliseconds that a block may be dated ahead of the clocks: the precision.
const AHEAD_MS: u64 = 480;

/// Blocks per second with f members that misbehave, and what that is of the throughput without.
///
/// With f members silent a quorum is all others, so each block waits for the slowest of them and no longer
/// for the eleventh of sixteen: where delays differ that costs throughput, whatever the protocol. Rows of
/// even delays show what the views alone cost.
pub(crate) fn run() -> anyhow::Result<Vec<Row>> {
    let silent: Make<'_> = &|_, _| Box::new(Silent);
    let slow: Make<'_> = &|_, _| Box::new(SlowPrimary::new(SLOW_MS));
    let ahead: Make<'_> =
        &|setting, replica| Box::new(FutureTimePrimary::new(setting, replica, AHEAD_MS));
    let even = Faults {
        delay_ms: 1,
        work_ms: 1,
        ..Faults::NONE
    };
    let mut rows = Vec::new();
    for (reference, faults, delays, attacks) in [
        (
            "fault-free",
            Faults::NONE,
            "delays of 1 to 10 ms, syncs of up to 8",
            [
                ("crashed", silent, 95),
                ("slow", slow, 25),
                ("dated-ahead", ahead, 25),
            ]
            .as_slice(),
        ),
        (
            "fault-free-even",
            even,
            "delays of 1 ms",
            [("crashed-even", silent, 95)].as_slice(),
        ),
    ] {
        println!("\n{FAULTY} faulty of {MEMBERS} members in virtual time, {delays}:");
        let (reference, _) = measure(reference, faults, None)?;
        for (name, make, goal) in attacks {
            let (row, [early, late]) = measure(name, faults, Some(make))?;
            let share = row.blocks_per_s / reference.blocks_per_s * 100.0;
            println!(
                "{name:12} {:>6.1} blocks/s, {share:.1} % of {:.1}, goal {goal} %; views lost: {early}, and {late} after {SETTLED} blocks",
                row.blocks_per_s, reference.blocks_per_s
            );
            rows.push(row);
        }
        rows.push(reference);
    }
    Ok(rows)
}

type Make<'a> = &'a dyn Fn(&Setting, ReplicaId) -> Box<dyn Behaviour>;

/// The settled heights of a run, and the views that were lost before and in them.
fn measure(
    name: &'static str,
    faults: Faults,
    faulty: Option<Make<'_>>,
) -> anyhow::Result<(Row, [u64; 2])> {
    let scenario = Scenario::new(1, MEMBERS)?
        .with_faults(faults)
        .with_calm_after_ms(u64::MAX)
        .with_heights(HEIGHTS)
        .with_deadline_ms(HEIGHTS * 10_000);
    let scenario = match faulty {
        Some(make) => (0..FAULTY).fold(scenario, |scenario, seat| {
            // Spread over the turns, so that two in a row happen and three do not.
            scenario.with_byzantine(ReplicaId(seat * 3), |setting, replica| {
                make(setting, replica)
            })
        }),
        None => scenario,
    };
    let report = Simulation::new(scenario).run();
    ensure!(
        report.violations.is_empty() && report.blocks.len() as u64 >= HEIGHTS,
        "{name}: {:?} after {} heights",
        report.violations,
        report.blocks.len()
    );
    let mut times = report
        .decided_ms
        .windows(2)
        .map(|pair| (pair[1] - pair[0]) as f64);
    times.nth(SETTLED).context("too few heights")?;
    let heights_ms = times.collect();
    let (early, late) = report.blocks.split_at(SETTLED + 2);
    let views = [early, late].map(|of| of.iter().map(|(header, ..)| header.view.0).sum());
    Ok((
        Row::in_virtual_time(name, MEMBERS.into(), heights_ms),
        views,
    ))
}
