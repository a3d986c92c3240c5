//! The workspace's crates and their dependencies, beside the drawing in `ARCHITECTURE.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use proc_macro2::TokenTree;
use serde_json::Value;

use crate::command::output;
use crate::source::{Source, inside};
use crate::{Finding, Result};

/// A crate's share of all lines below `medshare-*/src/` must not be larger than 1/4.
pub const LARGEST_SHARE: usize = 4;

/// One crate of the workspace.
#[derive(Debug, Clone)]
pub struct Package {
    /// As in `Cargo.toml`, with hyphens.
    pub name: String,
    /// The manifest's folder, from the repository's top.
    pub folder: String,
    /// Names of the normal dependencies: those of builds, not of tests.
    pub dependencies: BTreeSet<String>,
    /// Names of all dependencies, tests and build scripts included.
    pub all_dependencies: BTreeSet<String>,
    /// Programs under `tests/`, without the library's own unit tests.
    pub test_binaries: Vec<String>,
    /// Whether `cargo publish` may take it.
    pub published: bool,
}

/// All crates of the workspace, as `cargo metadata` tells them.
///
/// # Errors
/// A workspace that cargo cannot read.
pub fn all(root: &Path) -> Result<Vec<Package>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["metadata", "--format-version=1", "--no-deps", "--offline"]);
    let metadata: Value = serde_json::from_str(&output(command.current_dir(root))?)?;
    let root = text(&metadata["workspace_root"])?;
    list(&metadata["packages"])?
        .iter()
        .map(|package| read(package, &root))
        .collect()
}

fn read(package: &Value, root: &str) -> Result<Package> {
    let manifest = text(&package["manifest_path"])?;
    let folder = manifest
        .strip_prefix(root)
        .and_then(|path| path.strip_suffix("/Cargo.toml"))
        .ok_or("a manifest outside the workspace")?;
    let mut dependencies = BTreeSet::new();
    let mut all_dependencies = BTreeSet::new();
    for dependency in list(&package["dependencies"])? {
        let name = text(&dependency["rename"]).or_else(|_| text(&dependency["name"]))?;
        if dependency["kind"].is_null() {
            dependencies.insert(name.clone());
        }
        all_dependencies.insert(name);
    }
    let mut test_binaries = Vec::new();
    for target in list(&package["targets"])? {
        if list(&target["kind"])?.iter().any(|kind| kind == "test") {
            test_binaries.push(text(&target["name"])?);
        }
    }
    Ok(Package {
        name: text(&package["name"])?,
        folder: folder.trim_start_matches('/').to_owned(),
        dependencies,
        all_dependencies,
        test_binaries,
        published: package["publish"].is_null(),
    })
}

fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().ok_or("metadata without a text")?.to_owned())
}

fn list(value: &Value) -> Result<&Vec<Value>> {
    Ok(value.as_array().ok_or("metadata without a list")?)
}

/// What each crate uses, by the first two columns of the table in `ARCHITECTURE.md` whose head is
/// `| crate | uses |`. Names of the workspace's crates stand there without `medshare-`.
///
/// # Errors
/// A page without the table.
pub fn drawn(root: &Path) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let page = fs::read_to_string(root.join("ARCHITECTURE.md"))?;
    let (_, table) = page
        .split_once("| crate | uses |")
        .ok_or("ARCHITECTURE.md lacks the table `| crate | uses |`")?;
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    Ok(rows
        .map(|row| {
            let mut cells = row.split('|').skip(1);
            let name = cells.next().unwrap_or_default().replace('`', "");
            let uses = cells.next().unwrap_or_default().replace('`', "");
            let uses = uses.split(',').map(|name| name.trim().to_owned());
            let uses = uses.filter(|name| !matches!(name.as_str(), "" | "none"));
            (name.trim().to_owned(), uses.collect())
        })
        .collect())
}

