//! Compiling and testing mutants in a copy of the working tree.
//!
//! The copy and what is built of it stay in `target/mutants`, so the next run builds only what
//! changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{Mutant, Test};
use crate::Result;
use crate::command::output;
use crate::source::{self, Source};

/// Tests of one package: the path of each, and the program that has it.
type Programs = BTreeMap<String, PathBuf>;

/// A mutant may loop without end; a sound test takes less.
const LIMIT: Duration = Duration::from_secs(900);

struct Tree {
    folder: PathBuf,
    build: PathBuf,
    sources: Vec<Source>,
}

pub(super) fn run(root: &Path, mutants: &[Mutant]) -> Result<()> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    let tree = Tree {
        folder: target.join("mutants/tree"),
        build: target.join("mutants/build"),
        sources: source::all(root)?,
    };
    tree.reset()?;
    tree.check_unbroken(mutants)?;
    let mut survived = Vec::new();
    for mutant in mutants {
        let begun = Instant::now();
        let blind = tree.blind_tests(mutant);
        tree.reset()?;
        let blind = blind.map_err(|error| format!("{}: {error}", mutant.name))?;
        let verdict = match blind.as_slice() {
            [] => "noticed".to_owned(),
            tests => {
                survived.push(mutant.name.as_str());
                format!("SURVIVED {}", tests.join(" "))
            }
        };
        println!(
            "{:<36} {verdict}, {} s",
            mutant.name,
            begun.elapsed().as_secs()
        );
    }
    if survived.is_empty() {
        return Ok(());
    }
    Err(format!("not noticed: {}", survived.join(", ")).into())
}

impl Tree {
    /// Makes the copy equal to the working tree, and touches only files that differ: cargo judges by
    /// their times.
    fn reset(&self) -> Result<()> {
        let tracked: BTreeSet<PathBuf> = self
            .sources
            .iter()
            .map(|source| self.folder.join(&source.path))
            .collect();
        fs::create_dir_all(&self.folder)?;
        remove_others(&self.folder, &tracked)?;
        self.write(&self.sources)
    }

    fn write(&self, sources: &[Source]) -> Result<()> {
        for source in sources {
            let path = self.folder.join(&source.path);
            if fs::read_to_string(&path).is_ok_and(|text| text == source.text) {
                continue;
            }
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(path, &source.text)?;
        }
        Ok(())
    }

    /// All tests that any mutant names must pass on the code as it is.
    fn check_unbroken(&self, mutants: &[Mutant]) -> Result<()> {
        let begun = Instant::now();
        let tests: BTreeSet<&Test> = mutants.iter().flat_map(|mutant| &mutant.tests).collect();
        let packages: BTreeSet<&str> = tests.iter().map(|test| test.package.as_str()).collect();
        for package in packages {
            let programs = self.programs(package)?;
            for test in tests.iter().filter(|test| test.package == package) {
                if !self.passes(test, &programs)? {
                    return Err(format!("{} fails on the unbroken code", test.name).into());
                }
            }
        }
        println!(
            "unbroken: {} tests pass, {} s",
            tests.len(),
            begun.elapsed().as_secs()
        );
        Ok(())
    }

    /// Names of the mutant's tests that pass although the code is broken.
    fn blind_tests(&self, mutant: &Mutant) -> Result<Vec<String>> {
        self.write(&mutant.apply(&self.sources)?)?;
        let mut blind = Vec::new();
        let packages: BTreeSet<&str> = mutant
            .tests
            .iter()
            .map(|test| test.package.as_str())
            .collect();
        for package in packages {
            let programs = self.programs(package)?;
            for test in mutant.tests.iter().filter(|test| test.package == package) {
                if self.passes(test, &programs)? {
                    blind.push(test.name.clone());
                }
            }
        }
        Ok(blind)
    }

    /// Builds the tests of a package and lists them.
    fn programs(&self, package: &str) -> Result<Programs> {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(&self.folder);
        cargo.env("CARGO_TARGET_DIR", &self.build);
        cargo.args(["test", "--quiet", "--no-run", "--message-format=json"]);
        cargo.args(["--config=profile.dev.debug=false", "--all-features"]);
        cargo.args(["--lib", "--tests", "--package", package]);
        let messages = output(&mut cargo)?;
        let mut programs = Programs::new();
        for line in messages.lines() {
            let message: serde_json::Value = serde_json::from_str(line)?;
            let Some(program) = message["executable"].as_str() else {
                continue;
            };
            let list = output(Command::new(program).args(["--list", "--format=terse"]))?;
            let tests = list.lines().filter_map(|line| line.strip_suffix(": test"));
            programs.extend(tests.map(|test| (test.to_owned(), PathBuf::from(program))));
        }
        Ok(programs)
    }

    fn passes(&self, test: &Test, programs: &Programs) -> Result<bool> {
        let end = format!("::{}", test.name);
        let mut named = programs
            .iter()
            .filter(|(name, _)| **name == test.name || name.ends_with(&end));
        let (Some((name, program)), None) = (named.next(), named.next()) else {
            return Err(format!("{} does not name one test of {}", test.name, test.package).into());
        };
        let mut command = Command::new(program);
        command.current_dir(self.folder.join(&test.package));
        command.env("RUST_BACKTRACE", "0");
        command.args(["--exact", name]);
        succeeds_in_time(command.stdout(Stdio::null()).stderr(Stdio::null()))
    }
}

fn remove_others(folder: &Path, kept: &BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, kept)?;
        } else if !kept.contains(&path) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Whether the program succeeds within [`LIMIT`]; later it is killed.
fn succeeds_in_time(command: &mut Command) -> Result<bool> {
    let begun = Instant::now();
    let mut child = command.spawn()?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if begun.elapsed() > LIMIT {
            child.kill()?;
            child.wait()?;
            return Ok(false);
        }
        thread::sleep(Duration::from_millis(20));
    }
}
