//! Documentation comments that say too little.

use crate::Finding;
use crate::source::Source;

/// Words that make no difference between a name and its documentation.
const FILLERS: [&str; 12] = [
    "a", "an", "the", "of", "this", "that", "its", "is", "in", "for", "to", "it",
];

/// A whole run of `///` or `//!` lines.
struct Block {
    line: usize,
    text: String,
    /// The identifier of the documented item, where there is one.
    name: Option<String>,
}

/// Blocks of three words or fewer.
#[must_use]
pub fn short(sources: &[Source]) -> Vec<Finding> {
    let is_word = |word: &&str| word.chars().any(char::is_alphanumeric);
    select(sources, |block| {
        block.text.split_whitespace().filter(is_word).count() <= 3
    })
}

/// Blocks that have no word beside those of the item's name.
#[must_use]
pub fn repeating(sources: &[Source]) -> Vec<Finding> {
    select(sources, |block| {
        block
            .name
            .as_deref()
            .is_some_and(|name| repeats(&block.text, name))
    })
}

fn select(sources: &[Source], wanted: impl Fn(&Block) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        for block in blocks(source).iter().filter(|block| wanted(block)) {
            findings.push(Finding {
                file: source.path.clone(),
                line: block.line,
                text: block.text.trim().to_owned(),
            });
        }
    }
    findings
}

fn repeats(text: &str, name: &str) -> bool {
    let name = stems(name);
    let words: Vec<String> = text.split_whitespace().flat_map(stems).collect();
    let mut told = words
        .iter()
        .filter(|word| !FILLERS.contains(&word.as_str()));
    let said = told.clone().count() > 0;
    said && told.all(|word| name.contains(word))
}

/// The words of an identifier or of a text in lower case, without a plural's `s`.
fn stems(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower = false;
    for c in text.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && lower) {
            words.push(String::new());
        }
        lower = c.is_lowercase();
        if let Some(word) = words.last_mut()
            && c.is_alphanumeric()
        {
            word.extend(c.to_lowercase());
        }
    }
    let stem = |word: &String| word.strip_suffix('s').unwrap_or(word).to_owned();
    words
        .iter()
        .filter(|word| !word.is_empty())
        .map(stem)
        .collect()
}

fn blocks(source: &Source) -> Vec<Block> {
    let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
    let mut blocks = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let Some(marker) = marker(lines[at]) else {
            at += 1;
            continue;
        };
        let begin = at;
        let mut text = String::new();
        while at < lines.len() && self::marker(lines[at]) == Some(marker) {
            text.push_str(&lines[at][marker.len()..]);
            text.push(' ');
            at += 1;
        }
        let name = match marker {
            "//!" => module_name(&source.path),
            _ => item_name(&lines[at..]),
        };
        blocks.push(Block {
            line: begin + 1,
            text,
            name,
        });
    }
    blocks
}

fn marker(line: &str) -> Option<&'static str> {
    let outer = line.starts_with("///") && !line.starts_with("////");
    if outer {
        return Some("///");
    }
    line.starts_with("//!").then_some("//!")
}

fn module_name(path: &str) -> Option<String> {
    let mut steps = path.rsplit('/');
    let file = steps.next()?.strip_suffix(".rs")?;
    let name = match file {
        "mod" | "lib" | "main" => steps.next()?,
        file => file,
    };
    Some(name.to_owned())
}

/// The identifier that the first line after the attributes declares.
fn item_name(lines: &[&str]) -> Option<String> {
    let mut depth = 0_usize;
    let line = lines.iter().find(|line| {
        let attribute = depth > 0 || line.starts_with("#[");
        if attribute {
            depth = (depth + line.matches('[').count()).saturating_sub(line.matches(']').count());
        }
        !attribute && !line.is_empty() && !line.starts_with("//")
    })?;
    let mut words = line
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty());
    let keyword = |word: &&str| {
        matches!(
            *word,
            "pub"
                | "crate"
                | "super"
                | "in"
                | "const"
                | "async"
                | "unsafe"
                | "fn"
                | "struct"
                | "enum"
                | "trait"
                | "mod"
                | "type"
                | "static"
                | "macro_rules"
                | "mut"
                | "ref"
        )
    };
    words.find(|word| !keyword(word)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> [Source; 1] {
        [Source {
            path: "a/src/seat.rs".into(),
            text: text.into(),
        }]
    }

    fn lines(findings: &[Finding]) -> Vec<usize> {
        findings.iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_block_is_counted_as_a_whole() {
        let text = "/// One\n/// two three four.\npub a: u8,\n/// Where.\npub b: u8,\n";
        assert_eq!(lines(&short(&source(text))), [4]);
    }

    #[test]
    fn a_name_said_again_is_found_behind_attributes() {
        let text = "//! The seats.\n/// The share index.\n#[serde(\n  default\n)]\npub share_index: u8,\n\
                    /// The index, counted from 1.\npub index: u8,\n/// A `ShareIndex`.\nstruct ShareIndex;\n";
        assert_eq!(lines(&repeating(&source(text))), [1, 2, 9]);
    }
}
