//! `cargo xtask measures`: what the repository's style and structure are held to, in numbers.

use std::path::Path;

use proc_macro2::{Delimiter, TokenTree};

use crate::packages::{self, LARGEST_SHARE, Package};
use crate::source::{self, Source, inside};
use crate::{Finding, Result, docs, modules, words};

/// How [`run`] prints and judges.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Print only: a limit that is passed is no failure.
    pub report: bool,
    /// Print each offence with its file and line.
    pub list: bool,
    /// Count only files whose path begins with one of these; no limit is then judged.
    pub paths: Vec<String>,
}

/// One line of the table.
struct Measure {
    name: String,
    count: usize,
    limit: Option<usize>,
    findings: Vec<Finding>,
}

impl Measure {
    fn of(name: &str, limit: usize, findings: Vec<Finding>) -> Self {
        Self {
            name: name.to_owned(),
            count: findings.len(),
            limit: Some(limit),
            findings,
        }
    }

    fn is_over(&self) -> bool {
        self.limit.is_some_and(|limit| self.count > limit)
    }
}

/// Prints the table.
///
/// # Errors
/// A limit that is passed, and files that cannot be read.
pub fn run(root: &Path, options: &Options) -> Result<()> {
    let all = source::all(root)?;
    let packages = packages::all(root)?;
    let chosen = |path: &str| {
        let paths = &options.paths;
        paths.is_empty() || paths.iter().any(|begin| path.starts_with(begin.as_str()))
    };
    let mut measures = counts(&all, &packages, &chosen)?;
    measures.extend(structure(root, &all, &packages, &chosen)?);

    let mut over = Vec::new();
    for measure in &measures {
        let limit = measure
            .limit
            .map_or("-".to_owned(), |limit| limit.to_string());
        let mark = if measure.is_over() { "  OVER" } else { "" };
        println!(
            "{:<48} {:>6}  limit {limit:>4}{mark}",
            measure.name, measure.count
        );
        if measure.is_over() {
            over.push(measure.name.clone());
        }
        if options.list {
            for Finding { file, line, text } in &measure.findings {
                println!("    {file}:{line}: {text}");
            }
        }
    }
    if options.report || !options.paths.is_empty() || over.is_empty() {
        return Ok(());
    }
    Err(format!("over the limit: {}", over.join(", ")).into())
}

fn counts(
    all: &[Source],
    packages: &[Package],
    chosen: &impl Fn(&str) -> bool,
) -> Result<Vec<Measure>> {
    let sources: Vec<Source> = all
        .iter()
        .filter(|source| chosen(&source.path))
        .cloned()
        .collect();
    let mut errors = Vec::new();
    let mut private = Vec::new();
    for source in sources.iter().filter(|source| source.is_production()) {
        if source.path.starts_with("medshare-") {
            let tokens = source.tokens()?;
            errors.extend(error_types(source, &tokens));
            private.extend(crate_visible(source, &tokens));
        }
    }
    let tests = sources.iter().flat_map(tests).collect();
    let binaries = packages.iter().flat_map(|package| {
        package.test_binaries.iter().map(|name| Finding {
            file: format!("{}/Cargo.toml", package.folder),
            line: 0,
            text: name.clone(),
        })
    });
    let binaries = binaries.filter(|finding| chosen(&finding.file)).collect();
    let unlimited = |name: &str, findings| Measure {
        limit: None,
        ..Measure::of(name, 0, findings)
    };
    Ok(vec![
        Measure::of("words without an actor", 20, words::refused(&sources)),
        Measure::of("docs of three words or fewer", 50, docs::short(&sources)),
        Measure::of("docs that repeat a name", 0, docs::repeating(&sources)),
        Measure::of("error types", 37, errors),
        unlimited("pub(crate)", private),
        unlimited("test binaries (under tests/)", binaries),
        unlimited("test functions", tests),
    ])
}

fn structure(
    root: &Path,
    all: &[Source],
    packages: &[Package],
    chosen: &impl Fn(&str) -> bool,
) -> Result<Vec<Measure>> {
    let mut measures = Vec::new();
    let circles: Vec<_> = modules::circles(all)?
        .into_iter()
        .filter(|circle| circle.iter().any(|import| chosen(&import.file)))
        .collect();
    measures.push(Measure {
        name: "import circles".into(),
        count: circles.len(),
        limit: Some(0),
        findings: circles.into_iter().flatten().collect(),
    });
    let arrows = packages::arrows(root, all, packages)?;
    let unused = packages::unused(root, all, packages)?;
    let filter = |findings: Vec<Finding>| -> Vec<Finding> {
        findings
            .into_iter()
            .filter(|finding| chosen(&finding.file))
            .collect()
    };
    measures.push(Measure::of(
        "arrows drawn or used, not both",
        0,
        filter(arrows),
    ));
    measures.push(Measure::of("unused dependencies", 0, filter(unused)));
    let (shares, total) = packages::shares(all);
    for (name, lines) in shares.into_iter().filter(|(name, _)| chosen(name)) {
        measures.push(Measure {
            name: format!("lines of {name}"),
            count: lines,
            limit: Some(total / LARGEST_SHARE),
            findings: Vec::new(),
        });
    }
    Ok(measures)
}

/// Types that derive `Error`.
fn error_types(source: &Source, tokens: &[TokenTree]) -> Vec<Finding> {
    let mut found = Vec::new();
    for pair in tokens.windows(2) {
        if let [TokenTree::Ident(name), TokenTree::Group(group)] = pair
            && name == "derive"
            && group.delimiter() == Delimiter::Parenthesis
            && group.stream().into_iter().any(|token| is(&token, "Error"))
        {
            found.push(at(source, name.span(), "derives Error"));
        }
    }
    for token in tokens {
        if let TokenTree::Group(group) = token {
            found.extend(error_types(source, &inside(group)));
        }
    }
    found
}

/// Items visible in the whole crate.
fn crate_visible(source: &Source, tokens: &[TokenTree]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            let before = index.checked_sub(1).map(|before| &tokens[before]);
            let alone = group.stream().into_iter().count() == 1;
            let named = group.stream().into_iter().any(|token| is(&token, "crate"));
            if before.is_some_and(|token| is(token, "pub")) && alone && named {
                found.push(at(source, token.span(), "pub(crate)"));
            }
            found.extend(crate_visible(source, &inside(group)));
        }
    }
    found
}

fn tests(source: &Source) -> Vec<Finding> {
    if !source.is_rust() {
        return Vec::new();
    }
    let lines = source.text.lines().enumerate();
    let tests = lines.filter(|(_, line)| {
        let line = line.trim();
        line == "#[test]" || line.starts_with("#[tokio::test")
    });
    let findings = tests.map(|(index, line)| Finding {
        file: source.path.clone(),
        line: index + 1,
        text: line.trim().to_owned(),
    });
    findings.collect()
}

fn is(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

fn at(source: &Source, span: proc_macro2::Span, text: &str) -> Finding {
    Finding {
        file: source.path.clone(),
        line: span.start().line,
        text: text.to_owned(),
    }
}
