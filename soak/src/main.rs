//! Runs a consortium for hours under faults, and checks that nothing is lost and that each stop is
//! explained.
//!
//! `cargo run --release -p medshare-soak -- --for 24h --seed 7 --dir /var/tmp/soak`
//!
//! Two processes: the child runs a real consortium of four members and does the calls that it is
//! told; the parent draws calls and faults from the seed, ends, stops and starts the child, fills
//! its disk, damages its files, and holds every acknowledged result against what comes later. The
//! child writes a result to a journal outside the consortium's folder, synced, before the result
//! counts as acknowledged, so the parent learns of it whenever the child is killed.
//!
//! | module | holds |
//! |---|---|
//! | `protocol` | the lines between the processes, which are the journal's lines too |
//! | `content` | contents that both processes can compute |
//! | `child` | the consortium, and the calls as the SDK has them |
//! | `parent` | load, faults, the model of what must hold, verification, the report |

mod child;
mod content;
mod parent;
mod protocol;

use std::process::ExitCode;

use clap::Parser as _;

/// The first argument of the child's command line.
const CHILD: &str = "child";

fn main() -> ExitCode {
    let is_child = std::env::args_os().nth(1).is_some_and(|word| word == CHILD);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("soak: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = if is_child {
        let options = child::Options::parse_from(std::env::args_os().skip(1));
        runtime.block_on(child::run(options))
    } else {
        runtime.block_on(parent::run(parent::Options::parse()))
    };
    // Threads that still wait for input must not keep the process.
    runtime.shutdown_background();
    ended.unwrap_or_else(|error| {
        eprintln!("soak: {error:#}");
        ExitCode::FAILURE
    })
}
