//! The specifications and the code name each other, and every path that a page names exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files below `folder` with this extension.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|ending| ending == extension) {
            found.push(path);
        }
    }
    found
}

/// `L` and digits in a text, as in `L16` and `L1 to L3`.
fn line_tags(text: &str) -> BTreeSet<u32> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let tags = words.filter_map(|word| word.strip_prefix('L'));
    tags.filter_map(|number| number.parse().ok()).collect()
}

/// The numbered lines of the pseudo-code in `docs/spec/pbft.md`.
fn pseudo_code_lines() -> BTreeSet<u32> {
    let page = fs::read_to_string(root().join("docs/spec/pbft.md")).expect("the page");
    let (_, rest) = page.split_once("## Pseudo-code").expect("the section");
    let block = rest.split("```").nth(1).expect("the block");
    let lines = block.lines().filter_map(|line| line.get(..2));
    lines
        .filter_map(|number| number.trim().parse().ok())
        .collect()
}

#[test]
fn every_line_of_the_pseudo_code_is_tagged_in_the_code() {
    let lines = pseudo_code_lines();
    assert_eq!(lines, (1..=52).collect());
    let sources = files(&root().join("medshare-consensus/src"), "rs");
    let tagged: BTreeSet<u32> = sources
        .iter()
        .flat_map(|file| line_tags(&fs::read_to_string(file).expect("a source")))
        .collect();
    let untagged: Vec<_> = lines.difference(&tagged).collect();
    assert!(untagged.is_empty(), "no code names lines {untagged:?}");
    let unknown: Vec<_> = tagged.difference(&lines).collect();
    assert!(
        unknown.is_empty(),
        "the code names unknown lines {unknown:?}"
    );
}

/// Paths in backticks that begin at the root of the repository, apart from patterns.
fn cited_paths(page: &str) -> BTreeSet<&str> {
    let quoted = page.split('`').skip(1).step_by(2);
    quoted
        .filter(|text| text.starts_with("medshare-") || text.starts_with("docs/"))
        .filter(|text| text.contains('/') && !text.contains([' ', '*', '{', '<', '\n']))
        // A path may go on with the name of a test.
        .filter_map(|text| text.split("::").next())
        .collect()
}

/// Targets of links that are relative to the page.
fn linked_paths(page: &str) -> BTreeSet<&str> {
    let targets = page.split("](").skip(1);
    targets
        .filter_map(|rest| rest.split([')', '#']).next())
        .filter(|target| !target.is_empty() && !target.contains(':'))
        .collect()
}

#[test]
fn every_path_that_a_page_names_exists() {
    let root = root();
    let mut pages = files(&root.join("docs"), "md");
    for entry in fs::read_dir(&root).expect("the workspace") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|ending| ending == "md") {
            pages.push(path);
        }
    }
    let mut missing = Vec::new();
    for page in pages {
        let text = fs::read_to_string(&page).expect("a page");
        let folder = page.parent().expect("a folder");
        let cited = cited_paths(&text).into_iter().map(|path| (&*root, path));
        let linked = linked_paths(&text).into_iter().map(|path| (folder, path));
        for (from, path) in cited.chain(linked) {
            if !from.join(path).exists() {
                missing.push(format!("{}: {path}", page.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
