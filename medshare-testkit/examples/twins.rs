//! Twins, all or many: `cargo run --release -p medshare-testkit --example twins -- VIEWS [SAMPLES]`.
//!
//! Without SAMPLES, every way to split the first VIEWS views of two heights; with it, as many
//! scenarios whose sides differ by height, view and phase.

#![expect(clippy::expect_used, reason = "a tool for the command line")]
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "it measures how long seeds take; no seed depends on it"
)]

use std::time::Instant;

use medshare_testkit::{swarm, twins};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = || arguments.next().map(|text| text.parse::<u64>());
    let views = number().unwrap_or(Ok(3)).expect("VIEWS");
    let views = u32::try_from(views).expect("VIEWS");
    let samples = number().transpose().expect("SAMPLES");
    let begun = Instant::now();
    let count = samples.unwrap_or_else(|| twins::count(views));
    let (mut bad, mut lost_views, mut evidence) = (0u64, 0u64, 0u64);
    for number in 0..count {
        let scenario = match samples {
            Some(_) => twins::sampled(number, views),
            None => twins::scenario(number, views),
        };
        let (report, fault) = swarm::run(scenario.expect("a scenario"));
        lost_views += u64::from(report.highest_view.0 > 0);
        evidence += u64::from(!report.evidence.is_empty());
        if let Some(fault) = fault {
            bad += 1;
            println!("{number}: {fault}");
        }
    }
    println!(
        "{count} scenarios of {views} views in {} s: {bad} bad, {lost_views} with a lost view, \
         {evidence} with evidence",
        begun.elapsed().as_secs(),
    );
}
