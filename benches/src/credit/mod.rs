//! The long run: what credit and conversion make of Byzantine organisations in 60 epochs.
//!
//! A model: facts of each height are generated from a seed, without messages, and the production
//! functions for credit, bans, seats and leaders decide on them. One honest member is slow, at no
//! height do more than f liars of the first setting sit, and all of them begin in the committee.
//! Beside it ten liars in the pool, with a first committee that is drawn and honest members that are
//! down for an epoch now and then: where more than f of them sit, no rule over conduct helps.
//!
//! Left out: late and lost messages of honest members, and votes that primaries leave out (others
//! record them in time).
//!
//! Full replicas then run the same attacks, for fewer epochs, with all messages and signatures. The
//! model is fed with the heights that they decided, and must come to the credit, bans and role that the
//! replicas hold of every organisation, at every height.

mod attack;
mod failure;
mod ledger;
mod replicas;
mod report;
mod world;

use std::path::PathBuf;

use self::attack::Attack;
use self::failure::failure_probability;
use self::report::{Row, print, print_goals, print_heading, write_json};
use self::world::{Outcome, Setting, World};

const EPOCHS: usize = 60;
/// Epochs that the tables show.
const SHOWN: [usize; 5] = [1, 5, 10, 50, 60];

/// Runs of each attack, each from its own seed.
const RUNS: u64 = 10;
const BOUNDED: Setting = Setting {
    pool: 40,
    seats: 16,
    byzantine: 5,
    drawn: false,
    outages_per_mille: 0,
};

const DRAWN_RUNS: u64 = 30;
const DRAWN: Setting = Setting {
    byzantine: 10,
    drawn: true,
    outages_per_mille: 5,
    ..BOUNDED
};

/// Runs of full replicas of each attack.
const REPLICA_RUNS: u64 = 3;
const REPLICA_EPOCHS: usize = 12;
const REPLICA_SHOWN: [usize; 4] = [1, 4, 8, 12];
const REPLICAS: Setting = Setting {
    pool: 10,
    seats: 7,
    byzantine: 2,
    drawn: false,
    outages_per_mille: 0,
};

/// Runs all attacks in all settings, prints tables, and writes the rows to `json`.
pub(crate) fn run(json: Option<PathBuf>) -> anyhow::Result<()> {
    let mut rows = experiment(BOUNDED, RUNS);
    print_goals(&rows);
    let failure = failure_probability(
        DRAWN.pool.into(),
        DRAWN.byzantine.into(),
        DRAWN.seats.into(),
    );
    println!(
        "\n{} liars in the pool: {:.1} % of free draws seat more than f of them",
        DRAWN.byzantine,
        failure * 100.0
    );
    rows.extend(experiment(DRAWN, DRAWN_RUNS));
    rows.extend(on_replicas()?);
    match json {
        Some(file) => write_json(&file, &rows),
        None => Ok(()),
    }
}

/// Full replicas, whose credit and roles the model must come to at every height.
fn on_replicas() -> anyhow::Result<Vec<Row>> {
    println!(
        "\nfull replicas, {REPLICA_RUNS} runs of {REPLICA_EPOCHS} epochs an attack, the model beside them"
    );
    let run = |attack, seed| replicas::run(REPLICAS, attack, seed, REPLICA_EPOCHS);
    let fault_free: Vec<_> = (0..REPLICA_RUNS)
        .map(|seed| run(None, seed))
        .collect::<Result<_, _>>()?;
    print_heading(&REPLICA_SHOWN);
    let mut rows = Vec::new();
    for attack in Attack::ALL {
        let mut runs = Vec::new();
        for (seed, reference) in (0..REPLICA_RUNS).zip(&fault_free) {
            let epochs = run(Some(attack), seed)?.into_iter().zip(reference);
            let relative = epochs.map(|(outcome, reference)| Outcome {
                throughput: outcome.throughput / reference.throughput,
                ..outcome
            });
            runs.push(relative.collect::<Vec<_>>());
        }
        let of_epoch = |epoch: usize| runs.iter().filter_map(move |run| run.get(epoch).copied());
        let of_attack: Vec<_> = (0..REPLICA_EPOCHS)
            .map(|epoch| {
                let outcomes: Vec<_> = of_epoch(epoch).collect();
                Row::new(attack, REPLICAS, epoch + 1, &outcomes).on_replicas()
            })
            .collect();
        print(&of_attack, &REPLICA_SHOWN);
        rows.extend(of_attack);
    }
    Ok(rows)
}

fn experiment(setting: Setting, runs: u64) -> Vec<Row> {
    print_heading(&SHOWN);
    let mut rows = Vec::new();
    for attack in Attack::ALL {
        let mut worlds: Vec<_> = (0..runs)
            .map(|seed| World::new(setting, attack, seed))
            .collect();
        let drawn = worlds.iter().filter(|world| world.is_overrun()).count();
        let epoch = |epoch| {
            let outcomes: Vec<Outcome> = worlds.iter_mut().map(World::epoch).collect();
            Row::new(attack, setting, epoch, &outcomes)
        };
        let of_attack: Vec<_> = (1..=EPOCHS).map(epoch).collect();
        print(&of_attack, &SHOWN);
        let overrun = worlds.iter().filter(|world| world.is_overrun()).count();
        if overrun > 0 {
            println!(
                "           more than f liars sit: at first in {drawn} of {runs} runs, at last in {overrun}"
            );
        }
        rows.extend(of_attack);
    }
    rows
}
