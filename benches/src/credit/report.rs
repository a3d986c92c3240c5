//! Rows of the experiment, as a table and as JSON.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

use super::attack::Attack;
use super::world::{Outcome, Setting};

/// One epoch of one attack, the mean of all runs.
#[derive(Clone, Serialize)]
pub(crate) struct Row {
    attack: &'static str,
    /// `model`, or `replicas` whose log the model agrees with.
    source: &'static str,
    n: u16,
    pool: u16,
    byzantine: u16,
    /// Counted from 1, the epoch in which all seats are as founded.
    epoch: usize,
    byzantine_seats_share: f64,
    honest_strikes: f64,
    honest_demotions: f64,
    throughput_share: f64,
}

impl Row {
    pub(crate) fn new(attack: Attack, setting: Setting, epoch: usize, runs: &[Outcome]) -> Self {
        let mean =
            |of: &dyn Fn(&Outcome) -> f64| runs.iter().map(of).sum::<f64>() / runs.len() as f64;
        Self {
            attack: attack.name(),
            source: "model",
            n: setting.seats,
            pool: setting.pool,
            byzantine: setting.byzantine,
            epoch,
            byzantine_seats_share: mean(&|run| run.liars),
            honest_strikes: mean(&|run| run.honest_strikes as f64),
            honest_demotions: mean(&|run| run.honest_demotions as f64),
            throughput_share: mean(&|run| run.throughput),
        }
    }

    /// The runs were of full replicas.
    pub(crate) fn on_replicas(self) -> Self {
        Self {
            source: "replicas",
            ..self
        }
    }
}

/// Prints the heading of a table with liars' share of the seats in these epochs.
pub(crate) fn print_heading(epochs: &[usize]) {
    print!("{:>10} {:>5}", "attack", "liars");
    for epoch in epochs {
        print!(" {:>6}", format!("e {epoch}"));
    }
    println!(
        " {:>8} {:>9} {:>9} {:>9}",
        "strikes", "demotions", "least tp", "last tp"
    );
}

/// Prints the rows of one attack in a line: liars' share of the seats in these epochs, strikes and
/// demotions of honest organisations in all, and throughput in the worst and the last epoch.
pub(crate) fn print(rows: &[Row], epochs: &[usize]) {
    let Some((first, last)) = rows.first().zip(rows.last()) else {
        return;
    };
    print!("{:>10} {:>5}", first.attack, first.byzantine);
    for epoch in epochs {
        let share = rows
            .get(epoch - 1)
            .map_or(f64::NAN, |row| row.byzantine_seats_share);
        print!(" {:>5.1}%", share * 100.0);
    }
    let sum = |of: &dyn Fn(&Row) -> f64| rows.iter().map(of).sum::<f64>();
    let least = rows.iter().map(|row| row.throughput_share);
    println!(
        " {:>8.1} {:>9.1} {:>8.1}% {:>8.1}%",
        sum(&|row| row.honest_strikes),
        sum(&|row| row.honest_demotions),
        least.fold(f64::INFINITY, f64::min) * 100.0,
        last.throughput_share * 100.0
    );
}

/// A goal of the design, with what was measured.
pub(crate) fn print_goals(rows: &[Row]) {
    let share = |attack: &str, epoch: usize| {
        let row = rows
            .iter()
            .find(|row| row.attack == attack && row.epoch == epoch);
        row.map_or(f64::NAN, |row| row.byzantine_seats_share * 100.0)
    };
    let met = |is_met: bool| if is_met { "met" } else { "MISSED" };
    for attack in ["crash", "withhold", "equivocate"] {
        let of = share(attack, 10);
        println!(
            "{attack}: {of:.1} % of seats in epoch 10, goal 1 %: {}",
            met(of <= 1.0)
        );
    }
    let of = share("on-off", 50);
    println!(
        "on-off: {of:.1} % of seats in epoch 50, goal 5 %: {}",
        met(of <= 5.0)
    );
    let griefed = rows.iter().filter(|row| row.attack == "grief");
    let strikes: f64 = griefed.map(|row| row.honest_strikes).sum();
    println!(
        "grief: {strikes} honest strikes, goal 0: {}",
        met(strikes == 0.0)
    );
}

/// Writes the rows as an array of objects.
pub(crate) fn write_json(file: &Path, rows: &[Row]) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(rows)? + "\n";
    fs::write(file, text).with_context(|| format!("{} is not written", file.display()))
}
