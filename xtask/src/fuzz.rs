//! `cargo xtask fuzz`: each property of the list for a while, with a corpus of its own.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::command::{output, run};
use crate::{Result, root};

/// Fuzzes the properties named, or all, for so many seconds each.
///
/// # Errors
/// A property that fails, and a build that does.
pub fn fuzz(seconds: u32, names: &[String]) -> Result<()> {
    let folder = root().join("fuzz");
    let cargo = || {
        let mut command = Command::new("cargo");
        command.current_dir(&folder);
        command
    };
    let fuzz = |task: &str| {
        let mut command = cargo();
        command.args(["fuzz", task, "--fuzz-dir", ".", "--sanitizer", "none"]);
        command.arg("property");
        command
    };
    run(&mut fuzz("build"))?;
    let known = output(cargo().args(["run", "--quiet", "--example", "seeds"]))?;
    let chosen: Vec<&str> = match names {
        [] => known.lines().collect(),
        names => names.iter().map(String::as_str).collect(),
    };
    for name in chosen {
        if !known.lines().any(|other| other == name) {
            return Err(format!("no property is called {name}").into());
        }
        println!("=== {name}");
        let artifacts = format!("artifacts/{name}/");
        // A finding of an earlier run says nothing about the code as it is now.
        clear(&folder.join(&artifacts))?;
        let mut command = fuzz("run");
        command.env("PROPERTY", name);
        command.args([&format!("corpus/{name}"), "--"]);
        command.arg(format!("-max_total_time={seconds}"));
        command.arg(format!("-artifact_prefix={artifacts}"));
        command.arg("-print_final_stats=1");
        if name.ends_with("_text") {
            command.arg("-dict=dictionary");
        }
        run(&mut command).map_err(|error| format!("{name}: {error}; see fuzz/{artifacts}"))?;
    }
    Ok(())
}

fn clear(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(fs::create_dir_all(folder)?)
}
