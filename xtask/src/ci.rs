//! `cargo xtask ci`: everything that must hold before a change lands, in one list.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::command::{run, shown};
use crate::measures::{self, Options};
use crate::{Result, api, deny, mutants, root};

/// Crates that are never published, and so are not packed either.
const UNPUBLISHED: [&str; 7] = [
    "medshare-testkit",
    "medshare-simulation",
    "medshare-model",
    "medshare-examples",
    "medshare-benches",
    "medshare-soak",
    "xtask",
];

/// Runs all steps, cheap ones first, and stops at the first that fails.
///
/// Needs Rust with rustfmt and clippy, a C compiler, Python 3.10 or later with venv and PyPI for
/// the vectors, and for the wasm builds what `.ci/wasm` finds or installs.
///
/// # Errors
/// The first step that fails.
pub fn ci() -> Result<()> {
    let root = root();
    let cargo = |line: &str| timed(words("cargo", line).current_dir(&root));

    cargo("fmt --all --check")?;
    task("deny", deny::check)?;
    task("mutants --check", || mutants::mutants(&[], true))?;
    task("measures", || measures::run(&root, &Options::default()))?;
    cargo("clippy --locked --workspace --all-targets --all-features -- -D warnings")?;
    let doc = "doc --locked --workspace --no-deps --all-features";
    timed(
        words("cargo", doc)
            .env("RUSTDOCFLAGS", "-D warnings")
            .current_dir(&root),
    )?;
    task("api", || api::check(false))?;

    test(&[])?;
    // Each deliberate fault of the replica is noticed, and of the node around it.
    cargo(
        "test --locked --package medshare-testkit --package medshare-simulation \
         --features medshare-testkit/mutants,medshare-simulation/mutants mutants",
    )?;
    swarm(&[])?;
    let demo = Folder::new()?;
    let built = built(&root)?;
    examples(&root, &built, &demo.0)?;
    soak(&built, &demo.0)?;
    vectors()?;
    timed(&mut Command::new(root.join(".ci/outside/run")))?;
    timed(&mut Command::new(root.join(".ci/wasm")))?;

    let mut package = words(
        "cargo",
        "package --locked --quiet --no-verify --allow-dirty --workspace",
    );
    for name in UNPUBLISHED {
        package.args(["--exclude", name]);
    }
    timed(package.current_dir(&root))
}

/// `cargo test` on the whole workspace, as the README has it.
///
/// # Errors
/// A test that fails.
pub fn test(arguments: &[String]) -> Result<()> {
    let mut command = words("cargo", "test --workspace");
    timed(command.args(arguments).current_dir(root()))
}

/// Simulates runs of the consensus, in a build of its own: with test signatures, which no application
/// can be built with, a seed costs a third.
///
/// # Errors
/// A seed that breaks a property or stalls.
pub fn swarm(arguments: &[String]) -> Result<()> {
    let root = root();
    let line = "run --locked --profile simulation --package medshare-testkit --example swarm";
    let mut command = words("cargo", line);
    command
        .arg("--target-dir")
        .arg(root.join("target/simulation"))
        .arg("--")
        .args(arguments)
        .env("RUSTFLAGS", "--cfg medshare_test_signatures");
    timed(command.current_dir(&root))
}

/// Computes the test vectors of medshare-abe again, in Python.
///
/// # Errors
/// A vector that comes out differently.
pub fn vectors() -> Result<()> {
    timed(&mut Command::new(root().join(".ci/vectors")))
}

/// Ninety seconds of the run that takes a day before a release.
fn soak(built: &Path, demo: &Path) -> Result<()> {
    let folder = demo.join("soak");
    timed(words(built.join("medshare-soak"), "--for 90s --seed 9 --dir").arg(folder))
}

/// The README's first command, and what the other examples promise.
fn examples(root: &Path, built: &Path, demo: &Path) -> Result<()> {
    timed(words("cargo", "run --release --example quickstart").current_dir(root))?;
    let example = |name: &str, arguments: &[&Path]| {
        timed(Command::new(built.join("examples").join(name)).args(arguments))
    };
    let walk = demo.join("run");
    // The second run reopens the same consortium; another process verifies the receipt.
    for json in ["first.json", "second.json"] {
        let json = demo.join(json);
        let arguments = [Path::new("--dir"), &walk, Path::new("--json"), &json];
        example("walkthrough", &arguments)?;
    }
    let (receipt, anchor) = (walk.join("receipt"), walk.join("trust-anchor"));
    example("verify_receipt", &[&receipt, &anchor])?;
    example(
        "referral_service",
        &[Path::new("--referrals"), Path::new("9")],
    )?;
    example("node_conversion", &[])?;
    example("attributes", &[Path::new("--rounds"), Path::new("3")])
}

/// Builds what the steps after the tests run, in the tests' own profile and features, so that next to
/// nothing is compiled: an optimised build takes two minutes to link for each. Returns the folder.
fn built(root: &Path) -> Result<PathBuf> {
    let line = "build --locked --workspace --bins --examples";
    timed(words("cargo", line).current_dir(root))?;
    // Beside this program, which cargo built as well.
    let program = std::env::current_exe()?;
    let folder = program.parent().ok_or("this program is in no folder")?;
    Ok(folder.to_owned())
}

/// A folder that goes when the run ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let name = format!("medshare-ci-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left over is in the system's folder for such files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn words(program: impl AsRef<OsStr>, line: &str) -> Command {
    let mut command = Command::new(program);
    command.args(line.split(' '));
    command
}

fn timed(command: &mut Command) -> Result<()> {
    let name = shown(command);
    task(&name, || run(command))
}

fn task(name: &str, act: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("\n=== {name}");
    let begun = Instant::now();
    act()?;
    println!("--- {} s", begun.elapsed().as_secs());
    Ok(())
}
