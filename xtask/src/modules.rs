//! Import circles between the files of a crate.
//!
//! A file imports another when a path in it (`use` or not) resolves to an item there; re-exports are
//! followed to where the item is. Left out are what a file takes from the modules that contain it,
//! what a module re-exports of the modules that it contains, and tests.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenTree};

use crate::source::{Source, inside};
use crate::{Finding, Result};

/// Re-exports are followed so many times; `use a::b as a` would otherwise never end.
const DEPTH: usize = 16;

/// The circles of every crate below `root/*/src`: each a list of the imports that close it.
///
/// # Errors
/// Sources that are not Rust.
pub fn circles(sources: &[Source]) -> Result<Vec<Vec<Finding>>> {
    let mut found = Vec::new();
    for source in sources {
        let is_root = source.path.ends_with("/src/lib.rs") || source.path.ends_with("/src/main.rs");
        if is_root && !source.path.starts_with('.') {
            found.extend(Crate::read(sources, source)?.circles());
        }
    }
    Ok(found)
}

#[derive(Default)]
struct Module {
    file: String,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    /// Names that are declared here.
    items: BTreeSet<String>,
    /// Names that a `use` brings in, and their paths.
    uses: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    references: Vec<Reference>,
}

struct Reference {
    path: Vec<String>,
    line: usize,
    exported: bool,
}

struct Crate<'a> {
    sources: BTreeMap<&'a str, &'a Source>,
    modules: Vec<Module>,
}

impl<'a> Crate<'a> {
    fn read(sources: &'a [Source], root: &Source) -> Result<Self> {
        let mut read = Self {
            sources: sources
                .iter()
                .map(|source| (source.path.as_str(), source))
                .collect(),
            modules: Vec::new(),
        };
        let top = read.add(root.path.clone(), None);
        let folder = root.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        read.items(top, &root.tokens()?, folder)?;
        Ok(read)
    }

    fn add(&mut self, file: String, parent: Option<usize>) -> usize {
        self.modules.push(Module {
            file,
            parent,
            ..Module::default()
        });
        self.modules.len() - 1
    }

    /// Reads a module's items; files of its children lie in `folder`.
    fn items(&mut self, module: usize, tokens: &[TokenTree], folder: &str) -> Result<()> {
        let mut at = 0;
        while at < tokens.len() {
            let word = identifier(&tokens[at]);
            let name = tokens.get(at + 1).and_then(identifier);
            match (word.as_deref(), name) {
                (Some("mod"), Some(name)) => {
                    self.child(module, &name, tokens.get(at + 2), folder)?;
                    at += 3;
                }
                (Some("use"), _) if !is_capture(tokens, at) => at = self.import(module, tokens, at),
                (
                    Some("struct" | "enum" | "trait" | "type" | "fn" | "const" | "static"),
                    Some(name),
                ) => {
                    self.modules[module].items.insert(name);
                    at += 1;
                }
                (Some("macro_rules"), _) => {
                    let name = tokens.get(at + 2).and_then(identifier);
                    self.modules[module].items.extend(name);
                    at += 1;
                }
                _ => at = self.path_or_group(module, tokens, at),
            }
        }
        Ok(())
    }

    fn child(
        &mut self,
        parent: usize,
        name: &str,
        body: Option<&TokenTree>,
        folder: &str,
    ) -> Result<()> {
        let below = format!("{folder}/{name}");
        if let Some(TokenTree::Group(group)) = body {
            let child = self.add(self.modules[parent].file.clone(), Some(parent));
            self.modules[parent].children.insert(name.to_owned(), child);
            return self.items(child, &inside(group), &below);
        }
        let files = [format!("{below}.rs"), format!("{below}/mod.rs")];
        let source = files
            .iter()
            .find_map(|file| self.sources.get(file.as_str()).copied());
        // A module whose file is elsewhere (`#[path]`) has nothing to resolve to.
        if let Some(source) = source {
            let child = self.add(source.path.clone(), Some(parent));
            self.modules[parent].children.insert(name.to_owned(), child);
            self.items(child, &source.tokens()?, &below)?;
        }
        Ok(())
    }

