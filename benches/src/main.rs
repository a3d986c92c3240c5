//! One run of the schemes' costs, as a table and as JSON.
//!
//! `cargo run --release -p medshare-benches -- abe [--json FILE]`: one thread, CPU time, the median
//! of interleaved repetitions: every row is measured once in each round, so that a machine that
//! slows down for a while slows all rows alike. What is sealed is opened, and what is opened is
//! compared.
#![forbid(unsafe_code)]

use std::error::Error;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use medshare_benches::report;

const USAGE: &str = "usage: medshare-benches abe [--json FILE]";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("medshare-benches: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let json = match arguments.as_slice() {
        [suite] if suite == "abe" => None,
        [suite, flag, file] if suite == "abe" && flag == "--json" => Some(Path::new(file)),
        _ => return Err(USAGE.into()),
    };
    let mut rows = report::abe::measure()?;
    rows.extend(report::payload::measure()?);
    report::print(&rows);
    if let Some(path) = json {
        std::fs::write(path, report::to_json(&rows))
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}
