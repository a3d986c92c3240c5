//! Rows of the measurement, as a table and as JSON.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

use super::driver::Traffic;

/// CPU time and duration of each round, microseconds.
#[derive(Default)]
pub(crate) struct Measured {
    cpu: Vec<f64>,
    duration: Vec<f64>,
}

impl Measured {
    pub(crate) fn add(&mut self, (cpu, duration): (f64, f64)) {
        self.cpu.push(cpu);
        self.duration.push(duration);
    }
}

/// One mode at one size. Counts are of one commit, over all members.
#[derive(Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) mode: &'static str,
    n: usize,
    cpu_us_per_commit_node: f64,
    pub(crate) messages: f64,
    /// Bytes of prepares and commits.
    pub(crate) vote_bytes: f64,
    /// Bytes of all else: the proposals.
    block_bytes: f64,
    pub(crate) blocks_per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
    syncs_per_block_replica: f64,
}

impl Row {
    /// A row without traffic and syncs.
    pub(crate) fn new(mode: &'static str, n: usize, measured: &mut Measured) -> Self {
        let Measured { cpu, duration } = measured;
        let total: f64 = duration.iter().sum();
        Self {
            mode,
            n,
            cpu_us_per_commit_node: percentile(cpu, 50) / n as f64,
            messages: 0.0,
            vote_bytes: 0.0,
            block_bytes: 0.0,
            blocks_per_s: duration.len() as f64 / total * 1e6,
            p50_ms: percentile(duration, 50) / 1e3,
            p99_ms: percentile(duration, 99) / 1e3,
            syncs_per_block_replica: 0.0,
        }
    }

    /// Blocks in virtual time, which costs no processor.
    pub(crate) fn in_virtual_time(mode: &'static str, n: usize, heights_ms: Vec<f64>) -> Self {
        let mut measured = Measured {
            cpu: Vec::new(),
            duration: heights_ms.into_iter().map(|ms| ms * 1e3).collect(),
        };
        Self {
            cpu_us_per_commit_node: 0.0,
            ..Self::new(mode, n, &mut measured)
        }
    }

    pub(crate) fn with_traffic(mut self, traffic: &Traffic, blocks: usize) -> Self {
        let per_block = |total: u64| total as f64 / blocks as f64;
        self.messages = per_block(traffic.messages);
        self.vote_bytes = per_block(traffic.vote_bytes);
        self.block_bytes = per_block(traffic.block_bytes);
        self
    }

    pub(crate) fn with_syncs(mut self, syncs: u64, blocks: usize) -> Self {
        self.syncs_per_block_replica = syncs as f64 / (blocks * self.n) as f64;
        self
    }
}

fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values
        .get(last * percent / 100)
        .copied()
        .unwrap_or(f64::NAN)
}

/// Prints the rows of one size, of which the first is the floor.
pub(crate) fn print(rows: &[Row]) {
    let Some(floor) = rows.first() else { return };
    println!(
        "{:>3} {:16} {:>9} {:>8} {:>9} {:>11} {:>12} {:>9} {:>8} {:>8} {:>6}",
        "n",
        "mode",
        "us/node",
        "of floor",
        "messages",
        "vote bytes",
        "block bytes",
        "blocks/s",
        "p50 ms",
        "p99 ms",
        "syncs"
    );
    for row in rows {
        println!(
            "{:>3} {:16} {:>9.1} {:>8.2} {:>9.1} {:>11.0} {:>12.0} {:>9.1} {:>8.2} {:>8.2} {:>6.2}",
            row.n,
            row.mode,
            row.cpu_us_per_commit_node,
            row.cpu_us_per_commit_node / floor.cpu_us_per_commit_node,
            row.messages,
            row.vote_bytes,
            row.block_bytes,
            row.blocks_per_s,
            row.p50_ms,
            row.p99_ms,
            row.syncs_per_block_replica
        );
    }
}

/// Writes the rows as an array of objects.
pub(crate) fn write_json(file: &Path, rows: &[Row]) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(rows)? + "\n";
    fs::write(file, text).with_context(|| format!("{} is not written", file.display()))
}
