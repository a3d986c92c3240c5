//! The crates depend on each other as `ARCHITECTURE.md` draws, no library is used where it must not
//! be, and every property has its fuzz target.

#![allow(clippy::expect_used, reason = "tests fail by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use xtask::{packages, source};

/// Crates that may know the runtime, and those that may know the elliptic curve library.
const WITH_TOKIO: [&str; 4] = [
    "medshare-host",
    "medshare-node",
    "medshare-sdk",
    "medshare-examples",
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
