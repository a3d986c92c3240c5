//! The whole way of one record: sealed, granted, opened, refused, proven.
//!
//! `cargo run --release --example quickstart [-- [--dir DIR] [--json FILE] [FILE...]]`
//!
//! Starts a consortium of four organisations in this process, takes every FILE (or a made-up FHIR
//! bundle) through it, shows each refusal, and proves an access offline. Read `story` first: it is
//! what an application does. The other modules look over its shoulder.
//!
//! | module | holds |
//! |---|---|
//! | `story` | the steps, in order |
//! | `cast` | who takes part |
//! | `refusals` | every way of being refused, done for real |
//! | `args`, `source` | what is asked for, and the files |
//! | `sink`, `fingerprint` | comparing what was opened with what was sealed, as it streams |
//! | `index` | the records of earlier runs |
//! | `report`, `progress`, `memory` | telling a person, and a program |
//! | `whole`, `failure` | files that are there whole or not at all; what went wrong |

mod args;
mod cast;
mod failure;
mod fingerprint;
mod index;
mod memory;
mod progress;
mod refusals;
mod report;
mod sink;
mod source;
mod story;
mod whole;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    match story::run(args::Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nobody is left to be told if this fails.
            let _ = writeln!(std::io::stderr(), "quickstart: {failure}");
            ExitCode::FAILURE
        }
    }
}
