//! Scenarios drawn from seeds.
//!
//! `cargo run --release -p medshare-simulation --example swarm -- FROM COUNT` runs as many as there is
//! time for; `--example trace -- SEED` tells one in words.

use std::collections::BTreeSet;

use medshare_simulation::{Point, swarm};

/// Seeds of each test; tests run side by side.
const SEEDS: u64 = 30;

fn run_all(seeds: std::ops::Range<u64>) {
    let mut points = BTreeSet::new();
    let (mut disturbed, mut losses, mut receipts, mut crashes) = (0, 0, 0, 0);
    for seed in seeds {
        let report = swarm::run(seed);
        assert_eq!(report.violations, [], "seed {seed}");
        disturbed += report.counts.disturbed;
        losses += report.counts.losses;
        receipts += report.counts.receipts;
        crashes += report.counts.crashes;
        points.extend(report.counts.points);
    }
    assert!(disturbed > 1_000, "{disturbed} frames lost or repeated");
    assert!(losses > 3, "{losses} losses of files");
    assert!(receipts > 100, "{receipts} receipts");
    assert!(crashes > 40, "{crashes} power cuts");
    let every = [
        Point::Send,
        Point::LogWrite,
        Point::LogSync,
        Point::LogReplace,
        Point::LedgerWrite,
        Point::LedgerSync,
    ];
    assert!(
        every.iter().all(|point| points.contains(point)),
        "{points:?}"
    );
}

#[test]
fn drawn_runs_keep_every_property() {
    run_all(0..SEEDS);
}

#[test]
fn more_drawn_runs_keep_every_property() {
    run_all(SEEDS..2 * SEEDS);
}
