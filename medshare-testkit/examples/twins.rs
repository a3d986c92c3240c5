//! Twins, all or many: `cargo run --release -p medshare-testkit --example twins -- VIEWS [SAMPLES [pairs]]`.
//!
//! Without SAMPLES, every way to split the first VIEWS views of two heights; with it, as many
//! scenarios whose sides differ by height, view and phase. With `pairs`, two seats of four have twins:
//! members may disagree, and then exactly these seats must be proven guilty.

#![expect(clippy::expect_used, reason = "a tool for the command line")]
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "it measures how long seeds take; no seed depends on it"
)]

use std::time::Instant;

use medshare_testkit::{Report, Simulation, Violation, swarm, twins};

#[derive(Default)]
struct Sums {
    bad: u64,
    lost_views: u64,
    evidence: u64,
    forks: u64,
}

impl Sums {
    fn add(&mut self, number: u64, report: &Report, fault: Option<String>) {
        self.lost_views += u64::from(report.highest_view.0 > 0);
        self.evidence += u64::from(!report.evidence.is_empty());
        if let Some(fault) = fault {
            self.bad += 1;
            println!("{number}: {fault}");
        }
    }
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let number = |index: usize| -> Option<u64> {
        let text = arguments.get(index)?;
        Some(text.parse().expect("VIEWS SAMPLES"))
    };
    let views = u32::try_from(number(0).unwrap_or(3)).expect("VIEWS");
    let samples = number(1);
    let pairs = arguments.get(2).is_some_and(|word| word == "pairs");
    let begun = Instant::now();
    let count = samples.unwrap_or_else(|| twins::count(views));
    let mut sums = Sums::default();
    for number in 0..count {
        if pairs {
            let (report, fault) = run_pairs(number, views, &mut sums);
            sums.add(number, &report, fault);
            continue;
        }
        let scenario = match samples {
            Some(_) => twins::sampled(number, views),
            None => twins::scenario(number, views),
        };
        let (report, fault) = swarm::run(scenario.expect("a scenario"));
        sums.add(number, &report, fault);
    }
    let Sums {
        bad,
        lost_views,
        evidence,
        forks,
    } = sums;
    println!(
        "{count} scenarios of {views} views in {} s: {bad} bad, {forks} with a proven disagreement, \
         {lost_views} with a lost view, {evidence} with evidence",
        begun.elapsed().as_secs(),
    );
    if bad > 0 {
        std::process::exit(1);
    }
}

/// A disagreement is bad where other seats than the two are proven guilty, or only one.
fn run_pairs(number: u64, views: u32, sums: &mut Sums) -> (Report, Option<String>) {
    let (scenario, seats) = twins::two_pairs(number, views);
    let report = Simulation::new(scenario.expect("a scenario")).run();
    let mut violations = report.violations.iter();
    if !violations.any(|found| matches!(found, Violation::Disagreement { .. })) {
        return (report, None);
    }
    let proven = report.culprits == seats.into();
    sums.forks += u64::from(proven);
    let fault = (!proven).then(|| format!("proven guilty: {:?}", report.culprits));
    (report, fault)
}
