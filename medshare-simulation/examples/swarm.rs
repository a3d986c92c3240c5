//! Many seeds: `cargo run --release -p medshare-simulation --example swarm -- FROM COUNT`.

#![expect(clippy::expect_used, reason = "a tool for the command line")]
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "it measures how long seeds take; no seed depends on it"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use medshare_simulation::swarm;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise: u64| {
        let argument = arguments.next();
        argument.map_or(otherwise, |text| text.parse().expect("FROM COUNT"))
    };
    let (from, count) = (number(0), number(200));
    let mut times_us = Vec::new();
    let mut settled_ms = Vec::new();
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    let mut points = BTreeSet::new();
    for seed in from..from + count {
        let begun = Instant::now();
        let report = swarm::run(seed);
        times_us.push(begun.elapsed().as_micros());
        for violation in &report.violations {
            println!("seed {seed}: {:?}: {}", violation.property, violation.what);
        }
        settled_ms.push(report.settled_ms);
        let counts = report.counts;
        for (name, number) in [
            ("bad seeds", u64::from(!report.violations.is_empty())),
            ("heights", report.height),
            ("simulated seconds", report.simulated_ms / 1_000),
            ("frames", counts.frames),
            ("frames lost or repeated", counts.disturbed),
            ("power cuts", counts.crashes),
            ("losses of files", counts.losses),
            ("starts", counts.starts),
            ("transactions admitted", counts.admitted),
            ("receipts verified", counts.receipts),
            ("refused for want of room", counts.refused),
        ] {
            *sums.entry(name).or_default() += number;
        }
        points.extend(counts.points);
    }
    println!("{count} seeds from {from}");
    println!("microseconds a seed: {}", spread(times_us));
    println!("simulated milliseconds of calm: {}", spread(settled_ms));
    println!("power cuts at {points:?}");
    for (name, number) in sums {
        println!("{number:>12} {name}");
    }
}

fn spread<T: Ord + Copy + Default + std::fmt::Display>(mut values: Vec<T>) -> String {
    values.sort_unstable();
    let at = |part: usize| {
        let value = values.get((values.len() * part / 100).min(values.len().saturating_sub(1)));
        value.copied().unwrap_or_default()
    };
    let (half, most, nearly, all) = (at(50), at(90), at(99), at(100));
    format!("median {half}, 90 % to {most}, 99 % to {nearly}, longest {all}")
}
