//! Telling a person what happened, and a program.

use std::fmt;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use medshare_examples::text;
use medshare_sdk::{Access, Consortium, Ticket};
use serde::Serialize;

use crate::cast::{Cast, PASSPHRASE};
use crate::failure::{Context as _, Result};
use crate::fingerprint::Sum;
use crate::memory;

/// Everything that happened, for a program.
#[derive(Serialize)]
pub(crate) struct Outcome {
    pub(crate) files: Vec<Opened>,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) earlier: Vec<Opened>,
    pub(crate) receipt: String,
    pub(crate) trust_anchor: String,
}

/// A file that went the whole way.
#[derive(Serialize)]
pub(crate) struct Opened {
    path: String,
    sha256: String,
    opened_sha256: String,
    bytes: u64,
    ticket_height: u64,
}

impl Opened {
    pub(crate) fn new(path: &str, sealed: &Sum, opened: &Sum, access: &Access) -> Self {
        Self {
            path: path.to_owned(),
            sha256: sealed.sha256.clone(),
            opened_sha256: opened.sha256.clone(),
            bytes: opened.bytes,
            ticket_height: access.ticket().height.0,
        }
    }
}

/// An access that was refused.
#[derive(Serialize)]
pub(crate) struct Refusal {
    pub(crate) case: &'static str,
    pub(crate) code: &'static str,
}

impl Outcome {
    pub(crate) fn to_json(&self) -> Result<String> {
        let text = serde_json::to_string_pretty(self);
        text.map(|text| text + "\n")
            .context(|| "cannot write the outcome as JSON")
    }
}

/// Prints a line. That nobody reads on (`| head`) is no reason to stop half-way.
pub(crate) fn say(line: impl fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints a line about one thing.
pub(crate) fn note(what: &str, line: impl fmt::Display) {
    say(format_args!("  {what:10} {line}"));
}

/// Prints what took some time.
pub(crate) fn step(what: &str, took: Duration, line: impl fmt::Display) {
    say(format_args!("  {what:10} {:>7}  {line}", text::time(took)));
}

/// Prints where and from what the consortium started.
pub(crate) fn consortium(consortium: &Consortium, kept: bool, took: Duration) -> Result<()> {
    let attempt = || "cannot tell how the consortium started";
    let folder = consortium.folder().context(attempt)?.display();
    let heights = consortium.verified_heights().context(attempt)?;
    let members: Vec<_> = consortium.organisation_names().collect();
    say(format_args!(
        "A consortium of {} in one process",
        members.len()
    ));
    if kept {
        note("folder", folder);
    } else {
        note("folder", format_args!("{folder}, removed at exit"));
    }
    note("members", members.join(", "));
    note(
        "keys",
        format_args!("in key stores under the passphrase \"{PASSPHRASE}\""),
    );
    match heights.iter().map(|height| height.0).max() {
        None | Some(0) => note(
            "ledgers",
            "new; the gate key was made by all members together",
        ),
        Some(_) => {
            let heights: Vec<_> = heights.iter().map(ToString::to_string).collect();
            note(
                "ledgers",
                format_args!("verified from genesis to height {}", heights.join(", ")),
            );
        }
    }
    note("ready", format_args!("after {}", text::time(took)));
    Ok(())
}

/// Prints who takes part.
pub(crate) fn people(cast: &Cast) {
    say("\nThe people");
    for (person, what) in [
        (&cast.patient, "the patient whom the records are about"),
        (&cast.doctor, "role:cardiologist"),
        (&cast.nurse, "role:nurse"),
    ] {
        let pseudonym = text::short(person.id());
        note(
            person.name(),
            format_args!("{what}; on the chain {pseudonym}"),
        );
    }
    note("policy", &cast.policy);
}

/// Prints a receipt that was found to hold.
pub(crate) fn receipt(path: &Path, bytes: usize, ticket: &Ticket, reader: &str) {
    say("\nThe receipt of the last access");
    note(
        "written",
        format_args!("{}, {}", path.display(), text::size(bytes as u64)),
    );
    note("verified", "offline, from the genesis alone");
    let (record, moment) = (text::short(ticket.record), text::moment(ticket.issued_at));
    note(
        "says",
        format_args!(
            "{} ({reader}) was let read record {record} at {moment}, height {}, for {}",
            text::short(ticket.grantee),
            ticket.height,
            ticket.purpose,
        ),
    );
}

/// Prints what it took.
pub(crate) fn closing(outcome: &Outcome, took: Duration) {
    let bytes: u64 = outcome.files.iter().map(|file| file.bytes).sum();
    say(format_args!(
        "\nAll as it must be: {} sealed and opened ({}), {} of earlier runs opened, {} refused.",
        count(outcome.files.len(), "file"),
        text::size(bytes),
        count(outcome.earlier.len(), "record"),
        count(outcome.refusals.len(), "access"),
    ));
    let memory = memory::peak().map(|peak| format!("; peak memory {}", text::size(peak)));
    say(format_args!(
        "Took {}{}",
        text::time(took),
        memory.unwrap_or_default()
    ));
}

fn count(number: usize, what: &str) -> String {
    let plural = match number {
        1 => "",
        _ if what.ends_with('s') => "es",
        _ => "s",
    };
    format!("{number} {what}{plural}")
}
