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

/// `letter` and digits in a text, as in `L16` and `L1 to L3`.
fn tags(text: &str, letter: char) -> BTreeSet<u32> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let tags = words.filter_map(|word| word.strip_prefix(letter));
    tags.filter_map(|number| number.parse().ok()).collect()
}

/// The numbers of the lines in the first block of a section of a page.
fn pseudo_code_lines(page: &str, section: &str, letter: &str) -> BTreeSet<u32> {
    let page = fs::read_to_string(root().join("docs/spec").join(page)).expect("the page");
    let (_, rest) = page.split_once(section).expect("the section");
    let block = rest.split("```").nth(1).expect("the block");
    // Lines go on further to the right.
    let numbered = block.lines().filter(|line| !line.starts_with("    "));
    let first = numbered.filter_map(|line| line.trim_start().split(' ').next());
    let numbers = first.filter_map(|word| word.strip_prefix(letter));
    numbers.filter_map(|number| number.parse().ok()).collect()
}

fn assert_tagged(lines: &BTreeSet<u32>, letter: char) {
    let sources = files(&root().join("medshare-consensus/src"), "rs");
    let tagged: BTreeSet<u32> = sources
        .iter()
        .flat_map(|file| tags(&fs::read_to_string(file).expect("a source"), letter))
        .collect();
    let untagged: Vec<_> = lines.difference(&tagged).collect();
    assert!(untagged.is_empty(), "no code names lines {untagged:?}");
    let unknown: Vec<_> = tagged.difference(lines).collect();
    assert!(
        unknown.is_empty(),
        "the code names unknown lines {unknown:?}"
    );
}

#[test]
fn every_line_of_the_pseudo_code_is_tagged_in_the_code() {
    let lines = pseudo_code_lines("pbft.md", "## Pseudo-code", "");
    assert_eq!(lines, (1..=66).collect());
    assert_tagged(&lines, 'L');
}

#[test]
fn every_rule_of_credit_is_tagged_in_the_code() {
    let rules = pseudo_code_lines("credit.md", "## Facts", "C");
    assert_eq!(rules, (1..=33).collect());
    assert_tagged(&rules, 'C');
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
