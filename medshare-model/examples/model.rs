//! Explores the model: `cargo run --release -p medshare-model --example model -- [NAME=VALUE]...`.
//!
//! Names are `heights`, `views`, `byzantine`, `crash`, `epochs` and `abreast` (0 or 1), `seats` (a set
//! of Byzantine seats, as bits), `mutant` (a name), `threads`, and `minutes`, a limit. It prints the
//! number of states, the depth, and for each property what was found, with the steps that lead there.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a tool for the command line"
)]
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "it measures how long the exploration takes"
)]

use std::time::{Duration, Instant};

use medshare_model::{Mutant, Protocol};
use stateright::{Checker as _, HasDiscoveries, Model as _};

fn main() {
    let mut protocol = Protocol::default();
    let (mut threads, mut minutes) = (1, 600);
    for argument in std::env::args().skip(1) {
        let (name, value) = argument.split_once('=').expect("NAME=VALUE");
        if name == "mutant" {
            let named = |mutant: &Mutant| format!("{mutant:?}") == value;
            protocol.mutant = Some(Mutant::ALL.into_iter().find(named).expect("a mutant"));
            continue;
        }
        let number: u8 = value.parse().expect("a number");
        match name {
            "heights" => protocol.heights = number,
            "views" => protocol.views = number,
            "byzantine" => protocol.byzantine = number.into(),
            "crash" => protocol.crash = number > 0,
            "epochs" => protocol.epochs = number > 0,
            "abreast" => protocol.abreast = number > 0,
            "seats" => protocol.seats = Some(number),
            "threads" => threads = number.into(),
            "minutes" => minutes = number.into(),
            _ => panic!("no argument is named {name}"),
        }
    }
    println!("{protocol:?}");
    let limit = Duration::from_secs(60 * minutes);
    let begun = Instant::now();
    let checker = protocol
        .checker()
        .threads(threads)
        .finish_when(HasDiscoveries::AnyFailures)
        .timeout(limit)
        .spawn_bfs()
        .join();
    println!(
        "{} states, {} steps, depth {}, {:.1} s, {}",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth(),
        begun.elapsed().as_secs_f64(),
        // A checker that ran out of time calls itself done as well.
        if begun.elapsed() < limit {
            "done"
        } else {
            "not done"
        },
    );
    for (name, path) in checker.discoveries() {
        println!("{}: {name}", checker.discovery_classification(name));
        for action in path.into_actions() {
            println!("    {action:?}");
        }
    }
}