    /// Reads `use …;` at `at`, and returns where it ends.
    fn import(&mut self, module: usize, tokens: &[TokenTree], at: usize) -> usize {
        let end = tokens[at..].iter().position(|token| is(token, ';'));
        let end = end.map_or(tokens.len(), |length| at + length);
        let before = at.checked_sub(1).map(|index| &tokens[index]);
        let exported = match before {
            Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Parenthesis,
            Some(token) => identifier(token).as_deref() == Some("pub"),
            None => false,
        };
        let line = tokens[at].span().start().line;
        let mut leaves = Vec::new();
        use_tree(&tokens[at + 1..end], &[], &mut leaves);
        let module = &mut self.modules[module];
        for (alias, path) in leaves {
            match alias {
                Some(alias) => drop(module.uses.insert(alias, path.clone())),
                None => module.globs.push(path.clone()),
            }
            module.references.push(Reference {
                path,
                line,
                exported,
            });
        }
        end + 1
    }

    /// Reads what is no declaration: a path, or a group with paths in it.
    fn path_or_group(&mut self, module: usize, tokens: &[TokenTree], at: usize) -> usize {
        if let TokenTree::Group(group) = &tokens[at] {
            let tokens = inside(group);
            let mut at = 0;
            while at < tokens.len() {
                let is_use = identifier(&tokens[at]).as_deref() == Some("use");
                at = if is_use && !is_capture(&tokens, at) {
                    self.import(module, &tokens, at)
                } else {
                    self.path_or_group(module, &tokens, at)
                };
            }
        }
        let (path, end) = path(tokens, at);
        if path.len() > 1 {
            self.modules[module].references.push(Reference {
                path,
                line: tokens[at].span().start().line,
                exported: false,
            });
        }
        end
    }

    /// The module that declares what `path` names, seen from `from`.
    fn resolve(&self, from: usize, path: &[String], depth: usize) -> Option<usize> {
        let (first, rest) = path.split_first()?;
        let mut module = match first.as_str() {
            "crate" => 0,
            "self" => from,
            "super" => self.modules[from].parent?,
            name => return self.follow(from, name, rest, depth),
        };
        for (index, name) in rest.iter().enumerate() {
            if name == "super" {
                module = self.modules[module].parent?;
            } else if name != "self" {
                let found = self.follow(module, name, &rest[index + 1..], depth);
                return found.or(Some(module));
            }
        }
        Some(module)
    }

    fn follow(&self, module: usize, name: &str, rest: &[String], depth: usize) -> Option<usize> {
        let here = &self.modules[module];
        let deeper = depth.checked_sub(1)?;
        if let Some(&child) = here.children.get(name) {
            let Some((name, rest)) = rest.split_first() else {
                return Some(child);
            };
            return self.follow(child, name, rest, deeper).or(Some(child));
        }
        if here.items.contains(name) {
            return Some(module);
        }
        if let Some(path) = here.uses.get(name) {
            let path: Vec<String> = path.iter().chain(rest).cloned().collect();
            return self.resolve(module, &path, deeper);
        }
        here.globs.iter().find_map(|glob| {
            let target = self.resolve(module, glob, deeper)?;
            (target != module).then(|| self.follow(target, name, rest, deeper))?
        })
    }

    fn contains(&self, outer: usize, inner: usize) -> bool {
        let mut module = Some(inner);
        while let Some(at) = module {
            if at == outer {
                return true;
            }
            module = self.modules[at].parent;
        }
        false
    }

