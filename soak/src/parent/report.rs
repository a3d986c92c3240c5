//! The outcome of a run, as JSON and as text.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

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
    /// Acknowledged calls.
    pub(super) calls: BTreeMap<String, u64>,
    pub(super) verified: BTreeMap<String, u64>,
    pub(super) stops: BTreeMap<String, Stops>,
    pub(super) lost: Vec<String>,
    pub(super) unexplained: Vec<String>,
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
            lost: Vec::new(),
            unexplained: Vec::new(),
            kept: Vec::new(),
        }
    }

    pub(super) fn is_good(&self) -> bool {
        self.findings() == 0
    }

    pub(super) fn findings(&self) -> usize {
        self.lost.len() + self.unexplained.len()
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
        for (explanation, stops) in &self.stops {
            writeln!(f, "stops       {explanation}: {}", stops.count)?;
        }
        for lost in &self.lost {
            writeln!(f, "LOST        {lost}")?;
        }
        for stop in &self.unexplained {
            writeln!(f, "UNEXPLAINED {stop}")?;
        }
        for kept in &self.kept {
            writeln!(f, "kept        {kept}")?;
        }
        write!(
            f,
            "lost {}, unexplained {}",
            self.lost.len(),
            self.unexplained.len()
        )
    }
}
