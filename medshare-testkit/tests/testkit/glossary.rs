//! The glossary and the code use the same words.

use std::collections::BTreeSet;

use xtask::source;

/// Each term in backticks of `docs/glossary.md` that could be an identifier.
fn terms(page: &str) -> BTreeSet<&str> {
    let quoted = page.split('`').skip(1).step_by(2);
    quoted
        .filter(|term| term.chars().all(|c| c.is_ascii_alphabetic()))
        .filter(|term| term.chars().any(char::is_lowercase) && *term != "code")
        .collect()
}

#[test]
fn each_term_is_an_item_of_the_code() {
    let root = xtask::root();
    let page = std::fs::read_to_string(root.join("docs/glossary.md")).expect("the glossary");
    let mut unknown = terms(&page);
    assert!(unknown.len() > 50, "the glossary is not read: {unknown:?}");
    for file in source::all(&root).expect("sources") {
        if file.path.starts_with("medshare-") && file.is_production() {
            let code = file.text.lines().map(str::trim_start);
            for line in code.filter(|line| !line.starts_with("//")) {
                for word in line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
                    unknown.remove(word);
                }
            }
        }
    }
    assert!(unknown.is_empty(), "no item is called {unknown:?}");
}

#[test]
fn a_term_has_one_line() {
    let page = std::fs::read_to_string(xtask::root().join("docs/glossary.md")).expect("a page");
    let mut heads = BTreeSet::new();
    for line in page.lines().filter(|line| line.starts_with("- ")) {
        let (head, _) = line.split_once(": ").expect("a term and its meaning");
        assert!(
            line.chars().count() <= 100,
            "one line is not enough: {line}"
        );
        assert!(heads.insert(head), "{head} is explained twice");
    }
}

/// Each file in the last column of the tables of `ARCHITECTURE.md` that end with `file`, as in
/// ``sdk `write/seal.rs`, `store/`; abe `wrapping/access.rs` ``.
#[test]
fn the_files_of_the_architecture_exist() {
    let root = xtask::root();
    let page = std::fs::read_to_string(root.join("ARCHITECTURE.md")).expect("the page");
    let mut checked = 0;
    for table in page.split("| file |").skip(1) {
        for row in table.lines().skip(2).take_while(|row| row.starts_with('|')) {
            let files = row.trim_end_matches('|').rsplit('|').next();
            for of_one_crate in files.expect("a column").split(';') {
                let mut pieces = of_one_crate.split('`');
                let short = pieces.next().expect("a crate").trim();
                for path in pieces.step_by(2) {
                    let path = root.join(format!("medshare-{short}/src/{path}"));
                    assert!(path.exists(), "there is no {}", path.display());
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 60, "only {checked} files");
}