    /// Imports between files, with the lines that make them.
    fn imports(&self) -> BTreeMap<(&str, &str), BTreeSet<usize>> {
        let mut imports = BTreeMap::<_, BTreeSet<usize>>::new();
        for (from, module) in self.modules.iter().enumerate() {
            for reference in &module.references {
                let Some(to) = self.resolve(from, &reference.path, DEPTH) else {
                    continue;
                };
                let target = &self.modules[to];
                let allowed = self.contains(to, from)
                    || reference.exported && self.contains(from, to)
                    || target.file == module.file;
                if !allowed {
                    let key = (module.file.as_str(), target.file.as_str());
                    imports.entry(key).or_default().insert(reference.line);
                }
            }
        }
        imports
    }

    fn circles(&self) -> Vec<Vec<Finding>> {
        let imports = self.imports();
        let files: BTreeSet<&str> = imports.keys().map(|(from, _)| *from).collect();
        let reach: BTreeMap<&str, BTreeSet<&str>> = files
            .iter()
            .map(|&file| (file, reachable(&imports, file)))
            .collect();
        let both = |a: &str, b: &str| {
            reach.get(a).is_some_and(|seen| seen.contains(b))
                && reach.get(b).is_some_and(|seen| seen.contains(a))
        };
        let mut circles = Vec::new();
        let mut done = BTreeSet::<&str>::new();
        for &file in &files {
            if !both(file, file) || done.contains(file) {
                continue;
            }
            let circle: BTreeSet<&str> = files
                .iter()
                .copied()
                .filter(|other| both(file, other))
                .collect();
            done.extend(&circle);
            let edges = imports
                .iter()
                .filter(|((from, to), _)| circle.contains(from) && circle.contains(to));
            let edges = edges.map(|((from, to), lines)| Finding {
                file: (*from).to_owned(),
                line: lines.first().copied().unwrap_or_default(),
                text: format!("imports {to}"),
            });
            circles.push(edges.collect());
        }
        circles
    }
}

fn reachable<'a>(
    imports: &BTreeMap<(&'a str, &'a str), BTreeSet<usize>>,
    from: &'a str,
) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(file) = open.pop() {
        for (_, to) in imports.keys().filter(|(start, _)| *start == file) {
            if seen.insert(*to) {
                open.push(to);
            }
        }
    }
    seen
}

/// Leaves of a use tree: an alias (none for `*`) and the path.
fn use_tree(
    tokens: &[TokenTree],
    prefix: &[String],
    leaves: &mut Vec<(Option<String>, Vec<String>)>,
) {
    for branch in tokens.split(|token| is(token, ',')) {
        let mut path = prefix.to_vec();
        let mut alias = None;
        let mut renamed = false;
        let mut nested = false;
        for token in branch {
            match token {
                TokenTree::Group(group) => {
                    use_tree(&inside(group), &path, leaves);
                    nested = true;
                }
                TokenTree::Ident(ident) if ident == "as" => renamed = true,
                TokenTree::Ident(ident) if renamed => alias = Some(ident.to_string()),
                TokenTree::Ident(ident) => path.push(ident.to_string()),
                TokenTree::Punct(punct) if punct.as_char() == '*' => {
                    leaves.push((None, path.clone()));
                    nested = true;
                }
                _ => {}
            }
        }
        if nested || path.len() == prefix.len() {
            continue;
        }
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let alias = alias.or_else(|| path.last().cloned());
        leaves.push((alias, path));
    }
}

/// The identifiers joined by `::` that begin at `at`, and the index behind them: at least one more.
fn path(tokens: &[TokenTree], at: usize) -> (Vec<String>, usize) {
    let mut segments: Vec<String> = identifier(&tokens[at]).into_iter().collect();
    let mut end = at + 1;
    while let [first, second, next, ..] = &tokens[end..]
        && is(first, ':')
        && is(second, ':')
        && let Some(word) = identifier(next)
        && !segments.is_empty()
    {
        segments.push(word);
        end += 3;
    }
    (segments, end)
}

/// `impl Trait + use<'_>` imports nothing.
fn is_capture(tokens: &[TokenTree], at: usize) -> bool {
    tokens.get(at + 1).is_some_and(|token| is(token, '<'))
}

fn identifier(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        _ => None,
    }
}

fn is(token: &TokenTree, c: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == c)
}
