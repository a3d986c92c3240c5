//! The crates depend on each other as `ARCHITECTURE.md` draws, and on nothing that it keeps out; and
//! every property has its fuzz target.

#![allow(clippy::expect_used, reason = "tests fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What each crate may depend on within the workspace, tests aside.
const ALLOWED: [(&str, &[&str]); 12] = [
    ("medshare-types", &[]),
    ("medshare-curve", &["types"]),
    ("medshare-abe", &["types", "curve"]),
    ("medshare-threshold", &["types", "curve", "abe"]),
    ("medshare-consensus", &["types"]),
    ("medshare-ledger", &["types"]),
    ("medshare-contract", &["types", "curve"]),
    (
        "medshare-node",
        &["types", "consensus", "ledger", "contract", "threshold"],
    ),
    (
        "medshare-sdk",
        &["types", "abe", "ledger", "contract", "threshold", "node"],
    ),
    ("medshare-testkit", &["types", "consensus"]),
    ("medshare-examples", &["types", "abe", "sdk"]),
    ("medshare-benches", &["types", "curve", "abe", "threshold"]),
];

/// Crates that may know the runtime, and those that may know the elliptic curve library.
const WITH_TOKIO: [&str; 3] = ["medshare-node", "medshare-sdk", "medshare-examples"];
const WITH_ARKWORKS: [&str; 3] = ["medshare-curve", "medshare-abe", "medshare-threshold"];

/// Normal dependencies of every crate of the workspace.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |value: &Value| value.as_str().expect("a string").to_owned();
    let list = |value: &Value| value.as_array().expect("a list").clone();
    list(&metadata["packages"])
        .iter()
        .map(|package| {
            let dependencies = list(&package["dependencies"]);
            let normal = dependencies
                .iter()
                .filter(|dependency| dependency["kind"].is_null());
            (
                text(&package["name"]),
                normal.map(|dependency| text(&dependency["name"])).collect(),
            )
        })
        .collect()
}

#[test]
fn dependencies_point_as_drawn() {
    let found = dependencies();
    let allowed: BTreeMap<_, _> = ALLOWED.into_iter().collect();
    let names: BTreeSet<_> = found.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        allowed.keys().copied().collect(),
        "a crate is missing from the drawing"
    );
    for (name, dependencies) in &found {
        for ours in dependencies
            .iter()
            .filter_map(|name| name.strip_prefix("medshare-"))
        {
            let may = allowed
                .get(name.as_str())
                .is_some_and(|may| may.contains(&ours));
            assert!(may, "{name} must not depend on medshare-{ours}");
        }
    }
}

#[test]
fn the_runtime_and_the_curve_library_stay_where_they_belong() {
    for (name, dependencies) in dependencies() {
        let has = |prefix: &str| dependencies.iter().any(|other| other.starts_with(prefix));
        assert!(
            !has("tokio") || WITH_TOKIO.contains(&name.as_str()),
            "{name} uses tokio"
        );
        assert!(
            !has("ark-") || WITH_ARKWORKS.contains(&name.as_str()),
            "{name} uses arkworks"
        );
    }
}

/// The properties of medshare-abe's tests, the binaries of the fuzz crate, and the files of its
/// targets, each of which tries the property that it is named after.
#[test]
fn every_property_is_fuzzed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| fs::read_to_string(root.join(path)).expect("a file");
    let properties = read("medshare-abe/tests/common/properties.rs");
    let (_, list) = properties
        .split_once("pub const PROPERTIES")
        .expect("the list");
    let (list, _) = list.split_once("\n];").expect("its end");
    let quoted = |line: &str| line.split('"').nth(1).expect("a name").to_owned();
    let entries = list.lines().filter(|line| line.contains('"'));
    let properties: BTreeSet<String> = entries.map(quoted).collect();
    assert!(!properties.is_empty());

    let manifest = read("fuzz/Cargo.toml");
    let binaries = manifest.split("[[bin]]").skip(1);
    let binaries = binaries.map(|bin| {
        let name = bin.lines().find(|line| line.starts_with("name = "));
        let name = quoted(name.expect("a name"));
        let path = format!("path = \"fuzz_targets/{name}.rs\"");
        assert!(bin.contains(&path), "{name} is another file's");
        name
    });
    assert_eq!(binaries.collect::<BTreeSet<_>>(), properties);

    let files = fs::read_dir(root.join("fuzz/fuzz_targets")).expect("a folder");
    let files = files.map(|file| {
        let file = file.expect("a file").file_name();
        let file = file.to_str().expect("text");
        let name = file.strip_suffix(".rs").expect("a source").to_owned();
        let source = read(&format!("fuzz/fuzz_targets/{file}"));
        let call = format!("medshare_fuzz::properties::{name}(bytes)");
        assert!(source.contains(&call), "{file} tries another property");
        name
    });
    assert_eq!(files.collect::<BTreeSet<_>>(), properties);
}
