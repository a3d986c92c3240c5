//! The repository's files, and Rust sources as tokens.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::Result;
use crate::command::output;

/// A text file of the working tree.
#[derive(Debug, Clone)]
pub struct Source {
    /// Path from the repository's top, with `/`.
    pub path: String,
    /// The content, with its line ends as they are.
    pub text: String,
}

impl Source {
    /// `path` must end in `.rs`.
    #[must_use]
    pub fn is_rust(&self) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|end| end == "rs")
    }

    /// A library's or program's own code: below `src/`, without unit tests in files of their own.
    #[must_use]
    pub fn is_production(&self) -> bool {
        self.is_rust() && self.path.contains("/src/") && !self.is_test()
    }

    /// Below `tests/`, or unit tests in a file of their own.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    /// # Errors
    /// Text that is not Rust.
    pub fn tokens(&self) -> Result<Vec<TokenTree>> {
        let stream = TokenStream::from_str(&self.text)
            .map_err(|error| format!("{} is not Rust: {error}", self.path))?;
        Ok(without_tests(stream))
    }
}

/// Every text file that git tracks, or would track after `git add`, sorted by path.
///
/// # Errors
/// A folder without git.
pub fn all(root: &Path) -> Result<Vec<Source>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others"]);
    git.arg("--exclude-standard").current_dir(root);
    let list = output(&mut git)?;
    let mut paths: Vec<&str> = list.split('\0').filter(|path| !path.is_empty()).collect();
    paths.sort_unstable();
    paths.dedup();
    let mut sources = Vec::new();
    for path in paths {
        // A file that is deleted but still tracked, or that is not text, is left out.
        if let Ok(text) = fs::read_to_string(root.join(path)) {
            sources.push(Source {
                path: path.to_owned(),
                text,
            });
        }
    }
    Ok(sources)
}

/// Drops each item under `#[cfg(test)]` or `#[test]`, at every depth.
fn without_tests(stream: TokenStream) -> Vec<TokenTree> {
    let mut kept = Vec::new();
    let mut tokens = stream.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let attribute = match (&token, tokens.peek()) {
            (TokenTree::Punct(punct), Some(TokenTree::Group(group)))
                if punct.as_char() == '#' && group.delimiter() == Delimiter::Bracket =>
            {
                group.stream()
            }
            _ => {
                kept.push(token);
                continue;
            }
        };
        if !is_test_attribute(attribute) {
            kept.push(token);
            continue;
        }
        // Attributes, then the item up to its `;` or its body.
        for token in tokens.by_ref() {
            let ends = match &token {
                TokenTree::Punct(punct) => punct.as_char() == ';',
                TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                _ => false,
            };
            if ends {
                break;
            }
        }
    }
    kept
}

fn is_test_attribute(attribute: TokenStream) -> bool {
    let text = attribute.to_string();
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    text == "test" || text == "cfg(test)" || text.starts_with("cfg(all(test,")
}

/// The tokens of a group, without the tests in it.
#[must_use]
pub fn inside(group: &proc_macro2::Group) -> Vec<TokenTree> {
    without_tests(group.stream())
}
