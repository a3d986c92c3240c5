//! `cargo xtask api`: the public interface of each published crate as text in `docs/api`, so that a
//! review sees what changes in it.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::command::run;
use crate::packages::{self, Package};
use crate::{Result, root};

/// Compares the interfaces with `docs/api`, or writes them there.
///
/// # Errors
/// A difference, and a crate that rustdoc does not compile.
pub fn check(bless: bool) -> Result<()> {
    // The library that reads rustdoc's JSON is only compiled for this task.
    if cfg!(not(feature = "api")) {
        let mut cargo = Command::new("cargo");
        cargo.args(["run", "--quiet", "--package", "xtask", "--features", "api"]);
        cargo.args(["--", "api"]).args(bless.then_some("--bless"));
        return run(cargo.current_dir(root()));
    }
    let root = root();
    let folder = root.join("docs/api");
    fs::create_dir_all(&folder)?;
    let packages = packages::all(&root)?;
    let mut differences = Vec::new();
    for package in packages.iter().filter(|package| package.published) {
        let file = folder.join(format!("{}.txt", package.name));
        let listed = fs::read_to_string(&file).unwrap_or_default();
        let found = interface(&root, package)?;
        if bless {
            fs::write(&file, found)?;
        } else if listed != found {
            println!("{}", difference(&package.name, &listed, &found));
            differences.push(package.name.as_str());
        }
    }
    if differences.is_empty() {
        return Ok(());
    }
    let names = differences.join(", ");
    Err(format!("interfaces changed: {names}. If that is meant: cargo xtask api --bless").into())
}

/// Lines that one of both has alone; the order of lines is that of the library.
fn difference(name: &str, listed: &str, found: &str) -> String {
    let only = |a: &str, b: &str, mark: char| -> String {
        let b: std::collections::BTreeSet<&str> = b.lines().collect();
        let lines = a.lines().filter(|line| !b.contains(line));
        lines.map(|line| format!("{mark} {line}\n")).collect()
    };
    let gone = only(listed, found, '-');
    let new = only(found, listed, '+');
    format!("{name}:\n{gone}{new}")
}

#[cfg(feature = "api")]
fn interface(root: &Path, package: &Package) -> Result<String> {
    let mut cargo = Command::new("cargo");
    cargo.args(["rustdoc", "--quiet", "--locked", "--all-features", "--lib"]);
    cargo.args(["--package", &package.name]);
    cargo.args(["--", "-Z", "unstable-options", "--output-format", "json"]);
    // JSON is unstable, so the wrapper lets rustdoc, and only rustdoc, use what is unstable.
    cargo.env("RUSTDOC", root.join(".ci/rustdoc-unstable"));
    run(cargo.current_dir(root))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), Into::into);
    let file = format!("doc/{}.json", package.name.replace('-', "_"));
    let interface = public_api::Builder::from_rustdoc_json(target.join(file))
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()?;
    Ok(interface.to_string())
}

#[cfg(not(feature = "api"))]
fn interface(_: &Path, _: &Package) -> Result<String> {
    Err("built without the feature api".into())
}
