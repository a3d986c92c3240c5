//! The outcome of a run, as JSON and as text.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// Findings whose texts are kept.
const MOST_TEXTS: usize = 100;

/// Stops of one explanation.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Stops {
    count: u64,
    /// The text of the first.
    example: String,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    pub(super) seed: u64,
    pub(super) seconds: u64,
    /// False where no small file system could be mounted: no disk was filled.
    pub(super) small_disk: bool,
    /// Consortiums founded, one after the other.
    pub(super) generations: u64,
    pub(super) restarts: u64,
    pub(super) longest_recovery_ms: u64,
    pub(super) faults: BTreeMap<String, u64>,
    pub(super) skipped: BTreeMap<String, String>,
    /// Calls that were acknowledged, by kind.
    pub(super) calls: BTreeMap<String, u64>,
    pub(super) verified: BTreeMap<String, u64>,
    pub(super) stops: BTreeMap<String, Stops>,
    pub(super) lost: u64,
    pub(super) unexplained: u64,
    /// The first texts of both.
    pub(super) findings: Vec<String>,
    /// KiB of memory that the child had at most, at the end of a round.
    pub(super) largest_child_kib: u64,
    /// Bytes that a consortium's folder had at most, at the end of a round.
    pub(super) largest_folder: u64,
    /// Folders kept for a look.
    pub(super) kept: Vec<String>,
}

impl Report {
    pub(super) fn new(seed: u64, small_disk: bool) -> Self {
        Self {
            seed,
            seconds: 0,
            small_disk,
            generations: 0,
            restarts: 0,
            longest_recovery_ms: 0,
            faults: BTreeMap::new(),
            skipped: BTreeMap::new(),
            calls: BTreeMap::new(),
            verified: BTreeMap::new(),
            stops: BTreeMap::new(),
            lost: 0,
            unexplained: 0,
            findings: Vec::new(),
            largest_child_kib: 0,
            largest_folder: 0,
            kept: Vec::new(),
        }
    }

    pub(super) const fn is_good(&self) -> bool {
        self.findings() == 0
    }

    pub(super) const fn findings(&self) -> u64 {
        self.lost + self.unexplained
    }

    pub(super) fn lost(&mut self, text: String) {
        self.lost += 1;
        self.keep(format!("LOST OR WRONG: {text}"));
    }

    pub(super) fn unexplained(&mut self, text: String) {
        self.unexplained += 1;
        self.keep(format!("UNEXPLAINED STOP: {text}"));
    }

    fn keep(&mut self, text: String) {
        if self.findings.len() < MOST_TEXTS {
            self.findings.push(text);
        }
    }

    pub(super) fn done(&mut self, kind: &str) {
        *self.calls.entry(kind.to_owned()).or_default() += 1;
    }

    pub(super) fn fault(&mut self, kind: &str) {
        *self.faults.entry(kind.to_owned()).or_default() += 1;
    }

    pub(super) fn verified(&mut self, kind: &str, count: usize) {
        *self.verified.entry(kind.to_owned()).or_default() += count as u64;
    }

    pub(super) fn explained(&mut self, explanation: &str, text: &str) {
        let stops = self.stops.entry(explanation.to_owned());
        let stops = stops.or_insert_with(|| Stops {
            count: 0,
            example: text.to_owned(),
        });
        stops.count += 1;
    }

    pub(super) fn recovered(&mut self, after: Duration) {
        let millis = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        self.longest_recovery_ms = self.longest_recovery_ms.max(millis);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = |f: &mut fmt::Formatter<'_>, title, counts: &BTreeMap<String, u64>| {
            let counts: Vec<_> = counts
                .iter()
                .map(|(name, count)| format!("{name} {count}"))
                .collect();
            writeln!(f, "{title:<12}{}", counts.join(", "))
        };
        writeln!(
            f,
            "seed {}, {} s, {} consortiums",
            self.seed, self.seconds, self.generations
        )?;
        counts(f, "faults", &self.faults)?;
        for (fault, reason) in &self.skipped {
            writeln!(f, "skipped     {fault}: {reason}")?;
        }
        counts(f, "calls", &self.calls)?;
        counts(f, "verified", &self.verified)?;
        let longest = self.longest_recovery_ms;
        writeln!(
            f,
            "restarts    {}, longest recovery {longest} ms",
            self.restarts
        )?;
        let (memory, folder) = (self.largest_child_kib >> 10, self.largest_folder >> 20);
        writeln!(
            f,
            "at most     {memory} MiB of memory, {folder} MiB of files"
        )?;
        for (explanation, stops) in &self.stops {
            writeln!(f, "stops       {explanation}: {}", stops.count)?;
        }
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        for kept in &self.kept {
            writeln!(f, "kept        {kept}")?;
        }
        write!(f, "lost {}, unexplained {}", self.lost, self.unexplained)
    }
}
