//! The lines on the screen, and the outcome as JSON.

use std::fmt::Display;
use std::io::Write as _;
use std::time::Instant;

use medshare_examples::text;
use serde::Serialize;

/// The outcome of a run, for programs.
#[derive(Serialize)]
pub(crate) struct Outcome {
    pub(crate) files: Vec<Opened>,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) earlier: Vec<Opened>,
    pub(crate) receipt: String,
    pub(crate) trust_anchor: String,
}

/// A record that was opened as it was sealed.
#[derive(Serialize)]
pub(crate) struct Opened {
    pub(crate) path: String,
    pub(crate) sha256: String,
    pub(crate) opened_sha256: String,
    pub(crate) bytes: u64,
    pub(crate) ticket_height: u64,
}

/// An access that was refused, with the error's stable code.
#[derive(Serialize)]
pub(crate) struct Refusal {
    pub(crate) case: &'static str,
    pub(crate) code: &'static str,
}

/// Prints a line. A closed standard output (`| head`) must not stop a run half-way.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints an indented line under a heading of its own.
pub(crate) fn note(heading: &str, line: impl Display) {
    say(format_args!("  {heading:10} {line}"));
}

/// Prints a step and the time since it began.
pub(crate) fn step(heading: &str, began: Instant, line: impl Display) {
    let took = text::time(began.elapsed());
    note(heading, format_args!("{took:>7}  {line}"));
}
