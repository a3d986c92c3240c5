//! `cargo xtask deny`: licences, sources, bans and duplicate versions of dependencies by
//! `deny.toml`, and the compiler's version.
//!
//! The file is cargo-deny's, and `cargo deny check bans licenses sources` judges the same. This
//! check needs nothing that is not installed, so CI can afford it. Advisories need the network and
//! are left to cargo-deny.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::command::output;
use crate::{Result, root};

/// Checks the dependencies and the compiler's version.
///
/// # Errors
/// Everything that `deny.toml` does not allow, one line each.
pub fn check() -> Result<()> {
    let root = root();
    let mut metadata = Command::new("cargo");
    metadata.args([
        "metadata",
        "--format-version=1",
        "--locked",
        "--all-features",
    ]);
    metadata.args(["--filter-platform", TARGET]);
    let metadata: Value = serde_json::from_str(&output(metadata.current_dir(&root))?)?;
    let rules = Rules::read(&fs::read_to_string(root.join("deny.toml"))?);

    let mut faults = compiler()?;
    let mut versions = BTreeMap::<&str, BTreeSet<&str>>::new();
    let used = used(&metadata);
    let mut registry = None;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    for package in packages {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        let (name, version) = (text("name"), text("version"));
        let source = package["source"].as_str().unwrap_or_default();
        if !source.is_empty() {
            // Packages come from one registry, never from a repository.
            let first = *registry.get_or_insert(source);
            if source != first || !source.starts_with("registry+") {
                faults.push(format!("{name} {version} comes from {source}"));
            }
        }
        if !rules.allows(text("license")) {
            faults.push(format!(
                "{name} {version} has the licence `{}`",
                text("license")
            ));
        }
        if rules.banned.contains(name) {
            faults.push(format!("{name} {version} is banned"));
        }
        if used.contains(text("id")) {
            versions.entry(name).or_default().insert(version);
        }
    }
    faults.extend(rules.duplicates(&versions));
    if faults.is_empty() {
        return Ok(());
    }
    Err(faults.join("\n").into())
}

/// Dependencies that only other systems take are not judged.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Ids of the packages that builds need, tests aside.
fn used(metadata: &Value) -> BTreeSet<&str> {
    let nodes = metadata["resolve"]["nodes"]
        .as_array()
        .into_iter()
        .flatten();
    let nodes: BTreeMap<&str, &Value> = nodes
        .filter_map(|node| Some((node["id"].as_str()?, node)))
        .collect();
    let members = metadata["workspace_members"]
        .as_array()
        .into_iter()
        .flatten();
    let mut open: Vec<&str> = members.filter_map(Value::as_str).collect();
    let mut used = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !used.insert(id) {
            continue;
        }
        let dependencies = nodes.get(id).and_then(|node| node["deps"].as_array());
        for dependency in dependencies.into_iter().flatten() {
            let mut kinds = dependency["dep_kinds"].as_array().into_iter().flatten();
            if kinds.any(|kind| kind["kind"] != "dev") {
                open.extend(dependency["pkg"].as_str());
            }
        }
    }
    used
}

/// The oldest compiler that the manifests promise is the one that builds here.
fn compiler() -> Result<Vec<String>> {
    let read = |file: &str, key: &str| -> Result<String> {
        let text = fs::read_to_string(root().join(file))?;
        let line = text.lines().find_map(|line| line.strip_prefix(key));
        let value = line.and_then(|line| line.split('"').nth(1));
        Ok(value
            .ok_or_else(|| format!("{file} lacks {key}"))?
            .to_owned())
    };
    let promised = read("Cargo.toml", "rust-version = ")?;
    let pinned = read("rust-toolchain.toml", "channel = ")?;
    let running = output(Command::new("rustc").arg("--version").current_dir(root()))?;
    let mut faults = Vec::new();
    if !pinned.starts_with(&format!("{promised}.")) {
        let fault = format!("rust-version is {promised}, rust-toolchain.toml has {pinned}");
        faults.push(fault);
    }
    if !running.starts_with(&format!("rustc {pinned} ")) {
        faults.push(format!(
            "rust-toolchain.toml has {pinned}, {} runs",
            running.trim()
        ));
    }
    Ok(faults)
}

