//! `cargo xtask mutants`: breaks the code in one way after the other, and demands that the tests
//! which a mutant names then fail.
//!
//! A mutant is a file `.ci/mutants/NAME.mutant`:
//!
//! ```text
//! Decapsulation does not compare C1.
//! test medshare-abe structured::structured_changes_are_rejected
//! in medshare-abe fn reencapsulates
//! find
//!     let mut accepted = c1.0.ct_eq(&self.header.c1.0);
//! replace
//!     let mut accepted = c1.0.ct_eq(&c1.0);
//! ```
//!
//! It names no file and no line, so it survives moves: the text under `find` must occur exactly once
//! in the items of that kind and name in the crate's `src/`, spaces and line breaks aside. There may
//! be several tests, and several edits.

mod run;

use std::fs;
use std::ops::Range;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::source::{self, Source};
use crate::{Result, root};

/// Where mutants are, from the repository's top.
const FOLDER: &str = ".ci/mutants";

struct Mutant {
    name: String,
    tests: Vec<Test>,
    edits: Vec<Edit>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Test {
    package: String,
    /// The test's path, or its end.
    name: String,
}

#[derive(Default)]
struct Edit {
    package: String,
    /// `fn`, `const`, `static`, `enum`, `struct`, `trait` or `impl`.
    kind: String,
    item: String,
    find: String,
    replace: String,
}

/// An edit at its file.
struct Found<'a> {
    source: &'a Source,
    range: Range<usize>,
}

/// Tries the mutants named, or all; `check` only tells whether they apply and their tests exist.
///
/// # Errors
/// A mutant that does not apply, that does not compile, or that no test notices.
pub fn mutants(names: &[String], check: bool) -> Result<()> {
    let root = root();
    let mutants = read(&root, names)?;
    let sources = source::all(&root)?;
    let mut faults = Vec::new();
    for mutant in &mutants {
        faults.extend(mutant.faults(&sources));
    }
    if !faults.is_empty() {
        return Err(faults.join("\n").into());
    }
    println!("{} mutants apply", mutants.len());
    if check {
        return Ok(());
    }
    run::run(&root, &mutants)
}

fn read(root: &Path, names: &[String]) -> Result<Vec<Mutant>> {
    let folder = root.join(FOLDER);
    let mut mutants = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let file = entry?.file_name().to_string_lossy().into_owned();
        if let Some(name) = file.strip_suffix(".mutant")
            && (names.is_empty() || names.iter().any(|other| other == name))
        {
            let text = fs::read_to_string(folder.join(&file))?;
            let mutant = Mutant::parse(name, &text).map_err(|error| format!("{name}: {error}"))?;
            mutants.push(mutant);
        }
    }
    let is_known = |name: &&String| mutants.iter().any(|mutant| mutant.name == **name);
    if let Some(name) = names.iter().find(|name| !is_known(name)) {
        return Err(format!("no mutant is called {name}").into());
    }
    mutants.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(mutants)
}

impl Mutant {
    fn parse(name: &str, text: &str) -> Result<Self> {
        let mut tests = Vec::new();
        let mut edits: Vec<Edit> = Vec::new();
        let mut is_replacement = false;
        for line in text.lines().skip(1) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let edit = edits.last_mut();
            match (words.as_slice(), edit) {
                ([], None) => {}
                (_, Some(edit)) if line.is_empty() || line.starts_with(' ') => {
                    let text = match is_replacement {
                        true => &mut edit.replace,
                        false => &mut edit.find,
                    };
                    text.push_str(line);
                    text.push('\n');
                }
                (["test", package, name], _) => tests.push(Test {
                    package: (*package).to_owned(),
                    name: (*name).to_owned(),
                }),
                (["in", package, kind, item], _) => edits.push(Edit {
                    package: (*package).to_owned(),
                    kind: (*kind).to_owned(),
                    item: (*item).to_owned(),
                    ..Edit::default()
                }),
                (["find"], Some(_)) => is_replacement = false,
                (["replace"], Some(_)) => is_replacement = true,
                _ => return Err(format!("cannot read the line `{line}`").into()),
            }
        }
        if tests.is_empty() || edits.is_empty() {
            return Err("lacks a test or an edit".into());
        }
        Ok(Self {
            name: name.to_owned(),
            tests,
            edits,
        })
    }

    /// Edits without exactly one occurrence, and tests without a function.
    fn faults(&self, sources: &[Source]) -> Vec<String> {
        let edits = self
            .edits
            .iter()
            .filter_map(|edit| edit.locate(sources).err());
        let edits = edits.map(|error| error.to_string());
        let tests = self.tests.iter().filter(|test| !test.exists(sources));
        let tests = tests.map(|test| format!("{} has no test {}", test.package, test.name));
        let faults = edits.chain(tests);
        faults
            .map(|fault| format!("{}: {fault}", self.name))
            .collect()
    }

    /// The changed files: path from the repository's top, and the new text.
    fn apply(&self, sources: &[Source]) -> Result<Vec<Source>> {
        let mut changed: Vec<Source> = Vec::new();
        for edit in &self.edits {
            let Found { source, range } = edit.locate(sources)?;
            let index = changed.iter().position(|other| other.path == source.path);
            let index = index.unwrap_or_else(|| {
                changed.push(source.clone());
                changed.len() - 1
            });
            // Searched again: an earlier edit may have moved the text.
            let range = match edit.locate(&changed[index..=index]) {
                Ok(found) => found.range,
                Err(_) => range,
            };
            changed[index]
                .text
                .replace_range(range, edit.replace.trim_end());
        }
        Ok(changed)
    }
}

