//! `cargo xtask bench`: criterion's rows in one file that says when, where and of what.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::command::{output, run};
use crate::{Result, root};

/// Runs a binary (`abe`, `payload`, `gate`) or all, and in it the rows that match; writes the rows
/// of this run to `target/bench.json`.
///
/// # Errors
/// A benchmark that fails.
pub fn bench(binary: Option<&str>, filter: &[String]) -> Result<()> {
    let root = root();
    let begun = SystemTime::now();
    let mut cargo = Command::new("cargo");
    cargo.args(["bench", "--package", "medshare-benches"]);
    match binary {
        Some(name) => cargo.args(["--bench", name]),
        None => cargo.arg("--benches"),
    };
    run(cargo.arg("--").args(filter).current_dir(&root))?;

    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    let mut rows = BTreeMap::new();
    collect(&target.join("criterion"), begun, &mut rows)?;
    let report = json!({
        "commit": told("git", &["describe", "--always", "--dirty", "--abbrev=12"])?,
        "date": told("date", &["-u", "+%Y-%m-%dT%H:%M:%SZ"])?,
        "host": host(),
        "compiler": told("rustc", &["--version"])?,
        "median_ns": rows,
    });
    let path = target.join("bench.json");
    fs::write(&path, serde_json::to_string_pretty(&report)? + "\n")?;
    println!("{} rows: {}", rows.len(), path.display());
    Ok(())
}

fn told(program: &str, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(program);
    let told = output(command.args(arguments).current_dir(root()))?;
    Ok(told.trim().to_owned())
}

/// The class of machine, never its name: processor, threads, system.
fn host() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown processor", |text| {
        text.trim_start_matches([' ', '\t', ':'])
    });
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (system, processor) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("{model}, {threads} threads, {system} {processor}")
}

/// Median nanoseconds of the rows that criterion wrote after `begun`, by name.
fn collect(folder: &Path, begun: SystemTime, rows: &mut BTreeMap<String, f64>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        let estimates = path.join("estimates.json");
        let is_new = path.ends_with("new") && estimates.exists();
        if !is_new {
            collect(&path, begun, rows)?;
        } else if fs::metadata(&estimates)?.modified()? >= begun {
            let name = read(&path.join("benchmark.json"))?;
            let estimates = read(&estimates)?;
            if let (Some(name), Some(median)) = (
                name["full_id"].as_str(),
                estimates["median"]["point_estimate"].as_f64(),
            ) {
                rows.insert(name.to_owned(), median);
            }
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Value> {
    Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
}