/// Differences between the drawing, the manifests, and the paths in the code, in all directions.
///
/// # Errors
/// As [`drawn`], and sources that are not Rust.
pub fn arrows(root: &Path, sources: &[Source], packages: &[Package]) -> Result<Vec<Finding>> {
    let mut drawn = drawn(root)?;
    let mut findings = Vec::new();
    let mut find = |file: String, text: String| {
        findings.push(Finding {
            file,
            line: 0,
            text,
        })
    };
    for package in packages {
        let short = |name: &String| name.strip_prefix("medshare-").map(str::to_owned);
        let declared: BTreeSet<String> = package.dependencies.iter().filter_map(short).collect();
        let used: BTreeSet<String> = used(sources, package)?
            .into_iter()
            .filter_map(|name| short(&name.replace('_', "-")))
            .collect();
        let manifest = format!("{}/Cargo.toml", package.folder);
        let Some(drawn) = drawn.remove(&package.name) else {
            find(
                "ARCHITECTURE.md".into(),
                format!("{} is not drawn", package.name),
            );
            continue;
        };
        for name in drawn.difference(&declared) {
            find(manifest.clone(), format!("lacks {name}, which is drawn"));
        }
        for name in declared.difference(&drawn) {
            find(manifest.clone(), format!("uses {name}, which is not drawn"));
        }
        for name in declared.difference(&used) {
            find(
                manifest.clone(),
                format!("names {name}, which the code does not use"),
            );
        }
    }
    for name in drawn.keys() {
        find(
            "ARCHITECTURE.md".into(),
            format!("{name} is drawn, but is no crate"),
        );
    }
    Ok(findings)
}

/// Dependencies of a crate, and of the workspace, that no source names.
///
/// # Errors
/// A workspace manifest that cannot be read.
pub fn unused(root: &Path, sources: &[Source], packages: &[Package]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for package in packages {
        let folder = format!("{}/", package.folder);
        let own: Vec<&Source> = sources
            .iter()
            .filter(|source| source.is_rust() && source.path.starts_with(&folder))
            .collect();
        for name in &package.all_dependencies {
            let identifier = name.replace('-', "_");
            if !own.iter().any(|source| has_word(&source.text, &identifier)) {
                findings.push(Finding {
                    file: format!("{folder}Cargo.toml"),
                    line: 0,
                    text: format!("{name} is not used"),
                });
            }
        }
    }
    let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
    let (_, shared) = manifest
        .split_once("[workspace.dependencies]")
        .ok_or("Cargo.toml lacks [workspace.dependencies]")?;
    let shared = shared.lines().take_while(|line| !line.starts_with('['));
    for (name, _) in shared.filter_map(|line| line.split_once(" = ")) {
        if !packages
            .iter()
            .any(|package| package.all_dependencies.contains(name))
        {
            findings.push(Finding {
                file: "Cargo.toml".into(),
                line: 0,
                text: format!("no crate takes {name}"),
            });
        }
    }
    Ok(findings)
}

fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let continues = |c: char| c.is_alphanumeric() || c == '_';
        !text[..at].ends_with(continues) && !text[at + word.len()..].starts_with(continues)
    })
}

/// Lines of each `medshare-*` crate's production code, largest first, and their sum.
#[must_use]
pub fn shares(sources: &[Source]) -> (Vec<(String, usize)>, usize) {
    let mut lines = BTreeMap::<String, usize>::new();
    for source in sources.iter().filter(|source| source.is_production()) {
        if let Some((name, _)) = source.path.split_once("/src/")
            && name.starts_with("medshare-")
        {
            *lines.entry(name.to_owned()).or_default() += source.text.lines().count();
        }
    }
    let total = lines.values().sum();
    let mut lines: Vec<(String, usize)> = lines.into_iter().collect();
    lines.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    (lines, total)
}

/// Names of crates that the code of `package` writes before `::`. Programs of an unpublished crate
/// stand beside its `src/`.
fn used(sources: &[Source], package: &Package) -> Result<BTreeSet<String>> {
    let folder = match package.published {
        true => format!("{}/src/", package.folder),
        false => format!("{}/", package.folder),
    };
    let mut names = BTreeSet::new();
    for source in sources
        .iter()
        .filter(|source| source.path.starts_with(&folder))
    {
        if source.is_rust() && !source.is_test() {
            collect(&source.tokens()?, &mut names);
        }
    }
    Ok(names)
}

fn collect(tokens: &[TokenTree], names: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                let name = ident.to_string();
                if name.starts_with("medshare_") {
                    names.insert(name);
                }
            }
            TokenTree::Group(group) => collect(&inside(group), names),
            _ => {}
        }
    }
}