impl Test {
    fn exists(&self, sources: &[Source]) -> bool {
        let name = self.name.rsplit("::").next().unwrap_or_default();
        let head = format!("fn {name}(");
        let folder = format!("{}/", self.package);
        sources
            .iter()
            .any(|source| source.path.starts_with(&folder) && source.text.contains(&head))
    }
}

impl Edit {
    fn locate<'a>(&self, sources: &'a [Source]) -> Result<Found<'a>> {
        let folder = format!("{}/src/", self.package);
        let wanted: String = self.find.chars().filter(|c| !c.is_whitespace()).collect();
        let mut found = Vec::new();
        for source in sources
            .iter()
            .filter(|source| source.path.starts_with(&folder))
        {
            if !source.is_rust() || !source.text.contains(&self.item) {
                continue;
            }
            let stream: TokenStream = source.text.parse().map_err(|_| "not Rust")?;
            for item in items(stream, &self.kind, &self.item) {
                let ranges = occurrences(&source.text, item, &wanted);
                found.extend(ranges.into_iter().map(|range| Found { source, range }));
            }
        }
        let count = found.len();
        match found.pop() {
            Some(only) if count == 1 => Ok(only),
            _ => {
                let Self { kind, item, .. } = self;
                Err(format!("{folder} has the text {count} times in `{kind} {item}`").into())
            }
        }
    }
}

/// Byte ranges of the items of this kind and name, at every depth.
fn items(stream: TokenStream, kind: &str, name: &str) -> Vec<Range<usize>> {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut ranges = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            ranges.extend(items(group.stream(), kind, name));
            continue;
        }
        let TokenTree::Ident(ident) = token else {
            continue;
        };
        let is_named = |token: &TokenTree| matches!(token, TokenTree::Ident(i) if i == name);
        let head = tokens[index + 1..]
            .iter()
            .take_while(|token| !ends_item(token));
        let named = match kind {
            // The type stands last, behind generics and the trait.
            "impl" => head.clone().any(is_named),
            _ => head.clone().next().is_some_and(is_named),
        };
        if ident == kind && named {
            let end = tokens.get(index + 1 + head.count()).unwrap_or(token);
            ranges.push(token.span().byte_range().start..end.span().byte_range().end);
        }
    }
    ranges
}

fn ends_item(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    }
}

/// Where `wanted`, which has no spaces, stands in a part of `text`, its spaces ignored.
fn occurrences(text: &str, part: Range<usize>, wanted: &str) -> Vec<Range<usize>> {
    let mut compact = String::new();
    let mut positions = Vec::new();
    for (offset, c) in text[part.clone()].char_indices() {
        if !c.is_whitespace() {
            let bytes = part.start + offset..part.start + offset + c.len_utf8();
            positions.extend(std::iter::repeat_n(bytes, c.len_utf8()));
            compact.push(c);
        }
    }
    if wanted.is_empty() {
        return Vec::new();
    }
    let matches = compact.match_indices(wanted).map(|(at, _)| at);
    matches
        .map(|at| positions[at].start..positions[at + wanted.len() - 1].end)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MUTANT: &str = "Drops a check.\n\ntest medshare-abe a::b\nin medshare-abe fn check\n\
                          find\n    if a {\n        return;\n    }\nreplace\n    if a {}\n";

    fn source(text: &str) -> [Source; 1] {
        [Source {
            path: "medshare-abe/src/x.rs".into(),
            text: text.into(),
        }]
    }

    #[test]
    fn an_edit_is_found_by_item_and_text_however_it_is_wrapped() -> Result<()> {
        let mutant = Mutant::parse("drop", MUTANT)?;
        let text = "fn other() { if a { return; } }\nfn check() { x(); if a\n { return; } }\n";
        let changed = mutant.apply(&source(text))?;
        let expected = "fn other() { if a { return; } }\nfn check() { x();     if a {} }\n";
        assert_eq!(changed[0].text, expected);
        Ok(())
    }

    #[test]
    fn a_text_that_is_missing_or_ambiguous_is_a_fault() -> Result<()> {
        let mutant = Mutant::parse("drop", MUTANT)?;
        let twice = "fn check() { if a { return; } if a { return; } }\nfn b() {}\n";
        for text in [twice, "fn check() {}\nfn b() {}\n"] {
            assert_eq!(mutant.faults(&source(text)).len(), 1);
        }
        Ok(())
    }
}
