//! Runs many seeds and counts: `cargo run --release -p medshare-testkit --example swarm -- FROM COUNT`.
//!
//! Prints each seed that breaks a property or stalls, then what the seeds went through.

#![expect(clippy::expect_used, reason = "a tool for the command line")]
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "it measures how long seeds take; no seed depends on it"
)]

use std::collections::BTreeMap;
use std::time::Instant;

use medshare_testkit::swarm;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise: u64| {
        let argument = arguments.next();
        argument.map_or(otherwise, |text| text.parse().expect("FROM COUNT"))
    };
    let (from, count) = (number(0), number(1_000));
    let mut times_us = Vec::new();
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in from..from + count {
        let begun = Instant::now();
        let scenario = swarm::scenario(seed).expect("a scenario");
        let (report, fault) = swarm::run(scenario);
        times_us.push(begun.elapsed().as_micros());
        if let Some(fault) = fault {
            *sums.entry("bad seeds").or_default() += 1;
            println!("seed {seed}: {fault}");
        }
        for (name, number) in [
            ("messages", report.messages),
            ("messages lost or repeated", report.disturbed),
            ("crashes", report.crashes.into()),
            ("crashes that took a log", report.losses.into()),
            ("heights", report.common_height().0),
            ("evidence", report.evidence.len() as u64),
            ("inputs refused", report.rejected.len() as u64),
            (
                "seeds with a lost view",
                u64::from(report.highest_view.0 > 0),
            ),
            ("seeds beyond view 3", u64::from(report.highest_view.0 > 3)),
        ] {
            *sums.entry(name).or_default() += number;
        }
    }
    times_us.sort_unstable();
    let at = |part: usize| times_us.get(times_us.len() * part / 100).copied();
    println!(
        "{count} seeds from {from}; microseconds a seed: median {:?}, 90 % below {:?}, 99 % below {:?}",
        at(50).unwrap_or_default(),
        at(90).unwrap_or_default(),
        at(99).unwrap_or_default(),
    );
    for (name, number) in &sums {
        println!("{number:>12} {name}");
    }
    if sums.contains_key("bad seeds") {
        std::process::exit(1);
    }
}
