//! Takes records the whole way: sealed, granted, opened, refused, proven offline.
//!
//! `cargo run --release --example walkthrough [-- [--dir DIR] [--json FILE] [FILE...]]`
//!
//! Starts a consortium of four organisations in this process and takes every FILE through it, or a
//! generated FHIR bundle. With `--dir` the consortium is kept, and the next run opens its records
//! again. `--json` writes the outcome for programs. Start with `story`; for the shortest program
//! that seals and opens a file, see the example `quickstart`.
//!
//! | module | holds |
//! |---|---|
//! | `story` | the steps, in order |
//! | `refusals` | each way of being refused, done for real |
//! | `files` | files and hashes, atomic writes, the index of records |
//! | `report` | the lines on the screen, and the JSON |

mod files;
mod refusals;
mod report;
mod story;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// Takes records the whole way: sealed, granted, opened, refused, proven
#[derive(Parser)]
struct Args {
    /// Keep the consortium in this folder, or continue with the one that is there;
    /// without it a temporary folder is used, which is removed at exit
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Write the outcome to this file as JSON; without --dir the receipt and the trust anchor
    /// are written beside it
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Files to seal; a generated FHIR bundle if there are none
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Err(error) = story::run(Args::parse()).await else {
        return ExitCode::SUCCESS;
    };
    // Some error texts repeat their cause.
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    // A closed standard error must not hide the exit code.
    let _ = writeln!(std::io::stderr(), "walkthrough: {text}");
    ExitCode::FAILURE
}
