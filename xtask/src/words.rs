//! Words that the style refuses as subjects: a sentence that needs one has not named its actor.

use crate::Finding;
use crate::source::Source;

/// Halves, so that this file does not count itself.
const REFUSED: [(&str, &str); 4] = [
    ("no", "body"),
    ("some", "body"),
    ("who", "ever"),
    ("any", "body"),
];

/// Every refused word of all files, one finding each.
#[must_use]
pub fn refused(sources: &[Source]) -> Vec<Finding> {
    let refused: Vec<String> = REFUSED
        .iter()
        .map(|(head, tail)| format!("{head}{tail}"))
        .collect();
    let mut findings = Vec::new();
    for source in sources {
        for (index, line) in source.text.lines().enumerate() {
            let lower = line.to_lowercase();
            let words = lower.split(|c: char| !c.is_alphanumeric() && c != '_');
            let count = words
                .filter(|word| refused.iter().any(|other| other == word))
                .count();
            for _ in 0..count {
                findings.push(Finding {
                    file: source.path.clone(),
                    line: index + 1,
                    text: line.trim().to_owned(),
                });
            }
        }
    }
    findings
}
