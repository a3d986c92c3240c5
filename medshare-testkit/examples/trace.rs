//! One seed in words: `cargo run -p medshare-testkit --example trace -- SEED [LINES]`, or
//! `-- twins/VIEWS/NUMBER [LINES]` for one of `--example twins -- VIEWS`.
//!
//! Shows the LINES steps (60 unless given, `all` for the whole run) up to the first one after which a
//! property is broken; where none is, up to the last block that some member committed, since a run
//! that stalls goes wrong there.

#![expect(clippy::expect_used, reason = "a tool for the command line")]

use medshare_testkit::{Scenario, swarm, twins};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let seed = arguments.next().expect("SEED");
    let lines = arguments.next().unwrap_or_else(|| "60".to_owned());
    let scenario = scenario(&seed);
    println!("{scenario:#?}");
    let (report, fault) = swarm::run(scenario.with_narration());
    let narration = report.narration.as_ref().expect("the scenario asks for it");
    let last = narration.turning_point();
    let shown = lines.parse().unwrap_or(narration.steps.len());
    let (from, until) = if lines == "all" {
        (0, narration.steps.len())
    } else {
        ((last + 1).saturating_sub(shown), last + 1)
    };
    for (index, step) in narration.steps[from..until].iter().enumerate() {
        let mark = if from + index == last { '>' } else { ' ' };
        println!("{mark} {step}");
    }
    println!("heights {:?}", report.heights);
    match (fault, narration.first_bad) {
        (Some(fault), Some(step)) => println!("step {step} is the first bad one: {fault}"),
        (Some(fault), None) => println!("nothing is committed after step {last}: {fault}"),
        (None, _) => println!("nothing is wrong; the last commit is step {last}"),
    }
}

fn scenario(seed: &str) -> Scenario {
    let scenario = match seed
        .strip_prefix("twins/")
        .and_then(|of| of.split_once('/'))
    {
        Some((views, number)) => {
            let views = views.parse().expect("VIEWS");
            twins::scenario(number.parse().expect("NUMBER"), views)
        }
        None => swarm::scenario(seed.parse().expect("SEED")),
    };
    scenario.expect("a scenario")
}
