//! Measurements that criterion cannot make, as tables.
//!
//! ```text
//! cargo run --release -p medshare-benches                             # payloads beside the bare cipher
//! cargo run --release -p medshare-benches -- consensus [--json FILE]  # replicas beside the floor
//! cargo run --release -p medshare-benches -- credit [--json FILE]     # attacks over 60 epochs
//! ```
#![forbid(unsafe_code)]

mod consensus;
mod credit;
mod payload_table;

use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str =
    "usage: medshare-benches [payload | consensus [--json FILE] | credit [--json FILE]]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        [] | ["payload"] => payload_table::run(),
        ["consensus"] => consensus::run(None),
        ["consensus", "--json", file] => consensus::run(Some(PathBuf::from(file))),
        ["credit"] => credit::run(None),
        ["credit", "--json", file] => credit::run(Some(PathBuf::from(file))),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("medshare-benches: {error:#}");
            ExitCode::FAILURE
        }
    }
}