/// What this check reads of `deny.toml`.
struct Rules {
    licences: BTreeSet<String>,
    banned: BTreeSet<String>,
    /// `name@version`: the older versions that are known to be there twice.
    skipped: BTreeSet<String>,
}

impl Rules {
    fn read(text: &str) -> Self {
        Self {
            licences: array(text, "licenses", "allow"),
            banned: array(text, "bans", "deny"),
            skipped: array(text, "bans", "skip"),
        }
    }

    /// `A OR B` needs one allowed, `A AND B` both; parentheses stand only around an OR.
    fn allows(&self, expression: &str) -> bool {
        let expression = expression.replace('/', " OR ");
        expression.split(" AND ").all(|term| {
            let term = term.trim_matches(|c| c == '(' || c == ')');
            let mut options = term.split(" OR ").map(str::trim);
            options.any(|name| self.licences.contains(name))
        })
    }

    /// Names with more than one version that is not skipped, and skips that skip nothing.
    fn duplicates(&self, versions: &BTreeMap<&str, BTreeSet<&str>>) -> Vec<String> {
        let mut faults = Vec::new();
        let mut idle = self.skipped.clone();
        for (name, versions) in versions {
            let skips = |version: &&&str| {
                let exact = format!("{name}@{version}");
                self.skipped.contains(&exact)
            };
            if versions.len() > 1 {
                for version in versions.iter().filter(skips) {
                    idle.remove(&format!("{name}@{version}"));
                }
            }
            if versions.iter().filter(|version| !skips(version)).count() > 1 {
                let list: Vec<&str> = versions.iter().copied().collect();
                faults.push(format!("{name} is there as {}", list.join(" and ")));
            }
        }
        let idle = idle.iter();
        faults.extend(idle.map(|skip| format!("deny.toml skips {skip} for nothing")));
        faults
    }
}

/// The first text of each line of the array `key` in the section.
fn array(text: &str, section: &str, key: &str) -> BTreeSet<String> {
    let head = format!("[{section}]");
    let begin = format!("{key} = [");
    let section = text
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != head)
        .skip(1)
        .take_while(|line| !(line.starts_with('[') && line.ends_with(']')));
    let array = section.skip_while(|line| *line != begin).skip(1);
    let array = array.take_while(|line| *line != "]");
    let first = |line: &str| Some(line.split('"').nth(1)?.to_owned());
    array.filter_map(first).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "[licenses]\nallow = [\n    \"MIT\",\n    \"ISC\",\n]\n[bans]\nskip = [\n    \
                         { crate = \"a@1.0.0\", reason = \"b\" },\n    { crate = \"c@1.0.0\" },\n]\n";

    #[test]
    fn licences_are_expressions() {
        let rules = Rules::read(RULES);
        for good in [
            "MIT",
            "Apache-2.0 OR MIT",
            "Apache-2.0/ISC",
            "(GPL-3.0 OR MIT) AND ISC",
        ] {
            assert!(rules.allows(good), "{good}");
        }
        for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "MIT-0"] {
            assert!(!rules.allows(bad), "{bad}");
        }
    }

    #[test]
    fn duplicates_are_skipped_by_version_and_skips_must_skip() {
        let rules = Rules::read(RULES);
        let a = ("a", BTreeSet::from(["1.0.0", "2.0.0"]));
        let d = ("d", BTreeSet::from(["1.0.0", "1.1.0"]));
        let faults = rules.duplicates(&BTreeMap::from([a, d]));
        let expected = [
            "d is there as 1.0.0 and 1.1.0",
            "deny.toml skips c@1.0.0 for nothing",
        ];
        assert_eq!(faults, expected);
    }
}
