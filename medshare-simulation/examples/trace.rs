//! One seed in words: `cargo run -p medshare-simulation --example trace -- SEED`. It has the number
//! of `--example swarm`.

#![expect(clippy::expect_used, reason = "a tool for the command line")]

use medshare_simulation::{run, swarm};

fn main() {
    let seed = std::env::args().nth(1).expect("SEED");
    let scenario = swarm::scenario(seed.parse().expect("SEED"));
    println!("{scenario:#?}");
    let report = run(scenario.with_narration());
    for step in report.words.iter().flatten() {
        println!("{step}");
    }
    println!("{:#?}", (report.counts, report.height, report.trace));
    for violation in report.violations {
        println!("{:?}: {}", violation.property, violation.what);
    }
}
