//! Crates depend on each other as `ARCHITECTURE.md` draws, and only some on the runtime and on the
//! curve library; files of a crate import each other in one direction; no crate outgrows the others;
//! every property is fuzzed.

#![allow(clippy::expect_used, reason = "tests fail by panicking")]

use std::collections::BTreeSet;

use xtask::packages::{self, LARGEST_SHARE};
use xtask::{modules, source};

/// Crates that may know the runtime, and those that may know the elliptic curve library.
const WITH_TOKIO: [&str; 7] = [
    "medshare-host",
    "medshare-node",
    "medshare-sdk",
    "medshare-store",
    "medshare-examples",
    "medshare-soak",
    "medshare-simulation",
];
const WITH_ARKWORKS: [&str; 3] = ["medshare-curve", "medshare-abe", "medshare-threshold"];

#[test]
fn the_arrows_are_those_of_the_drawing() {
    let root = xtask::root();
    let sources = source::all(&root).expect("sources");
    let packages = packages::all(&root).expect("metadata");
    let differences = packages::arrows(&root, &sources, &packages).expect("a drawing");
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
fn the_runtime_and_the_curve_library_stay_where_they_belong() {
    for package in packages::all(&xtask::root()).expect("metadata") {
        let name = package.name.as_str();
        let has = |prefix: &str| {
            let mut dependencies = package.dependencies.iter();
            dependencies.any(|other| other.starts_with(prefix))
        };
        assert!(
            !has("tokio") || WITH_TOKIO.contains(&name),
            "{name} uses tokio"
        );
        assert!(
            !has("ark-") || WITH_ARKWORKS.contains(&name),
            "{name} uses arkworks"
        );
    }
}

/// Applications are built from these crates: none compiles with signatures that prove nothing.
#[test]
fn no_application_is_built_with_test_signatures() {
    const ALLOWED: [&str; 4] = [
        "medshare-types/src/sign.rs",
        "medshare-types/src/sign/simulated.rs",
        "medshare-testkit/src/",
        "medshare-testkit/tests/",
    ];
    let cfg = "medshare_test_signatures";
    let refusal = format!("#[cfg({cfg})]\ncompile_error!(");
    let sources = source::all(&xtask::root()).expect("sources");
    for name in ["host", "ledger", "node", "sdk"] {
        let path = format!("medshare-{name}/src/lib.rs");
        let mut of_name = sources.iter().filter(|source| source.path == path);
        let root = of_name.next().expect("a crate");
        assert!(root.text.contains(&refusal), "{path}");
    }
    let elsewhere = sources.iter().filter(|source| {
        let text = source.text.replace(&refusal, "");
        let allowed = ALLOWED.iter().any(|path| source.path.starts_with(path));
        let is_told = source.path.ends_with(".md") || source.path == "Cargo.toml";
        text.contains(cfg) && !allowed && !is_told && !source.path.starts_with("xtask/")
    });
    let elsewhere: Vec<_> = elsewhere.map(|source| &source.path).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}

#[test]
fn no_imports_go_in_a_circle() {
    let sources = source::all(&xtask::root()).expect("sources");
    let circles = modules::circles(&sources).expect("Rust");
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn no_crate_is_larger_than_its_share() {
    let sources = source::all(&xtask::root()).expect("sources");
    let (lines, total) = packages::shares(&sources);
    let large: Vec<_> = lines
        .iter()
        .filter(|(_, lines)| *lines > total / LARGEST_SHARE)
        .collect();
    assert!(large.is_empty(), "of {total} lines: {large:?}");
}

/// Fuzzing and the robustness tests go through one list: each property must be in it.
#[test]
fn every_property_is_fuzzed() {
    let sources = source::all(&xtask::root()).expect("sources");
    let properties = sources.iter().find(|source| {
        source.path.starts_with("medshare-abe/tests/") && source.path.ends_with("/properties.rs")
    });
    let text = &properties.expect("the properties").text;
    let (_, list) = text.split_once("pub const PROPERTIES").expect("the list");
    let (list, _) = list.split_once("\n];").expect("its end");
    let listed: BTreeSet<&str> = list
        .lines()
        .filter_map(|line| line.trim().strip_prefix('(')?.strip_suffix("),"))
        .map(|entry| {
            let (name, function) = entry.split_once(", ").expect("a name and a function");
            assert_eq!(name.trim_matches('"'), function, "one name for both");
            function
        })
        .collect();
    let written = text.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("pub fn ")?.split_once('(')?;
        rest.starts_with("bytes: &[u8])").then_some(name)
    });
    assert!(!listed.is_empty());
    assert_eq!(written.collect::<BTreeSet<_>>(), listed);
}
