//! The crates depend on each other as `ARCHITECTURE.md` draws, and on nothing that it keeps out.

#![allow(clippy::expect_used, reason = "tests fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};
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
